"""Removes whole partitions past their time, in an order that a reader survives.

The manifest goes first: a reader that begins with manifests no longer finds the day, and one that has found it already
still has its data. Then goes the data file, at once and whole, and what a killed writer left next to it. A run that is
killed in between leaves a data file without a manifest, which the next run removes. Three more things end with time:
the checkpoints of tasks that never succeeded, the marks of audits that were killed within a commit, and the digests in
the records of erasures.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import DAY, beijing_day
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.retention.commit_marks import marks_of_others
from airflow_provider_dysms.retention.erasure_records import read_records, record_keys, write_record
from airflow_provider_dysms.retention.keep_days import MIN_KEEP_DAYS, check_keep_days
from airflow_provider_dysms.retention.list_partitions import list_partitions
from airflow_provider_dysms.storage.checkpoints import EXTENSION
from airflow_provider_dysms.storage.checkpoints import FOLDER as CHECKPOINTS
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.manifest import ManifestUnreadable, decode, manifest_key
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.paths import clean_uri, resolve_uri
from airflow_provider_dysms.storage.object_store.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

#: Days before the last day to keep whose partitions are looked for.
MAX_AGE_DAYS = 7_305

#: Longest time in which a retry may use a checkpoint.
CHECKPOINT_AGE = timedelta(hours=72)

#: Partitions that a warning names.
MAX_NAMED = 5

_CHECKPOINT = re.compile(rf"{CHECKPOINTS}/[^/]+/(\d{{8}}T\d{{6}})\d{{6}}-\d+{re.escape(EXTENSION)}")


def expire_partitions(output_uri: str, *, keep_days: int, partition: str, now: datetime, log: Any) -> dict[str, Any]:
    """Remove the partitions of days that ended more than a number of days ago.

    :param output_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``
    :param keep_days: complete Beijing days before today that are kept, 31 to 36,500
    :param partition: folder of a day below it, as the transfer takes it
    :param now: the current instant
    :param log: logger for what people should know
    :returns: ``first_kept`` day; the number of ``partitions`` that were removed, and their ``first`` and ``last`` day;
        the number of ``kept`` partitions, of ``checkpoints`` that were removed, and of records of ``erasures`` that
        lost their digests
    :raises DysmsInputError: an argument cannot be used, or the store refuses
    :raises DysmsStorageError: the store does not answer, or a partition could not be removed whole
    """
    check_keep_days("keep_days", keep_days)
    first_kept = beijing_day(now) - keep_days * DAY
    days = _expired_names(partition, first_kept)
    root = resolve_uri(output_uri, "output_uri")
    store = GuardedStore(open_store(root), "output_uri", clean_uri(root))
    found = list_partitions(store)
    refused = [name for name in found if name in days and not _is_of_day(store, name, days[name])]
    expired = {name: days[name] for name in found if name in days and name not in refused}
    if refused:
        log.warning(
            "%d partitions have the name of a day past its time, and the manifest of something else, so they stay: %s",
            len(refused),
            ", ".join(refused[:MAX_NAMED]),
        )
    marks_of_others(store, writer="")  # removes those that killed audits have left
    remaining = [key for name in expired for key in _remove_partition(store, name, found[name])]
    if remaining:
        raise DysmsStorageError(f"{remaining[0]} was left by a task less than an hour ago; run the task again later")
    return {
        "first_kept": first_kept.isoformat(),
        "partitions": len(expired),
        "first": min(expired.values()).isoformat() if expired else None,
        "last": max(expired.values()).isoformat() if expired else None,
        "kept": len(found) - len(expired),
        "checkpoints": _remove_checkpoints(store, now),
        "erasures": _forget_digests(store, beijing_day(now)),
    }


def _expired_names(partition: str, first_kept: date) -> dict[str, date]:
    """Return the folders of the days past their time.

    :raises DysmsInputError: two days have the same folder, so that a part of it could be kept
    """
    names: dict[str, date] = {}
    for age in range(MAX_AGE_DAYS):
        day = first_kept - (age + 1) * DAY
        other = names.setdefault(render_day(partition, day, "partition"), day)
        if other != day:
            raise DysmsInputError(
                "partition",
                f"gives {other} and {day} the same folder; put the day into it, as in send_date={{send_date:%Y-%m-%d}}",
            )
    for age in range(MIN_KEEP_DAYS):
        names.pop(render_day(partition, first_kept + age * DAY, "partition"), None)
    return names


def _is_of_day(store: Store, name: str, day: date) -> bool:
    """Return whether a partition is of the day in its name; one without a manifest is what a killed task left."""
    try:
        manifest = decode(store.read(manifest_key(name)), name)
    except ManifestUnreadable:
        return False
    return manifest is None or manifest["result"].get("send_date", day.isoformat()) == day.isoformat()


def _remove_partition(store: Store, name: str, data: Sequence[str]) -> list[str]:
    """Remove a partition, and return the unfinished files in it that may still be written."""
    store.remove(manifest_key(name))
    for key in data:
        store.remove(key)
    return store.tidy(name)


def _remove_checkpoints(store: Store, now: datetime) -> int:
    """Remove the checkpoints that no retry can use any more."""
    oldest = f"{now - CHECKPOINT_AGE:%Y%m%dT%H%M%S}"
    stale = [key for key in store.keys(CHECKPOINTS) if (match := _CHECKPOINT.fullmatch(key)) and match[1] < oldest]
    for key in stale:
        store.remove(key)
    for folder in {key.rpartition("/")[0] for key in stale}:
        store.tidy(folder)
    return len(stale)


def _forget_digests(store: Store, today: date) -> int:
    """Remove the digests from the records of erasures whose days the service has forgotten: no audit needs them."""
    oldest = today - MIN_KEEP_DAYS * DAY
    needed = set(record_keys(store, oldest))
    records = read_records(store, [key for key in record_keys(store) if key not in needed])
    past = [(key, record) for key, record in records if record["digests"] and record.get("finished")]
    for key, record in past:
        write_record(store, key, {**record, "digests": []})
    return len(past)
