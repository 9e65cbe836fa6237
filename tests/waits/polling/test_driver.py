"""A driver polls the messages that are due and no others, whatever the service responds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.api.counters import Counters
from airflow_provider_dysms.model import errors
from airflow_provider_dysms.model.delivery import State, describe
from airflow_provider_dysms.model.reports import Report
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.polling.activity import Activity, ActivityMeter
from airflow_provider_dysms.waits.polling.driver import WaitDriver
from airflow_provider_dysms.waits.polling.queue import MAX_CONCURRENT, DispatchQueue, Permit
from airflow_provider_dysms.waits.targets import WatchedMessage
from airflow_provider_dysms.waits.wait import Certainty, Pace, Wait, WaitAborted

WAITING = Report(describe(State.WAITING, None))
DELIVERED = Report(describe(State.DELIVERED, "DELIVERED"))
LASTS = 600.0

THROTTLED = errors.DysmsThrottled("x")
PASSES = [
    THROTTLED,
    errors.DysmsServerError("x"),
    errors.DysmsTransportError("x"),
    errors.DysmsUnreadable("x"),
    errors.DysmsBusinessLimit("x"),
    errors.DysmsNonceUsed("x"),
    errors.DysmsIncomplete("x"),
]


class Numbered:
    """Messages that have their positions as ids."""

    def message(self, position: int) -> WatchedMessage:
        return WatchedMessage(str(position))


class Service:
    """Responds by a script, over and over; a throttled response takes as long as the rate limiter pauses.

    It stands in for the poller, its queue and its client source.
    """

    def __init__(self, script: list[Any], takes: float = 0.02) -> None:
        self.client_source = self
        self.reports: list[Activity] = []
        self.activity = ActivityMeter(Counters(), lambda: 1, self.reports.append)
        self._queue = DispatchQueue()
        self.script = script
        self.takes = takes
        self.asked: list[tuple[float, str]] = []
        self.at_a_time = 0
        self.most_at_a_time = 0

    is_open = True

    def queue(self, kind: type[WatchedMessage]) -> DispatchQueue:
        return self._queue

    async def poll(self, watched: WatchedMessage, permit: Permit) -> Report | None:
        loop = asyncio.get_running_loop()
        answer = self.script[len(self.asked) % len(self.script)]
        self.asked.append((loop.time(), watched.message_id))
        self.at_a_time += 1
        self.most_at_a_time = max(self.most_at_a_time, self.at_a_time)
        try:
            await asyncio.sleep(1.0 if answer is THROTTLED else self.takes)
        finally:
            self.at_a_time -= 1
        if isinstance(answer, BaseException):
            raise answer
        return answer


def drive(service: Service, count: int = 1, *, pace: Pace | None = None, **how: Any) -> tuple[Wait, Callable[[], Any]]:
    arguments: dict[str, Any] = {"started_at": 0.0, "asked_at": 0.0, "deadline": LASTS, **how}
    wait = Wait(Goal(count, count), pace or Pace(), **arguments)
    ends_at = max(wait.deadline, 0.0) + 60

    async def run() -> None:  # as a trigger does
        driver = WaitDriver(service, wait, WatchedMessage, Numbered(), ends_at=ends_at, epoch=0)  # type: ignore[arg-type]
        try:
            driver.start()
            await driver
        finally:
            await driver.stop()

    return wait, run


@settings(max_examples=40)
@given(st.lists(st.sampled_from([*PASSES, None, WAITING]), min_size=1, max_size=12), st.sampled_from([1, 3, 20]))
def test_it_never_spins_and_survives_every_temporary_error(virtual: Any, script: list[Any], count: int) -> None:
    service = Service(script)
    wait, drive_wait = drive(service, count, pace=Pace(grace_period=2 * LASTS))

    async def story() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LASTS + 60):  # as the trigger bounds its last poll
                await drive_wait()

    took = virtual(story())
    assert wait.decision is Certainty.OPEN
    assert took >= LASTS
    asked_a_message = Counter(message for _, message in service.asked)
    throttled = sum(script[place % len(script)] is THROTTLED for place in range(len(service.asked)))
    # Gaps of 10 s for 40 s, then a quarter of the age: 17 times in ten minutes, and once at their end.
    assert (len(service.asked) - throttled) / count <= 18
    assert throttled <= MAX_CONCURRENT * took
    assert len(asked_a_message) == count
    assert service.asked[0][0] == 10  # it sleeps first


def test_throttled_messages_keep_their_place(virtual: Any) -> None:
    service = Service([THROTTLED, THROTTLED, DELIVERED])
    wait, drive_wait = drive(service)
    virtual(drive_wait())
    assert [instant for instant, _ in service.asked] == [10, 11, 12]
    assert wait.decision is Certainty.REACHED


@pytest.mark.parametrize("count", [1, 5])
def test_a_permanent_error_ends_it_at_once_and_names_the_message(virtual: Any, count: int) -> None:
    service = Service([errors.DysmsPermissionError("QueryMessage: no")])
    _, drive_wait = drive(service, count)

    async def story() -> None:
        with pytest.raises(WaitAborted, match=r"message 0: QueryMessage: no\.") as refused:
            await drive_wait()
        assert refused.value.is_permanent

    assert virtual(story()) < 11
    assert len(service.asked) <= count


def test_a_refusal_by_something_on_the_way_ends_it_only_when_nothing_else_comes_for_a_minute(virtual: Any) -> None:
    strange = errors.DysmsConfigError("QueryMessage: the endpoint does not know what it was asked for", http_status=403)
    once = Service([strange, DELIVERED])
    _, drive_wait = drive(once)
    virtual(drive_wait())
    now_and_then = Service([strange, strange, WAITING])
    _, drive_wait = drive(now_and_then)
    assert virtual(drive_wait()) >= LASTS
    always = Service([strange])
    _, drive_wait = drive(always)

    async def story() -> None:
        with pytest.raises(WaitAborted):
            await drive_wait()

    assert 60 < virtual(story()) < 120


def test_every_poll_ends_when_the_end_is_certain(virtual: Any) -> None:
    service = Service([errors.DysmsServerError("x")] * 50 + [DELIVERED] * 10_000)
    wait, drive_wait = drive(service, 100, pace=Pace(poke_interval=50))
    wait.goal = Goal(20, 100)
    assert virtual(drive_wait()) < 51
    assert wait.decision is Certainty.REACHED
    assert service.at_a_time == 0


def test_few_messages_are_polled_at_a_time_and_each_one_in_time(virtual: Any) -> None:
    service = Service([WAITING])
    _, drive_wait = drive(service, 1000, deadline=100.0)
    virtual(drive_wait())
    assert service.most_at_a_time == MAX_CONCURRENT
    asked = Counter(message for _, message in service.asked)
    assert len(asked) == 1000
    assert max(asked.values()) - min(asked.values()) <= 1


class Counted:
    """Awaits, and counts how often it goes to sleep."""

    def __init__(self, awaited: Coroutine[Any, Any, None]) -> None:
        self.awaited = awaited
        self.slept = 0

    def __await__(self) -> Generator[Any, None, None]:
        for waited_for in self.awaited.__await__():
            self.slept += 1
            yield waited_for


def test_the_task_of_a_wait_sleeps_until_it_has_ended(virtual: Any) -> None:
    async def story() -> None:
        service = Service([WAITING] * 9 + [DELIVERED])
        counted = Counted(drive(service)[1]())
        await counted
        assert len(service.asked) == 10
        assert counted.slept <= 2  # until the end, and once more until running polls have ended

    virtual(story())


@pytest.mark.parametrize("count", [1, 3])
def test_a_poll_that_is_cancelled_from_below_is_repeated(virtual: Any, logged: list[str], count: int) -> None:
    service = Service([asyncio.CancelledError()] * count + [DELIVERED] * count)
    wait, drive_wait = drive(service, count)
    virtual(drive_wait())
    assert wait.decision is Certainty.REACHED
    assert len(service.asked) == 2 * count
    assert logged == [
        "A poll failed and will be repeated (further errors of this kind are not logged): the request was cancelled."
    ]


def test_a_poll_that_swallows_a_cancellation_is_the_last(virtual: Any) -> None:
    async def story() -> None:
        service = Service([WAITING], takes=5)
        _, drive_wait = drive(service)
        poll = service.poll

        async def stubborn(watched: WatchedMessage, permit: Permit) -> Report | None:
            with suppress(asyncio.CancelledError):
                await poll(watched, permit)
            return WAITING

        service.poll = stubborn  # type: ignore[method-assign]
        running = asyncio.create_task(drive_wait())
        await asyncio.sleep(12)
        running.cancel()
        await asyncio.wait([running])
        await asyncio.sleep(LASTS)
        assert running.cancelled()
        assert len(service.asked) == 1
        assert service._queue._permits_out == 0

    virtual(story())


def test_log_lines_of_a_poll_belong_to_the_task_of_its_wait(virtual: Any) -> None:
    whose: ContextVar[str] = ContextVar("whose", default="nobody")
    heard = []

    async def story() -> None:
        service = Service([errors.DysmsServerError("x"), DELIVERED, DELIVERED])
        poll = service.poll

        async def listening(watched: WatchedMessage, permit: Permit) -> Report | None:
            heard.append(whose.get())
            whose.set("changed")
            return await poll(watched, permit)

        service.poll = listening  # type: ignore[method-assign]

        async def wait_for(name: str) -> None:
            whose.set(name)
            await drive(service)[1]()

        await asyncio.gather(*(asyncio.create_task(wait_for(name)) for name in ("one", "two")))

    virtual(story())
    assert sorted(heard) == ["one", "one", "two"]


def test_after_the_deadline_every_message_is_polled_once(virtual: Any) -> None:
    service = Service([WAITING, errors.DysmsServerError("x"), None])
    _, drive_wait = drive(service, 30, started_at=-200.0, asked_at=-199.0, deadline=-100.0)
    virtual(drive_wait())
    assert sorted(int(message) for _, message in service.asked) == list(range(30))


def test_an_error_is_logged_once_for_each_kind(virtual: Any, logged: list[str]) -> None:
    service = Service([errors.DysmsServerError("QueryMessage: down"), THROTTLED, errors.DysmsServerError("again")])
    _, drive_wait = drive(service)
    virtual(drive_wait())
    assert sum("A poll failed" in line for line in logged) == len(logged) == 2


@pytest.mark.parametrize("count", [1, 5])
def test_throttling_that_does_not_stop_ends_with_the_last_poll(virtual: Any, count: int) -> None:
    service = Service([THROTTLED])
    wait, drive_wait = drive(service, count, deadline=30.0)
    assert 89 <= virtual(drive_wait()) <= 91
    assert wait.decision is Certainty.OPEN


def test_a_connection_that_cannot_be_read_ends_every_wait_in_time_however_many_there_are(virtual: Any) -> None:
    async def story() -> None:
        service = Service([DELIVERED])
        service.is_open = False
        service.open = asyncio.Event().wait  # type: ignore[attr-defined]
        watches = [drive(service, 3, deadline=200.0)[1] for _ in range(2 * MAX_CONCURRENT)]
        await asyncio.gather(*(drive_wait() for drive_wait in watches))
        assert 260 <= asyncio.get_running_loop().time() <= 262
        assert not service.asked
        assert service._queue._permits_out == 0

    virtual(story())


def test_an_error_of_our_own_is_raised_and_not_waited_for(virtual: Any) -> None:
    service = Service([KeyError("ours")])
    _, drive_wait = drive(service)
    with pytest.raises(KeyError, match="ours"):
        virtual(drive_wait())
    assert service._queue._permits_out == 0
