"""A checkpoint is read by the retry of the same task with the same log, in time; everything else is ignored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage.checkpoints import Checkpoints

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OWNER = ("dag", "run", "task", -1)


def checkpoints(store: Any, **other: Any) -> Checkpoints:
    arguments = {"owner": OWNER, "digest": "log", "now": NOW, "resume_within": 60.0, **other}
    return Checkpoints(store, arguments.pop("owner"), arguments.pop("digest"), **arguments)


@pytest.fixture
def written(light_place: Any) -> Any:
    first = checkpoints(light_place.store)
    first.write([(1, b"a"), (2, b"b")])
    first.write([(3, b"c")])
    return light_place


def test_a_retry_reads_what_earlier_attempts_wrote_and_goes_on(written: Any) -> None:
    retry = checkpoints(written.store, now=NOW + timedelta(seconds=59))
    assert list(retry.read()) == [(1, b"a"), (2, b"b"), (3, b"c")]
    assert retry.as_of == NOW
    retry.write([(4, b"d")])
    third = checkpoints(written.store, now=NOW + timedelta(seconds=59))
    assert [number for number, _ in third.read()] == [1, 2, 3, 4]
    assert len(written.files()) == 3
    assert all(key.startswith(f"{third.folder}/20260102T030405000000-") for key in written.files())
    assert all(key.endswith(".segment") for key in written.files())


@pytest.mark.parametrize(
    "other",
    [
        {"owner": ("dag", "run", "task", 0)},
        {"digest": "another log"},
        {"now": NOW + timedelta(seconds=60)},
        {"now": NOW - timedelta(seconds=60)},
        {"resume_within": 0},
    ],
    ids=["owner", "digest", "too late", "too early", "off"],
)
def test_other_tasks_logs_and_times_find_nothing(written: Any, other: dict[str, Any]) -> None:
    retry = checkpoints(written.store, **other)
    assert list(retry.read()) == []
    assert retry.as_of == other.get("now", NOW)
    assert retry.is_enabled is (other.get("resume_within") != 0)


def test_only_one_series_of_attempts_is_read(written: Any) -> None:
    checkpoints(written.store, now=NOW + timedelta(seconds=1)).write([(9, b"later")])
    assert [number for number, _ in checkpoints(written.store).read()] == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"torn", b"x\x9c"])
def test_a_torn_file_is_ignored_and_the_others_are_read(written: Any, content: bytes) -> None:
    first, _ = sorted(written.files())
    written.put(first, content)
    written.put(f"{checkpoints(written.store).folder}/.temporary", b"x")
    assert list(checkpoints(written.store).read()) == [(3, b"c")]


@pytest.mark.parametrize(
    ("error", "is_raised"), [(DysmsInputError("output_uri", "x"), False), (DysmsStorageError("x"), True)]
)
def test_a_file_that_may_not_be_read_is_ignored_and_an_outage_is_raised(
    written: Any, error: Exception, is_raised: bool
) -> None:
    steps = written.steps()

    def fail(verb: str, key: str) -> None:
        if verb == "read":
            raise error

    steps.before = fail
    if is_raised:
        with pytest.raises(DysmsStorageError):
            list(checkpoints(steps).read())
    else:
        assert list(checkpoints(steps).read()) == []


def test_only_its_own_folder_is_cleared(written: Any) -> None:
    checkpoints(written.store, owner=("other",)).write([(1, b"a")])
    checkpoints(written.store).clear()
    assert [key.rpartition("/")[0] for key in written.files()] == [checkpoints(written.store, owner=("other",)).folder]
