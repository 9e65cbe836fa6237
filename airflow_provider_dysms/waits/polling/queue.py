"""The waiting line in front of the service: the next request goes to whoever is longest overdue.

All waits of an event loop that ask one action stand in it until their next question is due. Nothing runs beside them
but one timer: whoever gives up a place hands it on, and where the service is in trouble, the one who holds the only
place waits the pause out.
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
from airflow_provider_dysms.waits.polling.order import due_of, ordered

#: Requests at a time: enough for 300 a second from a service that takes 100 ms, and the lines of both actions together
#: fit the connections of one client. So many may go out of order: behind this line it is first come, first served.
MAX_CONCURRENT = 32

#: So many failures in a row, with no answer in between, are the service's trouble; fewer are a message's own.
FAILURES = 5

#: Then all wait so long (s), and one asks; as long as it fails, twice as long.
PAUSE = 1.0
LONGEST_PAUSE = 30.0

#: Who has stood in line for too long is looked for every so often (s), whether or not a place becomes free.
LOOK = 1.0

TROUBLE = (DysmsTransportError, DysmsServerError, DysmsUnreadable)


class Waiter(Protocol):
    """Stands in line."""

    #: Its place in the order; ``None``: it does not stand there.
    number: int | None

    #: When it is too late, by the clock of the event loop.
    until: float

    def called(self, place: Permit) -> None:
        """Take a place in front of the service, no longer in line; it is to be given up by :meth:`Permit.leave`."""

    def sent_away(self) -> None:
        """Stand in line no longer, because it is too late."""


class Permit:
    """A place in front of the service.

    :param line: whose it is
    """

    __slots__ = ("_line",)

    def __init__(self, line: DispatchQueue) -> None:
        self._line: DispatchQueue | None = line

    def leave(self, _: Any = None) -> None:
        """Give it up, unless that was done; can be told what has ended."""
        line, self._line = self._line, None
        if line is not None:
            line.take_back()


class DispatchQueue:
    """Lets some requests out at a time, and few while the service is in trouble. For one event loop.

    :param places: requests at a time
    """

    def __init__(self, places: int = MAX_CONCURRENT) -> None:
        self._places = places
        self._held = 0
        self._order: list[int] = []
        self._standing: dict[int, Waiter] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._look_again = float("-inf")
        self._arrivals = itertools.count()
        self._failures = 0
        self._pause = 0.0  # 0: no trouble
        self._shut_until = float("-inf")

    def stand(self, visitor: Waiter, due: float) -> None:
        """Stand in line.

        :param due: the instant from which on to ask, by the clock of the event loop; the earliest goes first
        """
        visitor.number = ordered(due, next(self._arrivals))
        self._standing[visitor.number] = visitor
        heapq.heappush(self._order, visitor.number)
        self._hand_on()

    def withdraw(self, visitor: Waiter) -> None:
        """Stand there no longer, if at all."""
        if visitor.number is not None:
            del self._standing[visitor.number]
            visitor.number = None
        if not self._standing:
            self._order.clear()
            self._set_alarm(None)

    def take_back(self) -> None:
        """Take note that a place is free."""
        self._held -= 1
        self._hand_on()

    async def wait_pause_out(self) -> float:
        """Wait, with a place in hand, until the service may be asked; return when that was."""
        loop = asyncio.get_running_loop()
        if (pause := self._shut_until - loop.time()) > 0:
            await asyncio.sleep(pause)
        return loop.time()

    def answered(self) -> None:
        """Take note that the service answered."""
        self._failures, self._pause, self._shut_until = 0, 0.0, float("-inf")

    def failed(self, error: DysmsError, began: float) -> None:
        """Take note of what became of a request instead; an error of the service's is an answer, too.

        :param began: what :meth:`wait_pause_out` returned for it
        """
        if isinstance(error, DysmsInputError):  # nothing was asked
            return
        if not isinstance(error, TROUBLE):
            self.answered()
            return
        self._failures += 1
        if self._failures < FAILURES or began < self._shut_until:  # what left before the pause is old news
            return
        self._pause = min(self._pause * 2, LONGEST_PAUSE) if self._pause else PAUSE
        self._shut_until = asyncio.get_running_loop().time() + self._pause

    def _hand_on(self) -> None:
        now = asyncio.get_running_loop().time()
        self._send_away(now)
        places = 1 if self._pause else self._places
        while self._held < places and self._order:
            due = due_of(self._order[0])
            if due > now:
                self._set_alarm(due)
                return
            if visitor := self._standing.pop(heapq.heappop(self._order), None):
                visitor.number = None
                self._held += 1
                visitor.called(Permit(self))
        if self._order:
            self._set_alarm(now + LOOK)

    def _set_alarm(self, due: float | None) -> None:
        if self._alarm is not None:
            if due is not None and self._alarm.when() <= due:
                return
            self._alarm.cancel()
        self._alarm = None if due is None else asyncio.get_running_loop().call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._hand_on()

    def _send_away(self, now: float) -> None:
        """End the waits that take too long; thousands stand here, and a timer for each would cost more than they do."""
        if now < self._look_again:
            return
        self._look_again = now + LOOK
        for visitor in [visitor for visitor in self._standing.values() if visitor.until <= now]:
            self.withdraw(visitor)
            visitor.sent_away()
