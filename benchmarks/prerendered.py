"""A service that answers from memory: QuerySendDetails of one row or of a page, as fast as this machine can.

It checks nothing, so that what is measured is the client. Started as a process, by engine.py and pipeline.py; its
arguments are the descriptor to answer to, a folder, a latency (ms), the core that it has for itself and, for HTTPS, a
certificate with its key. It answers a request with the folder's ``page.json``, in which the first number and the first
day are replaced by those that were asked for. JSON lines on its standard input ask for the counts; it ends with its
standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import sys
from pathlib import Path
from typing import Any

_ASKED = re.compile(rb"PhoneNumber=(\d+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Service:
    """What the connections share.

    :param page: the answer; it is about a number
    :param number: that number
    :param latency: seconds until an answer leaves
    """

    def __init__(self, page: bytes, number: bytes, latency: float) -> None:
        self.requests = 0
        self.connections = 0
        self.latency = latency
        self._number = number
        self._parts = page.split(number)
        self._head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=utf-8\r\ncontent-length: "

    def answer(self, request: bytes) -> bytes:
        """Answer one request, whose head is whole."""
        self.requests += 1
        asked = _ASKED.search(request)
        body = (asked[1] if asked else self._number).join(self._parts)
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._service.connections += 1
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(self._received, 0, end)
            end += int(length[1]) if length else 0
            if len(self._received) < end:
                return
            request, self._received = self._received[:end], self._received[end:]
            answer = self._service.answer(request)
            if self._service.latency:
                asyncio.get_running_loop().call_later(self._service.latency, self._transport.write, answer)
            else:
                self._transport.write(answer)


async def main(descriptor: str, folder: str, latency_ms: str, core: str, certificate: str = "", key: str = "") -> None:
    if core:
        os.sched_setaffinity(0, {int(core)})
    answers = os.fdopen(int(descriptor), "w", buffering=1)
    page = json.loads(Path(folder, "page.json").read_text())  # noqa: ASYNC240 - before anything is served
    service = Service(page["body"].encode(), page["number"].encode(), float(latency_ms) / 1000)
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=4096, ssl=tls)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps(listening.sockets[0].getsockname()[1]), file=answers)
    async for _ in orders:
        print(json.dumps({"requests": service.requests, "connections": service.connections}), file=answers)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
