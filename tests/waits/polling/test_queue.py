"""The queue: longest overdue first, no permit is ever lost, and one poll at a time while the service has trouble."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.model.errors import (
    DysmsError,
    DysmsInputError,
    DysmsNotFound,
    DysmsServerError,
    DysmsThrottled,
    DysmsTransportError,
    DysmsUnreadable,
)
from airflow_provider_dysms.waits.polling import queue
from airflow_provider_dysms.waits.polling.queue import FAILURES_UNTIL_PAUSE, MAX_CONCURRENT, DispatchQueue, Permit


class WaitingFuture(asyncio.Future[Permit]):
    """A waiter that has its permit as its result."""

    ticket: int | None = None
    expires_at: float

    def on_permit(self, permit: Permit) -> None:
        if self.cancelled():
            permit.release()
        else:
            self.set_result(permit)

    def on_expired(self) -> None:
        self.set_exception(TimeoutError())


@asynccontextmanager
async def turn(of: DispatchQueue, due: float, until: float = 1e6) -> AsyncIterator[None]:
    """Enter a queue, and poll when it is our turn."""
    waiter = WaitingFuture()
    waiter.expires_at = until
    of.enqueue(waiter, due)
    try:
        permit = await waiter
    except asyncio.CancelledError:
        of.withdraw(waiter)
        if not waiter.cancelled():  # the permit came in the same step of the loop
            waiter.result().release()
        raise
    try:
        started_at = await of.wait_for_pause_end()
        try:
            yield
        except DysmsError as error:
            of.record_failure(error, started_at)
            raise
        of.record_response()
    finally:
        permit.release()
        permit.release()  # a second release changes nothing


async def ask(of: DispatchQueue, due: float, body: Callable[[], Awaitable[None]]) -> None:
    async with turn(of, due):
        await body()


async def nothing() -> None:
    return


def failing(error: DysmsError) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


def test_the_longest_overdue_goes_first(virtual: Any) -> None:
    async def story() -> None:
        one, order = DispatchQueue(max_concurrent=1), []

        async def note(due: float) -> None:
            async with turn(one, due):
                order.append(due)
                await asyncio.sleep(1)

        await asyncio.sleep(10)
        await asyncio.gather(*(note(due) for due in (5.0, 3.0, 9.0, 1.0, 3.0)))
        assert order == [5.0, 1.0, 3.0, 3.0, 9.0]  # the first came when the queue was empty

    virtual(story())


def test_no_waiter_goes_before_it_is_due(virtual: Any) -> None:
    async def story() -> None:
        shared, went, loop = DispatchQueue(), {}, asyncio.get_running_loop()

        async def note(due: float) -> None:
            async with turn(shared, due):
                went[due] = loop.time()

        await asyncio.gather(*(note(due) for due in (7.0, 2.0, 5.0, 2.5)))
        assert went == {due: due for due in (7.0, 2.0, 5.0, 2.5)}

    virtual(story())


def test_an_empty_queue_leaves_nothing_in_the_event_loop(virtual: Any) -> None:
    async def story() -> None:
        shared, loop = DispatchQueue(), asyncio.get_running_loop()
        async with asyncio.timeout(1):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await ask(shared, 3600.0, nothing)
        assert not shared._heap
        assert not shared._waiters
        assert shared._timer is None
        assert loop.time() == 0.5

    virtual(story())


@given(
    st.lists(
        st.tuples(st.floats(0, 9), st.floats(0, 9), st.none() | st.floats(0, 20), st.integers(0, 3)),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 4),
)
def test_no_permit_is_lost_whichever_waiter_is_cancelled(
    virtual: Any, waiters: list[tuple[float, float, float | None, int]], max_concurrent: int
) -> None:
    """Each waiter comes at an instant, is due at one, is cancelled at one or never, and succeeds or fails."""
    errors = [DysmsServerError("no"), DysmsThrottled("no"), DysmsInputError("x", "is wrong")]

    async def story() -> None:
        shared, inside, most = DispatchQueue(max_concurrent), 0, 0

        async def visit(comes: float, due: float, kind: int) -> None:
            nonlocal inside, most
            await asyncio.sleep(comes)
            async with turn(shared, due):
                inside += 1
                most = max(most, inside)
                try:
                    await asyncio.sleep(1)
                finally:
                    inside -= 1
                if kind < len(errors):
                    raise errors[kind]

        tasks = []
        for comes, due, cancelled, kind in waiters:
            task = asyncio.create_task(visit(comes, due, kind))
            if cancelled is not None:
                asyncio.get_running_loop().call_later(cancelled, task.cancel)
            tasks.append(task)
        await asyncio.wait(tasks)
        assert most <= max_concurrent
        for _ in range(2):  # all permits are free again
            await asyncio.gather(*(ask(shared, 0.0, nothing) for _ in range(max_concurrent)))
        assert shared._permits_out == 0
        assert not shared._waiters

    virtual(story())


def test_a_waiter_that_is_cancelled_when_it_receives_its_permit_passes_it_on(virtual: Any) -> None:
    async def story() -> None:
        one, loop = DispatchQueue(max_concurrent=1), asyncio.get_running_loop()
        next_waiter = asyncio.Event()

        async def hold() -> None:
            async with turn(one, 0.0):
                await next_waiter.wait()
            waiting.cancel()  # it has the permit already, and does not know yet

        holding = asyncio.create_task(hold())
        await asyncio.sleep(0)
        waiting = asyncio.create_task(ask(one, 0.0, nothing))
        await asyncio.sleep(0)
        next_waiter.set()
        await asyncio.wait([holding, waiting])
        assert waiting.cancelled()
        async with asyncio.timeout(1):
            await ask(one, 0.0, nothing)
        assert loop.time() == 0

    virtual(story())


@pytest.mark.parametrize("kind", [DysmsTransportError, DysmsServerError, DysmsUnreadable])
def test_in_trouble_one_polls_at_a_time_and_more_and_more_rarely(virtual: Any, kind: type[DysmsError]) -> None:
    async def story() -> None:
        shared, asked = DispatchQueue(), []
        loop = asyncio.get_running_loop()

        async def wait() -> None:
            while loop.time() < 3600:
                with suppress(DysmsError):
                    async with turn(shared, loop.time()):
                        asked.append(loop.time())
                        raise kind("x")  # one that is raised again and again has an ever longer traceback

        await asyncio.gather(*(wait() for _ in range(300)))
        first_second = [instant for instant in asked if instant < 1]
        assert len(first_second) <= MAX_CONCURRENT + FAILURES_UNTIL_PAUSE
        gaps = [later - earlier for earlier, later in itertools.pairwise(asked[len(first_second) :])]
        assert gaps[:6] == pytest.approx([2, 4, 8, 16, 30, 30])
        # When the hour is over each of the 300 still asks once; none of them before.
        assert sum(instant < 3600 for instant in asked) < 180

    virtual(story())


@pytest.mark.parametrize("answer", [None, DysmsNotFound("x"), DysmsThrottled("x")])
def test_the_first_response_ends_the_trouble(virtual: Any, answer: DysmsError | None) -> None:
    async def story() -> None:
        shared, loop = DispatchQueue(), asyncio.get_running_loop()
        for _ in range(FAILURES_UNTIL_PAUSE + 4):
            with suppress(DysmsError):
                await ask(shared, 0.0, failing(DysmsTransportError("down")))
        began = loop.time()
        with suppress(DysmsError):
            await ask(shared, 0.0, failing(answer) if answer else nothing)
        assert loop.time() - began == pytest.approx(16)
        inside = asyncio.Semaphore(0)

        async def stay() -> None:
            inside.release()
            await asyncio.sleep(1)

        await asyncio.gather(*(ask(shared, 0.0, stay) for _ in range(MAX_CONCURRENT)))
        assert loop.time() - began == pytest.approx(17)  # all at once again

    virtual(story())


def test_one_poisoned_message_does_not_stop_its_neighbours(virtual: Any) -> None:
    async def story() -> None:
        shared, loop = DispatchQueue(), asyncio.get_running_loop()
        for _ in range(100):
            with suppress(DysmsError):
                await ask(shared, 0.0, failing(DysmsServerError("always")))
            await ask(shared, 0.0, nothing)
        assert loop.time() == 0

    virtual(story())


def test_a_poll_that_started_before_the_pause_does_not_lengthen_it(virtual: Any) -> None:
    async def story() -> None:
        shared, loop = DispatchQueue(), asyncio.get_running_loop()

        async def time_out() -> None:
            await asyncio.sleep(10)
            raise DysmsTransportError("no answer")

        await asyncio.gather(*(ask(shared, 0.0, time_out) for _ in range(MAX_CONCURRENT)), return_exceptions=True)
        await ask(shared, 0.0, nothing)
        assert loop.time() == pytest.approx(10 + queue.MIN_PAUSE)

    virtual(story())


def test_a_poll_without_a_request_says_nothing_about_the_service(virtual: Any) -> None:
    async def story() -> None:
        shared, loop = DispatchQueue(), asyncio.get_running_loop()
        for place in range(2 * FAILURES_UNTIL_PAUSE):
            error = DysmsInputError("x", "is wrong") if place % 2 else DysmsServerError("no")
            with suppress(DysmsError):
                await ask(shared, 0.0, failing(error))
        await ask(shared, 0.0, nothing)
        assert loop.time() == pytest.approx(queue.MIN_PAUSE)

    virtual(story())


def test_a_waiter_expires_although_no_permit_is_released(virtual: Any) -> None:
    async def story() -> None:
        one = DispatchQueue(max_concurrent=1)

        async def busy() -> None:
            async with turn(one, 0.0):
                await asyncio.sleep(30)

        async def late() -> None:
            with pytest.raises(TimeoutError):
                async with turn(one, 1.0, until=10):
                    pytest.fail("there was a permit")
            assert 10 <= asyncio.get_running_loop().time() <= 10 + queue.EXPIRY_CHECK_INTERVAL

        async def patient() -> float:
            async with turn(one, 2.0):
                return asyncio.get_running_loop().time()

        _, _, at = await asyncio.gather(busy(), late(), patient())
        assert at == 30

    virtual(story())
