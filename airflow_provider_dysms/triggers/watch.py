"""One wait inside an event loop: asks for what is due, until the outcome is certain or nothing is left to ask."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.errors import DysmsError, DysmsThrottled
from airflow_provider_dysms.triggers.connection import Refused
from airflow_provider_dysms.triggers.line import PLACES
from airflow_provider_dysms.triggers.shared import Edited
from airflow_provider_dysms.waits.wait import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from airflow_provider_dysms.triggers.shared import Shared
    from airflow_provider_dysms.waits.wait import Wait
    from airflow_provider_dysms.waits.watched import Watched

log = logging.getLogger(__name__)

#: Messages of one wait that stand in line or are asked at a time: as many as there are places, or a large wait would be
#: served as if it were a small one. A wait with one message needs no task of its own.
WORKERS = PLACES

#: No question takes longer (s), however the service behaves: it waits in vain for at most so many pauses. One that
#: begins long before the deadline needs no time limit, which the event loop would keep long after the answer.
LONGEST_ASK = 3600.0
NO_LIMIT = nullcontext()


class Watch:
    """Drives one wait.

    Thousands of them sleep in one process, and what each holds then is what Python's garbage collector walks over while
    everybody stands still: so it makes what it needs when it needs it.

    :param shared: asks
    :param wait: decides
    :param kind: of the messages
    :param watched: the messages by position, as ``kind`` is made of them
    :param ends_at: when the last answer must be there, seconds since 1970
    :param epoch: what the event loop's clock lacks to seconds since 1970. It never jumps, so a wait that has begun goes
        by it
    """

    __slots__ = (
        "_ends_at",
        "_epoch",
        "_is_late",
        "_kind",
        "_kinds",
        "_line",
        "_shared",
        "_wait",
        "_watched",
        "_workers",
        "refused",
    )

    def __init__(
        self,
        shared: Shared,
        wait: Wait,
        kind: type[Watched],
        watched: Sequence[Any],
        *,
        ends_at: float,
        epoch: float,
    ) -> None:
        self.refused: Refused | None = None
        self._shared = shared
        self._line = shared.line(kind)
        self._wait = wait
        self._kind = kind
        self._watched = watched
        self._epoch = epoch
        self._ends_at = ends_at
        self._is_late = False
        self._workers: Sequence[asyncio.Task[None]] = ()
        self._kinds: tuple[type[DysmsError], ...] = ()

    def run(self) -> Awaitable[None]:
        """Ask until the outcome is certain, every message was asked for the last time, or it is ``refused`` to."""
        count = self._wait.open_count
        return self._work() if count == 1 else self._work_abreast(min(count, WORKERS))

    @property
    def _is_over(self) -> bool:
        return self.refused is not None or self._is_late or self._wait.outcome is not Outcome.OPEN

    def _now(self) -> float:
        return asyncio.get_running_loop().time() + self._epoch

    @property
    def _left(self) -> float:
        return max(self._ends_at - self._now(), 0.0)

    async def _work_abreast(self, count: int) -> None:
        async with asyncio.TaskGroup() as group:
            self._workers = [group.create_task(self._work()) for _ in range(count)]

    async def _work(self) -> None:
        # Whoever finds nothing in line may go: what the others hold, they put back and take again themselves.
        while not self._is_over and self._wait.due is not None:
            due, position = self._wait.take()
            try:
                place = self._line.stand(due - self._epoch, self._ends_at - self._epoch)
                try:
                    await place
                except asyncio.CancelledError:
                    self._line.withdraw(place)
                    raise
                # Inside, TimeoutError means only this one: the client has errors of its own.
                async with NO_LIMIT if self._left > LONGEST_ASK else asyncio.timeout(self._left):
                    await self._ask(position, due)
            except Refused as refused:
                self.refused = refused
            except TimeoutError:
                self._is_late = True
                log.warning("The service did not answer for every message in time")
        if self._is_over:
            for worker in self._workers:
                if worker is not asyncio.current_task():
                    worker.cancel()

    async def _ask(self, position: int, due: float) -> None:
        try:
            report = await self._shared.ask(self._kind.of(self._watched[position]))
        except Edited:
            self._wait.put_back(position, due)
        except DysmsError as error:
            if self._wait.is_refused(error, self._now()):
                self.refused = Refused(f"message {position}: {error}")
            elif isinstance(error, DysmsThrottled):
                self._wait.put_back(position, due)
            else:
                self._wait.fail(position, self._now())
            if type(error) not in self._kinds:
                self._kinds += (type(error),)
                log.warning("A question was in vain (further ones of this kind are not logged): %s", error)
        else:
            self._wait.answer(position, report, self._now())
