"""Sends a response, whole or damaged by planned faults, and adapts uvicorn so that a connection can be reset."""

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

#: Key in the ASGI scope under which the protocol leaves the connection's transport.
_TRANSPORT = "emulator.transport"
_HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
#: A socket with this SO_LINGER value sends a reset when it is closed.
_LINGER_ZERO = struct.pack("ii", 1, 0)
#: The fault ``slow`` sends the body in this many pieces.
_SLOW_PIECES = 10

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Response:
    """A response that has not been sent yet."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def send_response(
    response: Response, faults: list[Fault], scope: MutableMapping[str, Any], receive: Receive, send: Send
) -> None:
    """Send a response, changed or damaged by the faults that were planned for its request."""
    fault_of_kind = {fault.kind: fault for fault in faults}
    if "stall" in fault_of_kind:
        await asyncio.sleep(fault_of_kind["stall"].seconds or 0)
    if "reset" in fault_of_kind:
        reset_connection(scope[_TRANSPORT])
        await _wait_until_closed(receive)
        return
    for kind, content_type, body in (("html", b"text/html", _HTML), ("empty_body", b"", b""), ("redirect", b"", b"")):
        if kind in fault_of_kind:
            fault = fault_of_kind[kind]
            response = Response(fault.status or 200, [(b"content-type", content_type)] if content_type else [], body)
            if kind == "redirect":
                response.headers.append((b"location", (fault.location or "").encode()))
    response.headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    if "truncated" in fault_of_kind:
        half = response.body[: len(response.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope[_TRANSPORT].close()
        await _wait_until_closed(receive)
        return
    if "slow" in fault_of_kind:
        await _send_slowly(response.body, fault_of_kind["slow"].seconds or 0, send)
        return
    await send({"type": "http.response.body", "body": response.body})


async def _wait_until_closed(receive: Receive) -> None:
    """Wait for the end of a connection: uvicorn logs an error if a response is left unfinished before it knows."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_slowly(body: bytes, seconds: float, send: Send) -> None:
    size = max(1, -(-len(body) // _SLOW_PIECES))
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _SLOW_PIECES)
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def reset_connection(transport: asyncio.Transport) -> None:
    """Close a connection with a TCP reset."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()


def http_protocol(service: Service) -> type[HttpToolsProtocol]:
    """Return a subclass of uvicorn's protocol that counts connections and passes its transport to the application."""

    class Protocol(HttpToolsProtocol):
        counted = False

        def on_headers_complete(self) -> None:
            cast("MutableMapping[str, Any]", self.scope)[_TRANSPORT] = self.transport
            if not self.counted and not self.url.startswith(ADMIN_PATH.encode()):
                service.connections += 1
                self.counted = True
            super().on_headers_complete()

        def shutdown(self) -> None:
            is_idle = self.cycle is None or self.cycle.response_complete
            super().shutdown()
            if is_idle and self.scheme == "https":  # a client that keeps the connection never answers the end of TLS
                self.transport.abort()

    return Protocol
