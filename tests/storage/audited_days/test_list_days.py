"""Days of an output are told by one listing of the manifests, and by reading those of the days in question alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.crash.places import Place
from support.manifests import PARTITION, key_of, manifest, put_manifest

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.audited_days import list_days
from airflow_provider_dysms.storage.audited_days.list_days import list_audited_days
from airflow_provider_dysms.storage.object_store.store import open_store

NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)
LAST = date(2026, 11, 27)
WINDOW = dates.remembered_days(LAST, 30, NOW)


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.listed: list[str] = []
        self.read_keys: list[str] = []

    def keys(self, folder: str) -> list[str]:
        self.listed.append(folder)
        found: list[str] = self._store.keys(folder)
        return found

    def read(self, key: str) -> Any:
        self.read_keys.append(key)
        return self._store.read(key)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> list[Counting]:
    made: list[Counting] = []

    def make(root: Any) -> Counting:
        made.append(Counting(open_store(root)))
        return made[-1]

    monkeypatch.setattr(list_days, "open_store", make)
    return made


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    return partial(put_manifest, tmp_path)


def listed(folder: Path, days: list[date] = WINDOW, partition: str = PARTITION) -> dict[date, Any]:
    found = list_audited_days(f"file://{folder}", days, partition=partition, now=NOW)
    assert [each.day for each in found] == days
    return {each.day: each for each in found}


def test_a_day_is_missing_provisional_unsettled_or_settled(tmp_path: Path, put: Callable[..., Path]) -> None:
    put(WINDOW[0], rows=7, lines=6, unlogged=1, missing=0)
    put(WINDOW[1], settled=False, open=2)
    put(LAST, settled=False, provisional=True)
    days = listed(tmp_path)
    assert [days[day].state for day in (WINDOW[0], WINDOW[1], WINDOW[2], LAST)] == [
        *("settled", "unsettled", "missing", "provisional")
    ]
    oldest = days[WINDOW[0]]
    assert oldest.is_settled
    assert oldest.as_dict() == {
        "day": "2026-10-29",
        "state": "settled",
        "days_left": 0,
        "manifest_uri": f"file://{tmp_path}/_manifests/send_date=2026-10-29.json",
        "rows": 7,
        "lines": 6,
        "open": 0,
        "missing": 0,
        "unlogged": 1,
        "as_of": "2026-11-28T00:00:00Z",
        "problem": None,
    }
    assert (days[WINDOW[2]].rows, days[WINDOW[2]].days_left) == (None, 2)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "damaged, or that a later release wrote"),
        (b"", "damaged, or that a later release wrote"),
        (json.dumps({**json.loads(manifest(LAST)), "version": 2}).encode(), "a later release wrote"),
        (manifest(LAST, send_date="2025-11-27"), "of another day"),
        (manifest(LAST, settled=None), "not one of an audit"),
        (manifest(LAST, settled="true"), "not one of an audit"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named_and_hurts_no_other_day(
    tmp_path: Path, put: Callable[..., Path], content: bytes, problem: str
) -> None:
    put(LAST, content)
    put(WINDOW[5])
    days = listed(tmp_path)
    assert days[LAST].state == "unsettled"
    assert problem in days[LAST].problem
    assert days[LAST].rows is None
    assert days[WINDOW[5]].state == "settled"


def test_a_manifest_that_may_not_be_read_is_named_too(tmp_path: Path, put: Callable[..., Path]) -> None:
    path = put(LAST)
    path.unlink()
    path.symlink_to(tmp_path / "loop.json")
    (tmp_path / "loop.json").symlink_to(path)  # this cannot be read, not even by root
    day = listed(tmp_path)[LAST]
    assert (day.state, "cannot be read" in day.problem) == ("unsettled", True)


def test_an_output_that_was_never_written_has_only_missing_days(tmp_path: Path) -> None:
    assert {day.state for day in listed(tmp_path / "nothing").values()} == {"missing"}
    assert listed(tmp_path, []) == {}


def test_there_is_one_listing_and_only_manifests_of_the_days_are_read(
    tmp_path: Path, put: Callable[..., Path], counting: list[Counting]
) -> None:
    for age in range(365):
        day = LAST - timedelta(days=age)
        put(day)
    days = listed(tmp_path)
    assert {day.state for day in days.values()} == {"settled"}
    (store,) = counting
    assert store.listed == ["_manifests"]
    assert sorted(store.read_keys) == [key_of(day) for day in WINDOW]


def test_a_layout_in_folders_lists_the_narrowest_folder(
    tmp_path: Path, put: Callable[..., Path], counting: list[Counting]
) -> None:
    layout = "account=a/year={send_date:%Y}/day={send_date:%m%d}"
    put(LAST, layout=layout)
    assert listed(tmp_path, partition=layout)[LAST].state == "settled"
    assert counting[0].listed == ["_manifests/account=a/year=2026"]


@pytest.mark.parametrize("partition", ["audit", "month={send_date:%Y-%m}"])
def test_a_partition_that_does_not_name_the_day_is_refused(tmp_path: Path, partition: str) -> None:
    with pytest.raises(DysmsInputError, match=r"partition gives 2026-10-29 and 2026-10-3.* the same folder"):
        listed(tmp_path, partition=partition)


@pytest.mark.slow
def test_a_bucket_tells_the_same(bucket: Place, counting: list[Counting]) -> None:
    for day, content in ((WINDOW[3], manifest(WINDOW[3])), (LAST, manifest(LAST, settled=False)), (WINDOW[4], b"{")):
        bucket.put(key_of(day), content)
    found = list_audited_days(bucket.uri, WINDOW, partition=PARTITION, now=NOW)
    states = {each.day: each.state for each in found if each.state != "missing"}
    assert states == {WINDOW[3]: "settled", WINDOW[4]: "unsettled", LAST: "unsettled"}
    assert "@" not in found[0].manifest_uri
    assert (len(counting[0].listed), len(counting[0].read_keys)) == (1, 3)
