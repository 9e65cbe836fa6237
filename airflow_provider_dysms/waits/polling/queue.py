"""The queue in front of the service: gives permits to poll, to the longest overdue wait first.

All waits of an event loop that use one API action stand in it until their next poll is due. One timer is enough: a
permit that is released is passed on, and while the service has trouble, the holder of the only permit sleeps.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Any, Protocol

from airflow_provider_dysms.model.errors import (
    DysmsError,
    DysmsInputError,
    DysmsServerError,
    DysmsTransportError,
    DysmsUnreadable,
)

#: Permits at a time: enough for 300 requests per second if the service takes 100 ms for each, and the queues of both
#: actions together fit the connection pool of one client. This many may overtake each other: behind this queue,
#: requests leave in the order in which they arrive.
MAX_CONCURRENT = 32

#: This many failures in a row, without a response in between, mean that the service has trouble; fewer may be caused by
#: single messages.
FAILURES_UNTIL_PAUSE = 5

#: Seconds that all polls pause then, before one of them tries; doubled after each failure.
MIN_PAUSE = 1.0
MAX_PAUSE = 30.0

#: Seconds between two searches for expired waiters, so that they expire although no permit is released.
EXPIRY_CHECK_INTERVAL = 1.0

SERVICE_TROUBLE = (DysmsTransportError, DysmsServerError, DysmsUnreadable)


class Waiter(Protocol):
    """Stands in a queue for a permit."""

    #: Identifies the waiter in the queue; ``None`` if it is not in the queue.
    ticket: int | None

    #: When it gives up, by the clock of the event loop.
    expires_at: float

    def on_permit(self, permit: Permit) -> None:
        """Receive a permit, having left the queue; it must be given back by :meth:`Permit.release`."""

    def on_expired(self) -> None:
        """Give up, having left the queue."""


class Permit:
    """Allows one poll.

    :param queue: where the permit comes from
    """

    __slots__ = ("_queue",)

    def __init__(self, queue: DispatchQueue) -> None:
        self._queue: DispatchQueue | None = queue

    def release(self, _: Any = None) -> None:
        """Give the permit back, unless that has happened. Takes an argument so that it can be a task's callback."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.take_back()


class DispatchQueue:
    """Limits how many polls run at a time; a single one while the service has trouble. Belongs to one event loop.

    :param max_concurrent: permits at a time
    """

    def __init__(self, max_concurrent: int = MAX_CONCURRENT) -> None:
        self._max_concurrent = max_concurrent
        self._permits_out = 0
        self._heap: list[tuple[float, int]] = []  # when a waiter is due, and its ticket; withdrawn ones stay in it
        self._waiters: dict[int, Waiter] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_expiry_check = float("-inf")
        self._tickets = itertools.count()
        self._failures = 0
        self._pause = 0.0  # 0: the service has no trouble
        self._paused_until = float("-inf")

    def enqueue(self, waiter: Waiter, due: float) -> None:
        """Add a waiter.

        :param waiter: receives a permit when its turn has come
        :param due: earliest instant of its poll, by the clock of the event loop; the earliest goes first
        """
        waiter.ticket = next(self._tickets)
        self._waiters[waiter.ticket] = waiter
        heapq.heappush(self._heap, (due, waiter.ticket))
        self._dispatch(asyncio.get_running_loop().time())

    def withdraw(self, waiter: Waiter) -> None:
        """Remove a waiter, if it is in the queue."""
        if waiter.ticket is not None:
            del self._waiters[waiter.ticket]
            waiter.ticket = None
        if not self._waiters:
            self._heap.clear()
            self._set_timer(None)

    def take_back(self) -> None:
        """Take a permit back, and pass it on."""
        self._permits_out -= 1
        self._dispatch(asyncio.get_running_loop().time())

    async def wait_for_pause_end(self) -> float:
        """Sleep, with a permit, until the pause is over; return the instant, by the clock of the event loop."""
        loop = asyncio.get_running_loop()
        if (pause := self._paused_until - loop.time()) > 0:
            await asyncio.sleep(pause)
        return loop.time()

    def record_response(self) -> None:
        """Record that the service responded: its trouble is over."""
        self._failures, self._pause, self._paused_until = 0, 0.0, float("-inf")

    def record_failure(self, error: DysmsError, started_at: float) -> None:
        """Record a poll that failed. An error that the service itself returned counts as a response.

        :param error: why it failed
        :param started_at: what :meth:`wait_for_pause_end` returned before it
        """
        if isinstance(error, DysmsInputError):  # no request was made
            return
        if not isinstance(error, SERVICE_TROUBLE):
            self.record_response()
            return
        self._failures += 1
        # A poll that started before the pause says nothing about the service after it.
        if self._failures < FAILURES_UNTIL_PAUSE or started_at < self._paused_until:
            return
        self._pause = min(self._pause * 2, MAX_PAUSE) if self._pause else MIN_PAUSE
        self._paused_until = asyncio.get_running_loop().time() + self._pause

    def _dispatch(self, now: float) -> None:
        """Give permits to the waiters that are due."""
        self._expire(now)
        max_concurrent = 1 if self._pause else self._max_concurrent
        while self._permits_out < max_concurrent and self._heap:
            due, ticket = self._heap[0]
            if due > now:
                self._set_timer(due)
                return
            heapq.heappop(self._heap)
            if waiter := self._waiters.pop(ticket, None):
                waiter.ticket = None
                self._permits_out += 1
                waiter.on_permit(Permit(self))
        if self._heap:
            self._set_timer(now + EXPIRY_CHECK_INTERVAL)

    def _set_timer(self, due: float | None) -> None:
        if self._timer is not None:
            if due is not None and self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = None if due is None else asyncio.get_running_loop().call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        assert self._timer is not None
        # A timer may fire a little early, within the resolution of the clock.
        now = max(asyncio.get_running_loop().time(), self._timer.when())
        self._timer = None
        self._dispatch(now)

    def _expire(self, now: float) -> None:
        """Remove the waiters whose time is over. Thousands stand here, and a timer for each would cost too much."""
        if now < self._next_expiry_check:
            return
        self._next_expiry_check = now + EXPIRY_CHECK_INTERVAL
        for waiter in [waiter for waiter in self._waiters.values() if waiter.expires_at <= now]:
            self.withdraw(waiter)
            waiter.on_expired()
