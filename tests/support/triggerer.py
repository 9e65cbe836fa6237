"""Fixtures that run triggers as Airflow's triggerer does: async generators on one event loop."""

from __future__ import annotations

import asyncio
import json
import logging
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec

__all__ = ["another_login", "connect", "international", "logged", "run", "spec", "still_open", "virtual", "wire"]

CONN_ID = "dysms_default"


class Wire:
    """A proxy to the emulator that can be cut and that counts connections; it lives in the event loop under test."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0
        self.connects = 0

    @property
    def open_now(self) -> int:
        return len(self._connections)

    async def restore(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._connections.values():
            writer.transport.abort()
        await self._server.wait_closed()
        await self.all_closed()

    async def all_closed(self) -> None:
        while self._connections:
            await asyncio.wait(self._connections)

    async def __aenter__(self) -> Wire:
        await self.restore()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        me = asyncio.current_task()
        assert me is not None
        self._connections[me] = writer
        try:
            there = await asyncio.open_connection(self._emulator.host, self._emulator.port)
            try:
                await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
            finally:
                there[1].transport.abort()
        except OSError:
            pass
        finally:
            writer.transport.abort()
            del self._connections[me]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()


@pytest.fixture
def wire(emulator: Emulator) -> Wire:
    """A proxy to the emulator, to be entered inside the event loop."""
    return Wire(emulator)


@pytest.fixture
def connect(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the connection as the emulator's, with other fields and extras."""

    def define(conn_id: str = CONN_ID, *, extra: dict[str, Any] | None = None, **fields: Any) -> None:
        connection = emulator.connection(**{"quota_share": 1, "timeout": 2, **(extra or {})})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({**connection, **fields}))

    define()
    return define


@pytest.fixture
def spec() -> Callable[..., dict[str, Any]]:
    """Make the arguments of a trigger: a short wait for a number of messages that were polled a moment ago."""

    def make(count: int = 1, *, lasts: float = 20.0, **changes: Any) -> dict[str, Any]:
        now = time.time()
        arguments: dict[str, Any] = {
            "digest": "0123456789abcdef",
            "count": count,
            "needed": count,
            "started_at": now,
            "asked_at": now,
            "deadline": now + lasts,
            "poke_interval": 0.1,
            "max_poke_interval": 0.3,
            "grace_period": 5.0,
        }
        return WaitSpec(**{**arguments, **changes}).stored()

    return make


async def ended(trigger: Any) -> WaitResult:
    """Run a trigger to its end as Airflow does; return the result in its one event, after a trip through JSON."""
    try:
        events = [event async for event in trigger.run()]
    finally:
        await trigger.cleanup()
    assert len(events) == 1
    return WaitResult.restore(json.loads(json.dumps(events[0].payload)))


@pytest.fixture
def still_open() -> Callable[[], list[Any]]:
    """Return the pollers that have users or a client."""
    from airflow_provider_dysms.waits.polling import poller

    def find() -> list[Any]:
        everything = [each for of_loop in poller._pollers.values() for each in of_loop.values()]
        return [each for each in everything if each.users or each.client_source.is_open]

    return find


@pytest.fixture
def run(still_open: Callable[[], list[Any]]) -> Callable[..., list[WaitResult]]:
    """Run triggers side by side in an event loop of their own; return their results."""

    def all_of(*triggers: Any) -> list[WaitResult]:
        async def together() -> list[WaitResult]:
            async with asyncio.timeout(120):
                results = await asyncio.gather(*map(ended, triggers))
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert not still_open()
            return results

        return asyncio.run(together())

    return all_of


@pytest.fixture
def international(emulator: Emulator) -> Callable[..., list[str]]:
    """Add international messages; return their ids."""

    def add(count: int = 1, **fields: Any) -> list[str]:
        added = emulator.add_messages([{"phone_number": "+85251234567", **fields}] * count)
        return [message["message_id"] for message in added]

    return add


@pytest.fixture
def another_login(emulator: Emulator, connect: Callable[..., None]) -> Callable[..., None]:
    """Log in with an access key that no other test uses: rate limiters outlive an event loop."""
    serial = str(time.monotonic_ns())
    emulator.add_account(access_key_id=f"LTAI{serial}", access_key_secret="secret")

    def define(**extra: Any) -> None:
        connect(login=f"LTAI{serial}", password="secret", extra=extra)

    define()
    return define


class _VirtualSelector(selectors.SelectSelector):
    """Moves the clock instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


@pytest.fixture(scope="session")
def virtual() -> Callable[[Coroutine[Any, Any, None]], float]:
    """Run a coroutine on an event loop that does not wait; return how many seconds it would have taken."""

    def run(story: Coroutine[Any, Any, None]) -> float:
        selector = _VirtualSelector()
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.now  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(story)
        return selector.now

    return run


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The lines that the package logs, however logging is configured."""
    lines: list[str] = []

    class Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, note = logging.getLogger("airflow_provider_dysms"), Note()
    before = logger.level
    logger.addHandler(note)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(note)
    logger.setLevel(before)
