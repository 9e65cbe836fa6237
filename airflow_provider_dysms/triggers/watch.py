"""One wait inside an event loop: asks for what is due, until the outcome is certain or nothing is left to ask."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.errors import DysmsError, DysmsThrottled, is_lasting
from airflow_provider_dysms.triggers.connection import Refused
from airflow_provider_dysms.waits.wait import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_dysms.triggers.shared import Shared
    from airflow_provider_dysms.waits.wait import Wait
    from airflow_provider_dysms.waits.watched import Watched

log = logging.getLogger(__name__)

#: Messages of one wait that are asked at a time; a wait with one message needs no task of its own.
WORKERS = 8


class Watch:
    """Drives one wait.

    :param shared: asks
    :param wait: decides
    :param watched: the messages, by position
    :param now: returns seconds since 1970
    """

    def __init__(
        self, shared: Shared, wait: Wait, watched: Sequence[Watched], *, now: Callable[[], float] = time.time
    ) -> None:
        self._shared = shared
        self._wait = wait
        self._watched = watched
        self._now = now
        self._refused: Refused | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._kinds: set[type[DysmsError]] = set()

    async def run(self) -> None:
        """Return when the outcome is certain, or when every message was asked for the last time.

        :raises Refused: asking on would be in vain
        """
        count = sum(report.is_open for report in self._wait.reports)
        if count == 1:
            await self._work()
        else:
            async with asyncio.TaskGroup() as group:
                self._workers = [group.create_task(self._work()) for _ in range(min(count, WORKERS))]
        if self._refused is not None:
            raise self._refused

    @property
    def _is_over(self) -> bool:
        return self._refused is not None or self._wait.outcome is not Outcome.OPEN

    async def _work(self) -> None:
        # Whoever finds nothing in line may go: what the others hold, they put back and take again themselves.
        while not self._is_over and self._wait.due is not None:
            due, position = self._wait.take()
            await asyncio.sleep(max(due - self._now(), 0.0))
            await self._ask(position, due)
        if self._is_over:
            for worker in self._workers:
                if worker is not asyncio.current_task():
                    worker.cancel()

    async def _ask(self, position: int, due: float) -> None:
        try:
            report = await self._shared.ask(self._watched[position], due)
        except Refused as refused:
            self._refused = refused
        except DysmsError as error:
            if is_lasting(error):
                self._refused = Refused(f"message {position}: {error}")
            elif isinstance(error, DysmsThrottled):
                self._wait.put_back(position, due)
            else:
                self._wait.fail(position, self._now())
            if type(error) not in self._kinds:
                self._kinds.add(type(error))
                log.warning("A question was in vain (further ones of this kind are not logged): %s", error)
        else:
            self._wait.answer(position, report, self._now())
