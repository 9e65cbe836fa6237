"""A QuerySendDetails service that answers from memory as fast as this machine can, so that only the client is measured.

It checks nothing. engine.py, pipeline.py and limit.py start it as a process. Its arguments are the file descriptor for
its output, a folder, a latency (ms), a CPU core that is reserved for it, and for HTTPS a certificate and its key. If
the folder has a ``page.json``, every response is that page with the requested phone number in it. If it has a
``day.json``, the response follows the send log of pipeline.py. JSON lines on standard input ask for the counts;
``{"quota": n}`` also makes it throttle above that quota from then on, ``{"waiting_every": n}`` makes the messages to
every n-th number wait (0: none of them). It ends with its standard input.
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

from airflow_provider_dysms.emulator.quotas import Quotas

ACTION = "QuerySendDetails"

_NUMBER = re.compile(rb"PhoneNumber=(\d+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

#: Length of the part of the day in which messages are sent (s).
SENDING_SECONDS = 20 * 3600


def messages(number: int) -> int:
    """Return the number of messages to a phone number: two for every fifth number, otherwise one."""
    return 1 + (number % 5 == 0)


def times(number: int) -> dict[str, str]:
    """Return when the first and the second message to a number were sent and received."""
    second = number % SENDING_SECONDS
    seconds = {"sent1": second, "received1": second + 4, "sent2": second + 3600, "received2": second + 3607}
    return {name: f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}" for name, at in seconds.items()}


_THROTTLED_BODY = b'{"Code":"Throttling.User","Message":"Request was denied due to user flow control."}'
_THROTTLED = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(_THROTTLED_BODY),
    _THROTTLED_BODY,
)


class Service:
    """The state that all connections share.

    :param page: the body of every response, for one phone number
    :param number: that number, which is replaced by the requested one
    :param latency: seconds by which a response is delayed
    """

    def __init__(self, page: bytes, number: bytes, latency: float) -> None:
        self.requests = 0
        self.connections = 0
        self.latency = latency
        self._number = number
        self._parts = page.split(number)
        self._quotas: Quotas | None = None
        self._head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=utf-8\r\ncontent-length: "

    def respond(self, request: bytes) -> bytes:
        """Return the response to a complete request."""
        self.requests += 1
        if self._quotas is not None:
            counts = self._quotas.record_request(ACTION)
            if not self._quotas.try_acquire("main", ACTION):
                counts.throttled += 1
                return _THROTTLED
        match = _NUMBER.search(request)
        body = self._body(match[1] if match else self._number)
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)

    def limit(self, quota: int) -> None:
        """Throttle from now on.

        :param quota: requests per second
        """
        self._quotas = Quotas()
        self._quotas.configure({ACTION: quota})

    def keep_waiting(self, every: int) -> None:
        """Leave the messages to every n-th number without a receipt from now on.

        :param every: n; 0 gives each message its receipt
        """
        raise NotImplementedError("one page for all numbers has one state")

    def counts(self) -> dict[str, int]:
        """Return the counts under the names that the emulator uses."""
        counts = self._quotas.counts.get(ACTION) if self._quotas else None
        total = {"requests": self.requests, "connections": self.connections}
        return total | (counts.as_dict() if counts else {})

    def _body(self, number: bytes) -> bytes:
        return number.join(self._parts)


class DayService(Service):
    """A service that knows the messages of the send log of pipeline.py.

    :param records: templates of the response with one record, with two, and so on; ``%(number)s`` and the names of
        :func:`times` are replaced
    """

    def __init__(self, records: list[str], latency: float) -> None:
        super().__init__(b"", b"0", latency)
        self._records = [body.encode() for body in records]
        self._waiting_records = [body.replace(b'"SendStatus": 3', b'"SendStatus": 1') for body in self._records]
        self._waiting_every = 0
        self._times = [
            {name.encode(): time.encode() for name, time in times(second).items()} for second in range(SENDING_SECONDS)
        ]

    def keep_waiting(self, every: int) -> None:
        self._waiting_every = every

    def _body(self, number: bytes) -> bytes:
        index = int(number[3:])
        is_waiting = self._waiting_every and index % self._waiting_every == 0
        records = self._waiting_records if is_waiting else self._records
        return records[messages(index) - 1] % {b"number": number, **self._times[index % SENDING_SECONDS]}


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
            response = self._service.respond(request)
            if self._service.latency:
                asyncio.get_running_loop().call_later(self._service.latency, self._transport.write, response)
            else:
                self._transport.write(response)


async def main(descriptor: str, folder: str, latency_ms: str, core: str, certificate: str = "", key: str = "") -> None:
    if core:
        os.sched_setaffinity(0, {int(core)})
    output = os.fdopen(int(descriptor), "w", buffering=1)
    service = _service(Path(folder), float(latency_ms) / 1000)
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=4096, ssl=tls)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps(server.sockets[0].getsockname()[1]), file=output)
    async for line in orders:
        order = json.loads(line)
        if isinstance(order, dict) and "quota" in order:
            service.limit(order["quota"])
        if isinstance(order, dict) and "waiting_every" in order:
            service.keep_waiting(order["waiting_every"])
        print(json.dumps(service.counts()), file=output)


def _service(folder: Path, latency: float) -> Service:
    if (day := folder / "day.json").exists():
        return DayService(json.loads(day.read_text()), latency)
    page = json.loads((folder / "page.json").read_text())
    return Service(page["body"].encode(), page["number"].encode(), latency)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
