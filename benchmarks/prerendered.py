"""A service that answers from memory: QuerySendDetails of one row or of a page, as fast as this machine can.

It checks nothing, so that what is measured is the client. Started as a process, by engine.py and pipeline.py; its
arguments are the descriptor to answer to, a folder, a latency (ms), the core that it has for itself and, for HTTPS, a
certificate with its key. It answers a request with the folder's ``page.json``, in which the number is replaced by the
one that was asked for; or, where the folder has a ``day.json``, with what that day's log says of the number. JSON lines
on its standard input ask for the counts, ``{"quota": n}`` has it count by the quota of QuerySendDetails from there on,
and refuse what is beyond; it ends with its standard input.
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

_ASKED = re.compile(rb"PhoneNumber=(\d+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


#: Seconds of the day in which messages are sent.
SECONDS = 20 * 3600


def messages(number: int) -> int:
    """Return how many messages a number was sent: two to every fifth, else one."""
    return 1 + (number % 5 == 0)


def times(number: int) -> dict[str, str]:
    """Return when a number's first and second message were sent and received."""
    second = number % SECONDS
    seconds = {"sent1": second, "received1": second + 4, "sent2": second + 3600, "received2": second + 3607}
    return {name: f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}" for name, at in seconds.items()}


_REFUSAL = b'{"Code":"Throttling.User","Message":"Request was denied due to user flow control."}'
_REFUSED = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(_REFUSAL),
    _REFUSAL,
)


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
        self._quotas: Quotas | None = None
        self._head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=utf-8\r\ncontent-length: "

    def answer(self, request: bytes) -> bytes:
        """Answer one request, whose head is whole."""
        self.requests += 1
        if self._quotas is not None:
            count = self._quotas.count(ACTION)
            if not self._quotas.try_acquire("main", ACTION):
                count.throttled += 1
                return _REFUSED
        asked = _ASKED.search(request)
        body = self._body(asked[1] if asked else self._number)
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)

    def limit(self, quota: int) -> None:
        """Refuse what is beyond a quota, requests a second."""
        self._quotas = Quotas()
        self._quotas.configure({ACTION: quota})

    def counts(self) -> dict[str, int]:
        """Return the figures; those of the quota in the emulator's words."""
        count = self._quotas.count(ACTION).as_dict() if self._quotas else {}
        return {"requests": self.requests, "connections": self.connections} | count

    def _body(self, number: bytes) -> bytes:
        return number.join(self._parts)


class Day(Service):
    """Knows of each number what the log of pipeline.py says: when it was sent how many messages.

    :param records: the answers with one record, with two, and so on; they have ``%(number)s``, and times by their names
    """

    def __init__(self, records: list[str], latency: float) -> None:
        super().__init__(b"", b"0", latency)
        self._records = [body.encode() for body in records]
        self._times = [
            {name.encode(): time.encode() for name, time in times(second).items()} for second in range(SECONDS)
        ]

    def _body(self, number: bytes) -> bytes:
        which = int(number[3:])
        return self._records[messages(which) - 1] % {b"number": number, **self._times[which % SECONDS]}


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
    service = _service(Path(folder), float(latency_ms) / 1000)
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=4096, ssl=tls)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps(listening.sockets[0].getsockname()[1]), file=answers)
    async for line in orders:
        if isinstance(order := json.loads(line), dict):
            service.limit(order["quota"])
        print(json.dumps(service.counts()), file=answers)


def _service(folder: Path, latency: float) -> Service:
    if (day := folder / "day.json").exists():
        return Day(json.loads(day.read_text()), latency)
    page = json.loads((folder / "page.json").read_text())
    return Service(page["body"].encode(), page["number"].encode(), latency)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
