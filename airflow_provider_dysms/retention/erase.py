"""Erases people from every partition of an archive, and leaves a record that says when and how many, not who.

1. The record is written: from now on, audits leave the people out.
2. The checkpoints of unfinished audits are removed; their retries ask again.
3. Each partition with rows of the people is written again and committed whole, with true counts.
4. Partitions that were written meanwhile are searched again, until none was, and none was being committed when the
   search began: see :mod:`.commit_marks`.
5. The record is finished.

An erasure that is killed at any point is finished by a second run with the same people: it takes up the same record,
and the counts in the manifests make its sums the same.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.retention import erasure_records
from airflow_provider_dysms.retention.commit_marks import PartitionBusy, erasure_writer, marks_of_others
from airflow_provider_dysms.retention.erase_partition import NotSearched, erase_partition, key_of
from airflow_provider_dysms.retention.list_partitions import list_partitions
from airflow_provider_dysms.retention.pending_commit import finish_pending_commits
from airflow_provider_dysms.retention.people import People
from airflow_provider_dysms.retention.recount import counts_of
from airflow_provider_dysms.storage.checkpoints import FOLDER as CHECKPOINTS
from airflow_provider_dysms.storage.manifest import ManifestUnreadable
from airflow_provider_dysms.storage.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.model.choices import Erasure
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.storage.object_store.store import Store

#: Numbers of one erasure: each row is compared with all of them.
MAX_PEOPLE = 100

#: How often the archive is searched while other tasks write it.
MAX_PASSES = 5

#: Seconds for which an erasure waits for tasks that commit partitions, and between two looks, on average.
MAX_WAIT = 60.0
POLL_INTERVAL = 0.5

#: Entries of a record that its summary has, in this order.
_SUMMARY = ("begun_at", "finished_at", "through", "mode", "people", "partitions", "changed", "rows", "cells")

#: Partitions that an error names.
MAX_NAMED = 5


class ErasureIncomplete(DysmsStorageError):
    """People may still be in the archive; the erasure is not finished."""

    remedy = "Then erase the same people again: it goes on with the same record."


def erase_people(
    output_uri: str,
    phone_numbers: Sequence[str],
    *,
    mode: Erasure,
    privacy_key: PrivacyKey,
    log: Any,
) -> dict[str, Any]:
    """Remove or hash the rows of people in all partitions of an archive.

    :param output_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``
    :param phone_numbers: the numbers of the people, as the API takes them: 1 to 100
    :param mode: ``remove`` the rows, or keep them with a ``hash`` in the place of the number
    :param privacy_key: of the connection's ``privacy_secret``
    :param log: logger for what people should know
    :returns: ``record`` (its key below ``output_uri``), ``begun_at``, ``finished_at``, ``through`` (the last day for
        which audits leave the people out), ``mode``, the number of ``people``, of ``partitions`` that were searched, of
        ``changed`` partitions, and of the ``rows``, and ``cells`` of other rows, that were erased
    :raises DysmsInputError: an argument cannot be used, or a partition is hashed with an unknown secret; nothing was
        erased
    :raises ErasureIncomplete: a partition could not be searched; the others were
    :raises DysmsStorageError: the store does not answer, or other tasks keep writing
    """
    if not 1 <= len(set(phone_numbers)) <= MAX_PEOPLE:
        raise DysmsInputError("phone_numbers", f"must be 1 to {MAX_PEOPLE} numbers, not {len(set(phone_numbers)):,}")
    people = People(phone_numbers, privacy_key)
    root = Partition.resolve(output_uri, partition="erasure")
    names = list_partitions(root.store)
    _check_keys(root, names, privacy_key)
    now = datetime.now(UTC)
    key, record = erasure_records.find_unfinished(root.store, people, mode) or erasure_records.new_record(
        people, mode, now
    )
    erasure_records.write_record(root.store, key, record)
    manifests = _erase_all(root, people, mode, _id_of(key), log)
    if remaining := _tidy(root.store, names):
        raise ErasureIncomplete(
            f"{root.uris['output_uri']} has {len(remaining)} unfinished files of tasks that write now, or were killed "
            f"within the last hour, the first of them {remaining[0]}; wait for an hour"
        )
    root.store.tidy(erasure_records.FOLDER)
    if not manifests:
        log.warning("%s has no partition, so nothing was searched; check output_uri", root.uris["output_uri"])
    finished = _finished(record, manifests, _id_of(key))
    erasure_records.write_record(root.store, key, finished)
    log.info(
        "%s: %d rows and %d cells of other rows in %d of %d partitions; the record is %s",
        "Removed" if mode == "remove" else "Hashed",
        *(finished[name] for name in ("rows", "cells", "changed", "partitions")),
        key,
    )
    return {"record": key, **{name: finished[name] for name in _SUMMARY}}


def _check_keys(root: Partition, names: Mapping[str, Sequence[str]], key: PrivacyKey) -> None:
    """Refuse an archive of which a part is hashed with an unknown secret, before anything is erased."""
    for name in names:
        try:
            manifest = dataclasses.replace(root, name=name).read_manifest()
        except ManifestUnreadable:
            continue  # it is named when the others have been searched
        if manifest is not None and key_of(manifest["result"], key) is None:
            needed = manifest["result"]["parameters"]["hashed_by"]
            raise DysmsInputError(
                "privacy_secret",
                f"of the connection is not the one that {name} is hashed with (fingerprint {needed}), so people cannot "
                "be found there; put that secret into privacy_secret_previous",
            )


def _erase_all(root: Partition, people: People, mode: Erasure, erasure: str, log: Any) -> dict[str, Manifest]:
    """Erase people from every partition, and return the manifests that are committed then."""
    done: dict[str, Manifest] = {}
    writer, passes, give_up_at = erasure_writer(erasure), 0, time.monotonic() + MAX_WAIT
    while passes < MAX_PASSES:
        busy = {mark.partition for mark in marks_of_others(root.store, writer)}  # before the look at the partitions
        finish_pending_commits(root, writer)
        _clear_checkpoints(root.store, log)
        problems: dict[str, str] = {}
        is_stable = True
        for name in list_partitions(root.store):
            partition = dataclasses.replace(root, name=name)
            if name in done and done[name] == partition.read_manifest():
                continue
            is_stable = False
            try:
                done[name] = erase_partition(partition, people, mode, erasure)
            except PartitionBusy:
                busy.add(name)
            except NotSearched as error:
                problems[name] = error.message
        if problems:
            named = "; ".join(f"{name} {problem}" for name, problem in list(problems.items())[:MAX_NAMED])
            raise ErasureIncomplete(
                f"{len(problems)} of {len(problems) + len(done)} partitions could not be searched: {named}"
            )
        if is_stable and not busy:
            return done
        if busy:
            _wait_for(busy, give_up_at)
        else:
            passes += 1
    raise ErasureIncomplete(
        f"{root.uris['output_uri']}: other tasks kept writing partitions; wait until they have finished"
    )


def _wait_for(busy: set[str], give_up_at: float) -> None:
    """Wait before the next look at partitions that other tasks commit.

    :raises ErasureIncomplete: they have done so for too long
    """
    if time.monotonic() > give_up_at:
        raise ErasureIncomplete(
            f"audits or other erasures commit {', '.join(sorted(busy)[:MAX_NAMED])}, or were killed there within the "
            "last hour; wait until they, or their retries, have finished"
        )
    time.sleep(secrets.SystemRandom().uniform(0.5, 1.5) * POLL_INTERVAL)


def _clear_checkpoints(store: Store, log: Any) -> None:
    """Remove the results that audits have saved for their retries: they have numbers, and can be asked for again."""
    if found := store.keys(CHECKPOINTS):
        log.info("%d checkpoints of unfinished audits are removed; their retries ask again", len(found))
        for key in found:
            store.remove(key)


def _tidy(store: Store, names: Mapping[str, Sequence[str]]) -> list[str]:
    """Remove what killed writers left in the partitions, and return what may still be written."""
    return [key for name in names for key in store.tidy(name)]


def _finished(record: erasure_records.Record, manifests: Mapping[str, Manifest], erasure: str) -> dict[str, Any]:
    counts = [counts_of(manifest["result"], erasure) for manifest in manifests.values()]
    return {
        **record,
        "finished": True,
        "finished_at": iso_utc(datetime.now(UTC), "seconds"),
        "partitions": len(manifests),
        "changed": sum(any(each) for each in counts),
        "rows": sum(rows for rows, _ in counts),
        "cells": sum(cells for _, cells in counts),
    }


def _id_of(key: str) -> str:
    return key.rpartition("-")[2].removesuffix(".json")
