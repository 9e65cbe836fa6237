"""An alarm ends what an event loop runs, wherever in the loop it comes."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dysms.hooks import event_loop


class OutOfTime(BaseException):
    """As Airflow's own, no Exception."""


def end(*_: object) -> None:
    raise OutOfTime


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    previous = signal.signal(signal.SIGALRM, end)
    yield
    assert signal.getsignal(signal.SIGALRM) is end
    signal.signal(signal.SIGALRM, previous)


async def work(cleaned: list[str]) -> str:
    try:
        await asyncio.sleep(10)
    finally:
        cleaned.append("cleaned")
    return "done"


async def with_alarm_in_a_callback(cleaned: list[str]) -> Any:
    asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGALRM)
    return await work(cleaned)


async def with_alarm_in_a_task(cleaned: list[str]) -> Any:
    async def ring() -> None:
        signal.raise_signal(signal.SIGALRM)

    async with asyncio.TaskGroup() as group:
        group.create_task(ring())
        return await work(cleaned)


async def with_alarm_while_it_waits(cleaned: list[str]) -> Any:
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    return await work(cleaned)


@pytest.mark.parametrize("session", [with_alarm_in_a_callback, with_alarm_in_a_task, with_alarm_while_it_waits])
def test_an_alarm_ends_it_and_is_handled_as_it_would_be(session: Any) -> None:
    cleaned: list[str] = []
    with pytest.raises(OutOfTime) as caught:
        event_loop.run(session(cleaned))
    assert cleaned == ["cleaned"]
    assert caught.value.__context__ is None


def test_null_control_asyncio_alone_loses_an_alarm_in_a_callback() -> None:
    async def session() -> str:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGALRM)
        await asyncio.sleep(0.05)
        return "it went on"

    assert asyncio.run(session()) == "it went on"


def test_an_alarm_in_the_last_moment_is_not_lost() -> None:
    async def session() -> str:
        signal.raise_signal(signal.SIGALRM)
        return "done"

    with pytest.raises(OutOfTime):
        event_loop.run(session())


def test_results_and_errors_are_those_of_the_coroutine() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    async def give_up() -> None:
        raise asyncio.CancelledError

    assert event_loop.run(asyncio.sleep(0, "result")) == "result"
    with pytest.raises(LookupError, match="gone"):
        event_loop.run(fail())
    with pytest.raises(asyncio.CancelledError):
        event_loop.run(give_up())


def test_in_a_thread_it_leaves_signals_alone() -> None:
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(event_loop.run(asyncio.sleep(0, "result"))))
    thread.start()
    thread.join()
    assert results == ["result"]
