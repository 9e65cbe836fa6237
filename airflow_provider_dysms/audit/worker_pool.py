"""Processes groups of lines concurrently and returns their results in the order of the log."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.results import GroupResult, Source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from airflow_provider_dysms.audit.send_log.lines import Line

#: Groups that were queried, or are being queried, and have not been returned yet, per worker. It is high enough that
#: one slow group does not hold up the others, and low enough for the results to fit into memory.
_MAX_QUERIED_PER_WORKER = 16

#: The same for all groups, with those whose results were known. It is higher, so that the workers find enough groups to
#: query even if most results are known.
_MAX_GROUPS_PER_WORKER = 64


class OrderedPool:
    """Processes groups concurrently, and returns the results in the order of the groups, several at a time.

    :param groups: the index and the lines of each group
    :param known_result: returns the result of a group, or ``None`` if the group must be queried
    :param process: queries a group and returns its result
    :param workers: the maximum number of groups that are processed at once
    """

    def __init__(
        self,
        groups: Iterator[tuple[int, list[Line]]],
        known_result: Callable[[int, list[Line]], GroupResult | None],
        process: Callable[[int, list[Line]], Awaitable[GroupResult]],
        workers: int,
    ) -> None:
        self._groups = groups
        self._known_result = known_result
        self._process = process
        self._max_workers = workers
        self._workers = 0
        self._is_exhausted = False
        self._slots: deque[list[GroupResult]] = deque()  # one per group in order, empty until its result is there
        self._queried = 0
        self._result_ready, self._slot_free = asyncio.Event(), asyncio.Event()
        self._failure: BaseException | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the first worker; each worker that takes a group starts another one."""
        self._spawn()

    async def next_results(self) -> list[GroupResult]:
        """Return the results that are next in order; wait for at least one.

        :returns: an empty list at the end
        :raises BaseException: the first error of a worker, after all results that come before it
        """
        await asyncio.sleep(0)  # lets the workers run even if the consumer never waits
        results: list[GroupResult] = []
        while not results:
            while self._slots and self._slots[0] and len(results) < self._max_workers:
                results += self._slots.popleft()
            if not results:
                if self._failure is not None:
                    raise self._failure
                if self._is_exhausted and not self._tasks:
                    break
                self._result_ready.clear()
                await self._result_ready.wait()
        self._queried -= sum(result.source is Source.ASKED for result in results)
        self._slot_free.set()
        return results

    async def close(self) -> None:
        """Cancel the workers that still run."""
        await cancel_all(self._tasks)

    async def _work(self) -> None:
        max_queried = self._max_workers * _MAX_QUERIED_PER_WORKER
        max_groups = self._max_workers * _MAX_GROUPS_PER_WORKER
        while True:
            while self._queried >= max_queried or len(self._slots) >= max_groups:
                self._slot_free.clear()
                await self._slot_free.wait()
            group = next(self._groups, None)
            if group is None:
                self._is_exhausted = True
                return
            if self._workers < self._max_workers:
                self._spawn()
            slot: list[GroupResult] = []
            self._slots.append(slot)
            if result := self._known_result(*group):
                await asyncio.sleep(0)  # a run of known results must not block the event loop
            else:
                self._queried += 1
                result = await self._process(*group)
            slot.append(result)
            if self._slots[0] is slot:
                self._result_ready.set()

    def _spawn(self) -> None:
        self._workers += 1
        task = asyncio.create_task(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # The exception of every task is read, because asyncio logs a traceback for each exception that nobody reads.
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._failure = self._failure or failure
        self._result_ready.set()


async def cancel_all(futures: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel futures that still run, and wait until all have ended, so that none is left behind."""
    futures = list(futures)
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
