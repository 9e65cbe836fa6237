"""A service for clients that cannot sign: after 20 ms it output 404 for a waiting message and 200 after its end.

It never throttles, but counts the requests that the quota of QueryMessage would have throttled. loads.py starts it as a
process. JSON lines on standard input set the ends of the messages or ask for the counts. It ends with its standard
input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from airflow_provider_dysms.emulator.quotas import Quotas

LATENCY_SECONDS = 0.02
ACTION = "QueryMessage"


class Service:
    """The state that all connections share."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.connections = 0
        self._quotas = Quotas()

    def respond(self, path: str) -> bytes:
        """Return the response to a request for ``/wait/<position>``."""
        counts = self._quotas.record_request(ACTION)
        if not self._quotas.try_acquire("main", ACTION):
            counts.throttled += 1
        is_over = time.time() >= self.ends[int(path.rpartition("/")[2])]
        return b"HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n" % (b"200 OK" if is_over else b"404 Not Found")

    def counts(self) -> dict[str, int]:
        """Return the counts under the names that the emulator uses."""
        counts = self._quotas.counts.get(ACTION)
        return {"connections": self.connections} | (counts.as_dict() if counts else {})


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests have no body."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._service.connections += 1
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            response = self._service.respond(head.split(b" ", 2)[1].decode("ascii"))
            asyncio.get_running_loop().call_later(LATENCY_SECONDS, self._transport.write, response)


async def main(descriptor: str) -> None:
    output = os.fdopen(int(descriptor), "w", buffering=1)
    service = Service()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=4096)
    orders = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps(server.sockets[0].getsockname()[1]), file=output)
    async for line in orders:
        order = json.loads(line)
        if isinstance(order, list):
            service.ends = order
        print(json.dumps(service.counts()), file=output)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
