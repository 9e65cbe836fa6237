"""A proxy between s3fs and moto's S3 server that drops, cuts, stalls or refuses the requests that a test names."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.network.fronts import Served, join, serving

#: What may happen to a request that is met.
FAULTS = ("drop", "silent", "cut", "stall", "slow_down", "bad_gateway", "forbidden")

_ANSWERS = {
    "slow_down": ("503 Slow Down", "SlowDown", "Please reduce your request rate."),
    "bad_gateway": ("502 Bad Gateway", "", "<html>"),
    "forbidden": ("403 Forbidden", "AccessDenied", "Access Denied"),
}


@dataclass
class Front:
    """A proxy between a client and the server.

    :param upstream: host and port of the server
    """

    upstream: tuple[str, int]
    port: int = 0
    fault: str | None = None
    method: str = "GET"
    part: str = ""
    skip: int = 0
    met: list[str] = field(default_factory=list)

    def plan(self, fault: str | None, *, method: str = "GET", part: str = "", skip: int = 0) -> None:
        """Let something happen to every request from now on.

        :param fault: one of :data:`FAULTS`; ``None`` lets everything through
        :param method: of the request
        :param part: what stands in its target
        :param skip: requests that are let through first
        """
        self.fault, self.method, self.part, self.skip, self.met = fault, method, part, skip, []

    def of(self, head: bytes) -> str | None:
        method, target, _ = head.decode("latin-1").split(" ", 2)
        if self.fault is None or method != self.method or self.part not in target:
            return None
        self.met.append(target)
        return self.fault if len(self.met) > self.skip else None


@contextlib.contextmanager
def fronting(upstream: tuple[str, int]) -> Iterator[Front]:
    """Serve a front; each connection carries one request."""
    front = Front(upstream)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fault = front.of(head)
        first = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        if fault is None:
            await join(reader, writer, upstream, first)
        elif fault == "silent":
            await asyncio.Event().wait()
        elif fault in _ANSWERS:
            status, code, message = _ANSWERS[fault]
            body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )
            await writer.drain()
        elif fault in ("cut", "stall"):
            there, sink = await asyncio.open_connection(*upstream)
            sink.write(first)
            answer = await there.read()
            sink.close()
            begin = answer.index(b"\r\n\r\n") + 4
            writer.write(answer[: (begin + len(answer)) // 2])
            await writer.drain()
            if fault == "stall":
                await asyncio.Event().wait()

    with serving(handle) as served:
        front.port = served.port
        yield front
