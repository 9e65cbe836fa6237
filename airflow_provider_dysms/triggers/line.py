"""The waiting line in front of the service: the next request goes to whoever is longest overdue.

All waits of an event loop that ask one action stand in it. Nothing runs beside them: whoever gives up a place hands it
on, and where the service is in trouble, the one who holds the only place waits the pause out.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.errors import (
    DysmsError,
    DysmsInputError,
    DysmsServerError,
    DysmsTransportError,
    DysmsUnreadable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Requests at a time: enough for 300 a second from a service that takes 100 ms, and the lines of both actions together
#: fit the connections of one client. So many may go out of order: behind this line it is first come, first served.
PLACES = 32

#: So many failures in a row, with no answer in between, are the service's trouble; fewer are a message's own.
FAILURES = 5

#: Then all wait so long (s), and one asks; as long as it fails, twice as long.
PAUSE = 1.0
LONGEST_PAUSE = 30.0

#: Who has stood in line for too long is looked for every so often (s).
LOOK = 1.0

TROUBLE = (DysmsTransportError, DysmsServerError, DysmsUnreadable)


class Place(asyncio.Future[None]):
    """A place in line, done when it is one in front of the service. Thousands stand here: one object each.

    :param due: the instant at which the request was due; the earliest goes first
    :param number: of its arrival, which decides between equals
    :param until: when it is too late, by the clock of the event loop
    """

    __slots__ = ("due", "number", "until")

    def __init__(self, due: float, number: int, until: float) -> None:
        super().__init__()
        self.due = due
        self.number = number
        self.until = until

    def __lt__(self, other: Place) -> bool:
        return (self.due, self.number) < (other.due, other.number)


class Line:
    """Lets some requests out at a time, and few while the service is in trouble. For one event loop.

    :param places: requests at a time
    """

    def __init__(self, places: int = PLACES) -> None:
        self._places = places
        self._held = 0
        self._waiting: list[Place] = []
        self._look_again = float("-inf")
        self._arrivals = itertools.count()
        self._failures = 0
        self._pause = 0.0  # 0: no trouble
        self._shut_until = float("-inf")

    def stand(self, due: float, within: float) -> Place:
        """Stand in line. A place that is done is to be given up by :meth:`leave`.

        Whoever stops waiting for it must say so by :meth:`withdraw`.

        :param due: the instant at which the request was due; the earliest goes first
        :param within: seconds to wait; whoever stands here longer gets ``TimeoutError`` when the line next moves
        """
        place = Place(due, next(self._arrivals), asyncio.get_running_loop().time() + within)
        heapq.heappush(self._waiting, place)
        self._hand_on()
        return place

    def withdraw(self, place: Place) -> None:
        """Wait no longer for a place, and give it up where it was handed over a moment before."""
        if not place.cancel() and not place.cancelled() and place.exception() is None:
            self.leave()

    def leave(self) -> None:
        """Give up a place."""
        self._held -= 1
        self._hand_on()

    @asynccontextmanager
    async def service(self) -> AsyncIterator[None]:
        """Ask the service in the body, with a place in hand; what the body raises tells the line how the service is."""
        began = await self._wait_pause_out()
        try:
            yield
        except TROUBLE:
            self._failed(began)
            raise
        except DysmsInputError:  # nothing was asked
            raise
        except DysmsError:
            self._answered()
            raise
        self._answered()

    def _hand_on(self) -> None:
        self._send_away()
        places = 1 if self._pause else self._places
        while self._held < places and self._waiting:
            place = heapq.heappop(self._waiting)
            if not place.done():  # a cancelled one is
                self._held += 1
                place.set_result(None)

    def _send_away(self) -> None:
        """End the waits that take too long; thousands stand here, and a timer for each would cost more than they do."""
        now = asyncio.get_running_loop().time()
        if now < self._look_again:
            return
        self._look_again = now + LOOK
        for place in self._waiting:
            if place.until <= now and not place.done():
                place.set_exception(TimeoutError())

    async def _wait_pause_out(self) -> float:
        loop = asyncio.get_running_loop()
        if (pause := self._shut_until - loop.time()) > 0:
            await asyncio.sleep(pause)
        return loop.time()

    def _answered(self) -> None:
        self._failures, self._pause, self._shut_until = 0, 0.0, float("-inf")

    def _failed(self, began: float) -> None:
        self._failures += 1
        if self._failures < FAILURES or began < self._shut_until:  # what left before the pause is old news
            return
        self._pause = min(self._pause * 2, LONGEST_PAUSE) if self._pause else PAUSE
        self._shut_until = asyncio.get_running_loop().time() + self._pause
