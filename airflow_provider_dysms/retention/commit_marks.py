"""Marks of the tasks that commit a partition at this moment, so that an erasure and an audit do not undo each other.

Not every store, and no folder, can replace a file only if it is still the one that was read. But each shows a file to
everybody once it is written. So a task first writes a mark, ``_erasures/pending/<partition>/<task>.json``, then looks
who else has one, and removes its own after the commit. Of two tasks, at least the later one sees the other's mark.

- An audit that sees the mark of an erasure waits. So an erasure does not replace its rows by older ones.
- An erasure that sees another mark takes back its own, and comes again later.
- An erasure ends after a look at every partition that began when nobody had a mark. An audit whose mark is later
  sees the record of the erasure, and leaves the people out.

A mark older than an hour is that of a killed task. What remains is a task that is paused for longer than that within
its commit, and then goes on, or that goes on while the next try of it commits, because both have the same mark.
"""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_dysms.model.errors import DysmsStorageError
from airflow_provider_dysms.retention.erasure_records import FOLDER
from airflow_provider_dysms.storage.checkpoints import owner_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.storage.object_store.store import Store

PENDING = f"{FOLDER}/pending"

#: A commit takes as long as the upload of one file.
MAX_AGE = timedelta(hours=1)

_KEY = re.compile(rf"{PENDING}/(.+)/(audit|erasure)-([0-9a-f]+)\.json")

#: Entry of a mark: when it was written.
_BEGUN = "commit_begun_at"


class PartitionBusy(DysmsStorageError):
    """Another task commits the partition now."""


class Mark(NamedTuple):
    """The mark of a task. ``writer`` is what :func:`audit_writer` or :func:`erasure_writer` returned."""

    key: str
    partition: str
    writer: str

    @property
    def is_of_erasure(self) -> bool:
        return self.writer.startswith("erasure-")


def audit_writer(owner: Sequence[object] | None) -> str:
    """Return the name that an audit has in its marks.

    :param owner: DAG, run, task and map index, so that a retry removes the mark of a killed attempt; ``None`` outside
        of a run
    """
    return f"audit-{owner_digest(owner) if owner else secrets.token_hex(16)}"


def erasure_writer(erasure: str) -> str:
    """Return the name that an erasure has in its marks.

    :param erasure: its id
    """
    return f"erasure-{erasure}"


def write_mark(store: Store, partition: str, writer: str, content: Mapping[str, object] | None = None) -> str:
    """Write a mark, and return its key.

    :param content: what the mark says as well
    """
    key = f"{PENDING}/{partition}/{writer}.json"
    store.write(key, json.dumps({**(content or {}), _BEGUN: datetime.now(UTC).isoformat()}).encode())
    return key


def remove_mark(store: Store, key: str) -> None:
    """Remove a mark, and the folders that are empty then."""
    store.remove(key)
    store.tidy(key.rpartition("/")[0])


def all_marks(store: Store, partition: str | None = None) -> list[Mark]:
    """Return the marks that there are, those of killed tasks too.

    :param partition: only those of this one
    """
    keys = store.keys(PENDING if partition is None else f"{PENDING}/{partition}")
    found = [Mark(key, match[1], f"{match[2]}-{match[3]}") for key in keys if (match := _KEY.fullmatch(key))]
    return [mark for mark in found if partition in (None, mark.partition)]


def marks_of_others(store: Store, writer: str, partition: str | None = None) -> list[Mark]:
    """Return the marks of other tasks that commit now, and remove those of audits that were killed.

    :param writer: the own name
    """
    others = [mark for mark in all_marks(store, partition) if mark.writer != writer]
    now = datetime.now(UTC)
    stale = {mark for mark in others if is_stale(store.read(mark.key), now)}
    for mark in stale:
        if not mark.is_of_erasure:  # the mark of an erasure is what its commit is finished from
            remove_mark(store, mark.key)
    return [mark for mark in others if mark not in stale]


def is_stale(content: bytes | None, now: datetime) -> bool:
    """Return whether the task of a mark is over, or must have been killed.

    :param content: of the mark; ``None`` if it is gone
    """
    if content is None:
        return True
    try:
        begun = datetime.fromisoformat(json.loads(content)[_BEGUN])
        return now - begun > MAX_AGE
    except (ValueError, KeyError, TypeError):
        return False
