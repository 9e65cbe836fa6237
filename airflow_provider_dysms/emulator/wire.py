"""How an answer leaves: whole, or damaged as planned; and uvicorn set up so that a connection can be reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from airflow_provider_dysms.emulator.service import ADMIN_PATH

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.faults import Fault
    from airflow_provider_dysms.emulator.service import Service

_TRANSPORT = "emulator.transport"
_HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
#: Closing with this option sends a reset instead of an orderly end.
_LINGER_NOT = struct.pack("ii", 1, 0)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Reply:
    """An answer on its way out."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def send_reply(reply: Reply, faults: list[Fault], scope: MutableMapping[str, Any], send: Send) -> None:
    """Send an answer as the faults want it."""
    kinds = {fault.kind: fault for fault in faults}
    if "stall" in kinds:
        await asyncio.sleep(kinds["stall"].seconds or 0)
    if "reset" in kinds:
        reset(scope[_TRANSPORT])
        return
    for kind, content_type, body in (("html", b"text/html", _HTML), ("empty_body", b"", b""), ("redirect", b"", b"")):
        if kind in kinds:
            fault = kinds[kind]
            reply = Reply(fault.status or 200, [(b"content-type", content_type)] if content_type else [], body)
            if kind == "redirect":
                reply.headers.append((b"location", (fault.location or "").encode()))
    reply.headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    if "truncated" in kinds:
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        scope[_TRANSPORT].close()
        return
    if "slow" in kinds:
        pieces = 10
        size = max(1, -(-len(reply.body) // pieces))
        for start in range(0, len(reply.body), size):
            await asyncio.sleep((kinds["slow"].seconds or 0) / pieces)
            await send({"type": "http.response.body", "body": reply.body[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.body", "body": reply.body})


def reset(transport: asyncio.Transport) -> None:
    """End a connection with a TCP reset."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def protocol(service: Service) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol, telling the service of connections and the application of its transport."""

    class Protocol(HttpToolsProtocol):
        counted = False

        def on_headers_complete(self) -> None:
            cast("MutableMapping[str, Any]", self.scope)[_TRANSPORT] = self.transport
            if not self.counted and not self.url.startswith(ADMIN_PATH.encode()):
                service.connections += 1
                self.counted = True
            super().on_headers_complete()

    return Protocol
