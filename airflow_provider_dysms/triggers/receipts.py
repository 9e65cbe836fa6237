"""The trigger of an AssetWatcher: fires when new receipts lie in the archive."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_dysms.model.errors import DysmsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from concurrent.futures import Executor

    from airflow_provider_dysms.storage.inputs import Found

log = logging.getLogger(__name__)

#: Seconds between two listings, by default and at least.
POLL_INTERVAL, MIN_POLL_INTERVAL = 60.0, 1.0

#: Listings that may fail one after the other before the trigger gives up; Airflow then starts it again.
MAX_FAILURES = 10


class DysmsReceiptsTrigger(BaseEventTrigger):
    """Fires when the archive of receipts has files that the last listing did not have.

    Each new file is in at least one event. A trigger that starts does not know what was there before, so its first
    listing fires if it finds any file. The event has ``new_files`` and ``listed_at``, and no name of a file.

    :param receipts_uri: a file, a folder or a glob, such as ``s3://conn_id@bucket/receipts/*/*``; a placeholder
        ``{send_date:%Y%m%d}`` stands for today in Beijing and the day before
    :param poll_interval: seconds between two listings, default 60, at least 1
    """

    def __init__(self, /, **kwargs: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kwargs = kwargs

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, unchanged."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(self._kwargs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each listing with new files."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self._kwargs)):
            yield event

    def shared_stream_key(self) -> tuple[str, str]:
        """Return a key that is equal for watchers of one archive, which Airflow 3.3 then lists once."""
        return f"{type(self).__module__}.{type(self).__qualname__}", repr(sorted(self._kwargs.items()))

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Yield each listing of an archive, for all its watchers.

        :raises DysmsError: the archive cannot be listed, several times one after the other
        """
        failures = 0
        thread = ThreadPoolExecutor(1, "dysms-receipts")
        try:
            while True:
                try:
                    listed = await _list(kwargs.get("receipts_uri"), thread)
                except DysmsError as error:
                    failures += 1
                    log.warning("The archive of receipts could not be listed: %s", error)
                    if failures >= MAX_FAILURES:
                        raise
                else:
                    failures = 0
                    yield listed
                await asyncio.sleep(_interval(kwargs.get("poll_interval")))
        finally:
            thread.shutdown(wait=False)

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each listing that has files which this watcher has not seen."""
        seen: frozenset[bytes] = frozenset()
        async for listed in shared_stream:
            new, seen = len(listed - seen), listed
            if new:
                event = {"new_files": new, "listed_at": datetime.now(UTC).isoformat(timespec="seconds")}
                yield TriggerEvent(event)  # type: ignore[no-untyped-call]


async def _list(receipts_uri: Any, thread: Executor) -> frozenset[bytes]:
    from asgiref.sync import sync_to_async

    listers = await sync_to_async(_listers)(receipts_uri)
    # All triggers share the thread of sync_to_async for their connections, and a store may be slow.
    return await asyncio.get_running_loop().run_in_executor(thread, _files, listers)


def _listers(receipts_uri: Any) -> list[Callable[[], list[Found]]]:
    from airflow_provider_dysms.model.dates import DAY, beijing_day
    from airflow_provider_dysms.storage.day_placeholder import render_day
    from airflow_provider_dysms.storage.inputs import input_lister

    today = beijing_day(datetime.now(UTC))
    uris = {render_day(str(receipts_uri), day, "receipts_uri") for day in (today, today - DAY)}
    return [input_lister(uri, argument="receipts_uri") for uri in uris]


def _files(listers: Sequence[Callable[[], list[Found]]]) -> frozenset[bytes]:
    """Return a digest of the place and state of each file: a million of them are some 60 MB."""
    return frozenset(
        hashlib.blake2b(repr(file).encode(), digest_size=8).digest() for list_files in listers for file in list_files()
    )


def _interval(value: Any) -> float:
    try:
        return max(MIN_POLL_INTERVAL, float(value))  # in this order, NaN is the shortest
    except (TypeError, ValueError):
        return POLL_INTERVAL
