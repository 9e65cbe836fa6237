"""The days of an archive: what their manifests say, and the search of their files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_dysms.archive.engines.choose_engine import Engines
from airflow_provider_dysms.archive.engines.data_file import FileDiffers, data_file_of
from airflow_provider_dysms.archive.sending_details.filters.conditions import is_within_day
from airflow_provider_dysms.model.errors import DysmsStorageError
from airflow_provider_dysms.storage.audited_days.list_days import list_audited_days
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.paths import LOCAL, clean_uri, resolve_uri
from airflow_provider_dysms.storage.object_store.store import open_store
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced
from airflow_provider_dysms.storage.verify import PartitionDiffers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.archive.engines.choose_engine import Engine
    from airflow_provider_dysms.archive.engines.day_search import DayMatches, DaySearch
    from airflow_provider_dysms.storage.audited_days.audited_day import AuditedDay

#: How often a day is read while other tasks write it.
MAX_ATTEMPTS = 5

#: Seconds between the data file and the manifest of one commit, before a file that does not fit is an error.
COMMIT_SECONDS = 0.5


class DayUnusable(DysmsStorageError):
    """A day of the archive has a manifest that cannot be used, so that its messages are not known."""

    remedy = "Audit the day again, or leave it out of the time that is searched."


@dataclass(slots=True)
class ArchiveDay:
    """A day that has been audited.

    :param day: the Beijing day
    :param result: of its manifest; replaced if the day is audited again while it is read
    """

    day: date
    result: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of its file."""
        return tuple(column["name"] for column in self.result.get("columns") or ())

    @property
    def is_within_day(self) -> bool:
        """Whether every message of it is dated on it."""
        return is_within_day(self.result)


class Archive:
    """An archive, open for reading; as a context, it frees its memory at its end.

    :param output_uri: its folder
    :param partition: folder of a day below it
    :param now: the current instant
    :param engine: what reads Parquet
    :raises DysmsInputError: the folder cannot be used
    """

    def __init__(self, output_uri: str, partition: str, now: datetime, engine: Engine) -> None:
        self._output_uri = output_uri
        self._partition = partition
        self._now = now
        self._engines = Engines(engine)
        root = resolve_uri(output_uri, "output_uri")
        self._uri = clean_uri(root).rstrip("/")
        self._root = Path(root.path) if root.protocol in LOCAL else None
        self._store = GuardedStore(open_store(root), "output_uri", self._uri)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engines.close()

    def audited(self, days: Sequence[date]) -> dict[date, AuditedDay]:
        """Return what the manifests say about days.

        :raises DysmsInputError: an argument cannot be used
        :raises DysmsStorageError: the store does not answer
        """
        found = list_audited_days(self._output_uri, days, partition=self._partition, now=self._now)
        return {each.day: each for each in found}

    def search(self, day: ArchiveDay, build: Callable[[ArchiveDay], DaySearch | None]) -> DayMatches | None:
        """Search the file of a day; its manifest is read again if the file does not fit it.

        :param build: makes the search for what the manifest says; ``None`` if the file cannot have what is searched for
        :raises PartitionDiffers: the file is not what its manifest says
        :raises DysmsStorageError: the store does not answer, or other tasks keep writing the day
        """
        for _ in range(MAX_ATTEMPTS):
            search = build(day)
            if search is None:
                return None
            try:
                return self._engines.search(data_file_of(day.result, self._store, self._root), search)
            except FileDiffers as error:
                difference = str(error)
            except FileReplaced:
                difference = "it was replaced while it was read"
            self._engines.close()  # what they remember of the file is not true any more
            time.sleep(COMMIT_SECONDS)
            before, day.result = day.result, usable(self.audited([day.day])[day.day])
            if before == day.result:
                uri = f"{self._uri}/{before['data']}".rpartition("/")[0]
                raise PartitionDiffers(uri, [difference])
        raise DysmsStorageError(f"{day.day}: other tasks keep writing this day; search when they have finished")


def usable(audited: AuditedDay) -> Mapping[str, Any]:
    """Return the result of a day's manifest.

    :raises DayUnusable: the manifest cannot be used, or is gone
    """
    if audited.result is None:
        raise DayUnusable(f"{audited.day} {audited.problem or 'has no manifest any more'}")
    return audited.result
