"""A server that does to the wire whatever it is told: raw bytes, pauses, resets; one thread for hundreds of cases.

Each case has a login of its own, and the login finds its script. Nothing is checked here, signatures neither: the
emulator does that.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, urlsplit


class Act(Enum):
    """Other things that may be done to a connection."""

    RESET = "reset"
    CLOSE = "close"
    STALL = "stall"  # until the client hangs up


#: Bytes are written, numbers are seconds to wait, acts are done.
Step = bytes | float | Act
Steps = Iterable[Step]


@dataclass(frozen=True)
class Ask:
    """One request as it came.

    :param action: of the API; empty without one
    :param number: how many requests of this action the login has sent, from 1
    :param at: seconds of a clock that never goes back
    :param connection: that it came over, another number for each
    """

    action: str
    parameters: dict[str, str]
    number: int
    path: str
    at: float
    connection: int = 0

    @property
    def page(self) -> int:
        return int(self.parameters.get("CurrentPage") or self.parameters.get("PageIndex") or 1)

    @property
    def size(self) -> int:
        return int(self.parameters.get("PageSize") or 1)


@dataclass
class Script:
    """The responses that one login gets, and its requests.

    :param answer: returns what goes over the wire
    """

    answer: Callable[[Ask], Steps]
    asked: list[Ask] = field(default_factory=list)

    @property
    def most_in_a_second(self) -> int:
        """The most requests that came in any one second."""
        times = [ask.at for ask in self.asked]
        first = most = 0
        for last, at in enumerate(times):
            while times[first] <= at - 1:
                first += 1
            most = max(most, last - first + 1)
        return most


class Hostile:
    """The server, on a free port of this machine. Use it as a context manager.

    :param scripts: by login
    """

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.port = 0
        self._connections = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hostile", daemon=True)

    def __enter__(self) -> Hostile:
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        self._carrying: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await self._end.wait()
        server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None
        self._carrying.add(me)
        connection = next(self._connections)
        try:
            while await self._answer(connection, reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._carrying.discard(me)

    async def _answer(self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection is to be kept."""
        request = await _read(reader)
        script = self.scripts[request.login]
        number = 1 + sum(ask.action == request.action for ask in script.asked)
        ask = Ask(request.action, request.parameters, number, request.path, time.monotonic(), connection)
        script.asked.append(ask)
        for step in script.answer(ask):
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
                await asyncio.sleep(0)  # draining need not wait, and nobody else would have a turn in a flood
            elif isinstance(step, float):
                await asyncio.sleep(step)
            elif step is Act.RESET:
                writer.transport.abort()
                return False
            elif step is Act.CLOSE:
                writer.close()
                return False
            else:
                await reader.read()  # it has asked; the next that comes is its end
                return False
        return True


@dataclass(frozen=True)
class _Request:
    login: str
    action: str
    path: str
    parameters: dict[str, str]


_LOGIN = re.compile(rb"(?:Credential=|x-login: *)([\w.-]+)", re.IGNORECASE)
_ACTION = re.compile(rb"\r\nx-acs-action: *(\w+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


async def _read(reader: asyncio.StreamReader) -> _Request:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    target = urlsplit(head.split(b" ", 2)[1].decode())
    parameters = dict(parse_qsl(target.query)) | dict(parse_qsl(body.decode()))
    login, action = _LOGIN.search(head), _ACTION.search(head)
    assert login is not None
    return _Request(
        login[1].decode(),
        action[1].decode() if action else parameters.get("Action", ""),
        target.path,
        parameters,
    )
