"""Erasures seen by an audit: it leaves the people out, and fails if another erasure began meanwhile."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsError, DysmsStorageError
from airflow_provider_dysms.retention.commit_marks import (
    PartitionBusy,
    audit_writer,
    marks_of_others,
    remove_mark,
    write_mark,
)
from airflow_provider_dysms.retention.erasure_records import ErasedPeople, erased_people, record_keys
from airflow_provider_dysms.storage.object_store.store_errors import safe_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.storage.object_store.store import Store
    from airflow_provider_dysms.storage.partition import Partition

#: Seconds for which an audit waits for an erasure that commits the same partition, and between two looks.
MAX_WAIT = 60.0
POLL_INTERVAL = 0.2


class ErasedMeanwhile(DysmsStorageError):
    """People were erased from the archive while their day was audited."""


class Erasures:
    """The erasures that concern the audit of a day.

    :param store: at ``output_uri``
    :param day: the Beijing day
    :param read_key: returns the key of the connection's ``privacy_secret``; it is called only if there are erasures
    :raises DysmsInputError: a record cannot be read, or its digests were made with another secret
    :raises DysmsStorageError: the store does not answer
    """

    def __init__(self, store: Store, day: date, read_key: Callable[[], PrivacyKey]) -> None:
        self._store = store
        self._day = day
        self._keys = record_keys(store, day)
        #: The people who are left out; ``None`` if nobody is.
        self.people: ErasedPeople | None = erased_people(store, self._keys, read_key()) if self._keys else None

    @contextmanager
    def commit(
        self, partition: Partition, previous: Manifest | None, owner: Sequence[object] | None, log: Any
    ) -> Iterator[None]:
        """Keep erasures away from the commit that is made inside this context, see :mod:`.commit_marks`.

        :param previous: the manifest of the rows that the audit has taken over; ``None`` if there was none
        :param owner: DAG, run, task and map index; ``None`` outside of a run
        :param log: the task's logger
        :raises ErasedMeanwhile: an erasure has begun, or has changed the partition, since the audit began: the rows may
            have people who must not be in them
        :raises PartitionBusy: an erasure commits the partition, or was killed there
        """
        writer = audit_writer(owner)
        key = write_mark(self._store, partition.name, writer)
        try:
            self._wait_for_eraser(partition, writer)
            self._check(partition, previous)
            yield
            self._check(partition, None)
        finally:
            try:
                remove_mark(self._store, key)
            except DysmsError as error:  # the commit is what it is; an erasure waits until the mark is an hour old
                log.warning("%s could not be removed: %s; remove it", key, safe_reason(error))

    def _check(self, partition: Partition, previous: Manifest | None) -> None:
        """Check that no erasure has begun since, and that none has changed the rows that were taken over."""
        has_begun = set(record_keys(self._store, self._day)) - set(self._keys)
        if has_begun or (previous and self._keys and _erasures_of(partition.read_manifest()) != _erasures_of(previous)):
            raise ErasedMeanwhile(
                "people were erased from the archive while their day was audited; run the task again, which leaves "
                "them out"
            )

    def _wait_for_eraser(self, partition: Partition, writer: str) -> None:
        give_up_at = time.monotonic() + MAX_WAIT
        while any(mark.is_of_erasure for mark in marks_of_others(self._store, writer, partition.name)):
            if time.monotonic() > give_up_at:
                raise PartitionBusy(
                    f"{partition.uri}: an erasure commits this partition, or was killed there within the last hour; "
                    "run the erasure again, then this task"
                )
            time.sleep(POLL_INTERVAL)


def _erasures_of(manifest: Manifest | None) -> Any:
    """Return what a manifest says of each erasure that has changed its rows."""
    return manifest and (manifest["result"].get("erased") or {}).get("erasures")
