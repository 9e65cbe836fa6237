"""Marks of tasks that commit: whose they are, of which partition, and when they no longer count."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from retention.test_expire import expire
from support.known_archives import Archive

from airflow_provider_dysms.retention.commit_marks import (
    audit_writer,
    erasure_writer,
    marks_of_others,
    remove_mark,
    write_mark,
)
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder

AUDIT = audit_writer(("dag", "run", "task", -1))
ERASURE = erasure_writer("0123456789abcdef")
DAY = "send_date=2026-03-01"


@pytest.fixture
def store(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "out")


def age(store: LocalFolder, key: str, hours: float) -> None:
    begun = datetime.now(UTC) - timedelta(hours=hours)
    store.write(key, json.dumps({"commit_begun_at": begun.isoformat()}).encode())


def test_a_task_sees_the_marks_of_others_and_not_its_own(store: LocalFolder) -> None:
    write_mark(store, DAY, AUDIT)
    write_mark(store, f"{DAY}/hour=3", ERASURE)
    assert [mark.writer for mark in marks_of_others(store, "")] == [AUDIT, ERASURE]
    assert marks_of_others(store, AUDIT, DAY) == []  # that of the other partition is of no concern
    assert [mark.is_of_erasure for mark in marks_of_others(store, AUDIT)] == [True]


def test_a_retry_has_the_mark_of_its_attempt_and_another_run_has_one_of_its_own(store: LocalFolder) -> None:
    assert audit_writer(("dag", "run", "task", -1)) == AUDIT
    assert len({AUDIT, audit_writer(("dag", "run", "task", 0)), audit_writer(None), audit_writer(None)}) == 4


@pytest.mark.parametrize(("hours", "counts"), [(0.9, True), (1.1, False)])
def test_a_mark_counts_for_an_hour(store: LocalFolder, hours: float, counts: bool) -> None:
    for writer in (AUDIT, ERASURE):
        age(store, write_mark(store, DAY, writer), hours)
    assert bool(marks_of_others(store, "")) is counts
    # The commit of a killed erasure is finished from its mark.
    assert len(store.keys("_erasures")) == (2 if counts else 1)


def test_a_mark_without_a_readable_time_counts(store: LocalFolder) -> None:
    store.write(write_mark(store, DAY, AUDIT), b"torn")
    assert len(marks_of_others(store, "")) == 1


def test_nothing_is_left_of_a_mark(store: LocalFolder, tmp_path: Path) -> None:
    remove_mark(store, write_mark(store, DAY, AUDIT))
    assert not (tmp_path / "out/_erasures").exists()


def test_the_marks_of_killed_audits_go_with_the_days(archive: Archive) -> None:
    store = LocalFolder(archive.path)
    age(store, write_mark(store, DAY, AUDIT), 2)
    write_mark(store, DAY, audit_writer(None))
    expire(archive)
    assert len(store.keys("_erasures")) == 1
