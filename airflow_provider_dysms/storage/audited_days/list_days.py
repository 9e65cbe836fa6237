"""Finds out how far days have been audited: lists the manifests once, and reads only those of the days in question.

Data files are neither listed nor read: whether they still fit their manifests is what :mod:`~..verify` finds out.
"""

from __future__ import annotations

import posixpath
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.audited_days.audited_day import AuditedDay, judge_manifest, unusable_day
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.manifest import ManifestUnreadable, decode, manifest_key
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.paths import clean_uri, resolve_uri
from airflow_provider_dysms.storage.object_store.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

#: Manifests that are read at once: an object store takes tens of milliseconds for each.
MAX_READS = 8


def list_audited_days(output_uri: str, days: Iterable[date], *, partition: str, now: datetime) -> list[AuditedDay]:
    """Return how far each of some days has been audited, in the order of the days.

    A manifest that is damaged, that another release wrote in another version, or that belongs to something else makes
    its day ``unsettled`` and names the ``problem``; the other days do not depend on it.

    :param output_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``; a folder that does not exist has no
        manifests
    :param days: the days; each manifest of one of them is read
    :param partition: folder of a day below it, as the transfer takes it: ``send_date={send_date:%Y-%m-%d}``
    :param now: the current instant
    :raises DysmsInputError: an argument cannot be used, or the store refuses to list the manifests
    :raises DysmsStorageError: the store does not answer
    """
    folders = _folders(days, partition)
    root = resolve_uri(output_uri, "output_uri")
    uri = clean_uri(root).rstrip("/")
    store = GuardedStore(open_store(root), "output_uri", uri)
    keys = {day: manifest_key(folder) for day, folder in folders.items()}
    written = set(store.keys(_common_folder(keys.values()))) if keys else set()

    def read(day: date) -> AuditedDay:
        return _read(store, day, folders[day], f"{uri}/{keys[day]}", now, is_written=keys[day] in written)

    with ThreadPoolExecutor(MAX_READS, "dysms-manifests") as pool:
        return list(pool.map(read, folders))


def _folders(days: Iterable[date], partition: str) -> dict[date, str]:
    """Return the folder of each day.

    :raises DysmsInputError: two days have the same one
    """
    folders: dict[date, str] = {}
    owners: dict[str, date] = {}
    for day in days:
        folder = render_day(partition, day, "partition")
        other = owners.setdefault(folder, day)
        if other != day:
            raise DysmsInputError(
                "partition",
                f"gives {other} and {day} the same folder; put the day into it, as in send_date={{send_date:%Y-%m-%d}}",
            )
        folders[day] = folder
    return folders


def _common_folder(keys: Iterable[str]) -> str:
    """Return the narrowest folder that has the manifests of all days, such as that of the year."""
    return posixpath.commonpath([posixpath.dirname(key) for key in keys])


def _read(store: Store, day: date, folder: str, manifest_uri: str, now: datetime, *, is_written: bool) -> AuditedDay:
    try:
        stored = store.read(manifest_key(folder)) if is_written else None
        return judge_manifest(day, decode(stored, folder), manifest_uri, now)
    except ManifestUnreadable:
        problem = f"has a manifest that is damaged, or that a later release wrote: {manifest_uri}; move it away"
        return unusable_day(day, problem, manifest_uri, now)
    except DysmsInputError as error:  # the store refuses this one file
        return unusable_day(day, f"has a manifest that {error.problem}", manifest_uri, now)
