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

TROUBLE = (DysmsTransportError, DysmsServerError, DysmsUnreadable)


class Line:
    """Lets some requests out at a time, and few while the service is in trouble. For one event loop.

    :param places: requests at a time
    """

    def __init__(self, places: int = PLACES) -> None:
        self._places = places
        self._held = 0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._failures = 0
        self._pause = 0.0  # 0: no trouble
        self._shut_until = float("-inf")

    @asynccontextmanager
    async def turn(self, due: float) -> AsyncIterator[None]:
        """Hold a place while the body asks the service; what the body raises tells the line how the service is.

        :param due: the instant at which the request was due; the earliest goes first
        """
        await self._enter(due)
        try:
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
        finally:
            self._give_up()

    async def _enter(self, due: float) -> None:
        place = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (due, next(self._arrivals), place))
        self._hand_on()
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was handed over a moment before
                self._give_up()
            raise

    def _give_up(self) -> None:
        self._held -= 1
        self._hand_on()

    def _hand_on(self) -> None:
        places = 1 if self._pause else self._places
        while self._held < places and self._waiting:
            *_, place = heapq.heappop(self._waiting)
            if not place.done():  # a cancelled one is
                self._held += 1
                place.set_result(None)

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
