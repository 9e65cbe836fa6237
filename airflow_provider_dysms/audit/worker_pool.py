"""Works cases off side by side and hands their outcomes out in the order of the log."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.hands import AdaptiveLimit
from airflow_provider_dysms.audit.results import GroupResult, Source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from airflow_provider_dysms.audit.send_log.lines import Line

#: Cases that are asked or done and not handed out yet, for each question that may be open at once: enough that one
#: slow case does not hold the others up, and little enough to keep in memory.
_CASES_AHEAD = 16

#: The same with cases that are known: so many that among them there are enough to ask, where few are open.
_KNOWN_AHEAD = 64


class OrderedPool:
    """Works cases off side by side, and hands the outcomes out in the order of the cases, some at a time.

    :param known: returns the outcome of a case, or ``None`` for one that is to be asked
    :param work_off: asks a case
    :param in_flight: how many cases are worked off at a time, at most: see :mod:`.hands`
    """

    def __init__(
        self,
        cases: Iterator[tuple[int, list[Line]]],
        known: Callable[[int, list[Line]], GroupResult | None],
        work_off: Callable[[int, list[Line]], Awaitable[GroupResult]],
        in_flight: int,
    ) -> None:
        self._cases = cases
        self._known = known
        self._work_off = work_off
        self._in_flight = in_flight
        self._hands = AdaptiveLimit(in_flight)
        self._at_work = 0
        self._is_through = False
        self._ahead: deque[list[GroupResult]] = deque()  # for each case a place, which its outcome is put into
        self._asked = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._failure: BaseException | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to work."""
        self._hire(1)  # who finds work finds further hands for it

    async def next(self) -> list[GroupResult]:
        """Return the outcomes of the next cases, as many as are there, at the end none; raise the first error."""
        await asyncio.sleep(0)  # everything else has its turn
        outcomes: list[GroupResult] = []
        while not outcomes:
            while self._ahead and self._ahead[0] and len(outcomes) < self._in_flight:
                outcomes += self._ahead.popleft()
            if not outcomes:
                if self._failure is not None:
                    raise self._failure
                if self._is_through and not self._tasks:
                    break
                self._news.clear()
                await self._news.wait()
        self._asked -= sum(outcome.source is Source.ASKED for outcome in outcomes)
        self._room.set()
        return outcomes

    async def end(self) -> None:
        """Cancel what still runs."""
        await end(self._tasks)

    async def _work(self) -> None:
        most_asked, most = self._in_flight * _CASES_AHEAD, self._in_flight * _KNOWN_AHEAD
        while True:
            while self._asked >= most_asked or len(self._ahead) >= most:
                self._room.clear()
                await self._room.wait()
            if (spare := self._at_work - self._hands.wanted()) > 0:
                self._at_work -= 1
                return
            case = next(self._cases, None)
            if case is None:
                self._is_through = True
                return
            self._hire(-spare)
            place: list[GroupResult] = []
            self._ahead.append(place)
            if outcome := self._known(*case):
                await asyncio.sleep(0)  # everything else has its turn
            else:
                self._asked += 1
                outcome = await self._work_off(*case)
            place.append(outcome)
            if self._ahead[0] is place:
                self._news.set()

    def _hire(self, hands: int) -> None:
        self._at_work += hands
        for _ in range(hands):
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._leave)

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # Every task is looked at: asyncio logs a traceback for each error that nobody has looked at.
        ended = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._failure = self._failure or ended
        self._news.set()


async def end(futures: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel what still runs and see it off, so that nothing is left behind."""
    tasks = list(futures)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
