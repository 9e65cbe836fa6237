"""Which days a catch-up audits, in which order, and what its log says about the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from support.manifests import PARTITION, put_manifest

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.operators.find_unsettled import find_unsettled

NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)  # noon in Beijing
TODAY = date(2026, 11, 28)
YESTERDAY = TODAY - dates.DAY
WINDOW = [TODAY - age * dates.DAY for age in range(30, 0, -1)]
LAST_CHANCE = WINDOW[0]


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., list[date]]:
    def run(**arguments: Any) -> list[date]:
        given: dict[str, Any] = {
            **{"output_uri": f"file://{tmp_path}/out", "through": YESTERDAY, "lookback_days": 30, "limit": None},
            **{"partition": PARTITION, "sent_uri": None, "now": NOW, "log": logging.getLogger(__name__)},
        }
        return find_unsettled(**{**given, **arguments})

    return run


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_first_run_audits_the_whole_window(find: Callable[..., list[date]]) -> None:
    assert find() == [LAST_CHANCE, YESTERDAY, *WINDOW[1:-1]]


def test_settled_days_are_sealed_and_the_others_come_in_order(
    find: Callable[..., list[date]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    states = {
        WINDOW[0]: {"settled": False, "open": 1},
        WINDOW[7]: {"settled": False, "open": 2},
        WINDOW[3]: {"settled": False},
        YESTERDAY: {"settled": False, "provisional": True},
    }
    for day in WINDOW:
        if day != WINDOW[20]:
            put_manifest(tmp_path / "out", day, **states.get(day, {}))
    assert find() == [LAST_CHANCE, YESTERDAY, WINDOW[3], WINDOW[7], WINDOW[20]]
    assert "The days from 2026-10-29 to 2026-11-27: 1 missing, 1 provisional, 25 settled, 3 unsettled" in caplog.text
    assert "2026-10-29 (unsettled), 2026-11-27 (provisional), 2026-11-01 (unsettled)" in caplog.text
    assert "WARNING" not in caplog.text


def test_a_window_that_is_settled_leaves_nothing(
    find: Callable[..., list[date]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for day in WINDOW:
        put_manifest(tmp_path / "out", day)
    assert find() == []
    assert "Nothing is left to audit: every day is settled" in caplog.text


def test_a_limit_keeps_the_most_urgent_days_and_names_the_others(
    find: Callable[..., list[date]], caplog: pytest.LogCaptureFixture
) -> None:
    assert find(limit=3) == [LAST_CHANCE, YESTERDAY, WINDOW[1]]
    assert "The limit leaves 27 days for the next run: 2026-10-31, 2026-11-01" in caplog.text
    assert find(limit=30) == find(limit=1024) == find()


@pytest.mark.parametrize("lookback_days", [1, 2, 29, 30])
def test_days_are_counted_back_from_the_last_one(find: Callable[..., list[date]], lookback_days: int) -> None:
    found = find(lookback_days=lookback_days)
    assert sorted(found) == WINDOW[-lookback_days:]
    assert (found[0] == LAST_CHANCE) == (lookback_days == 30)


def test_a_day_without_a_send_log_is_named_and_waits(
    find: Callable[..., list[date]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for day in (WINDOW[3], WINDOW[5]):
        (tmp_path / f"{day:%Y%m%d}.csv").touch()
    sent_uri = f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv"
    assert find(sent_uri=sent_uri) == [WINDOW[3], WINDOW[5]]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings[0].startswith("28 days without a send log must wait for the next run: 2026-10-29, 2026-10-30")
    assert warnings[1:] == ["The service forgets 2026-10-29 after today, and its send log is missing"]


def test_days_without_a_log_use_up_no_limit(find: Callable[..., list[date]], tmp_path: Path) -> None:
    (tmp_path / f"{WINDOW[9]}").mkdir()
    (tmp_path / f"{WINDOW[9]}/part.csv").touch()
    (tmp_path / f"{WINDOW[8]}").mkdir()  # of which no file has been written yet
    (tmp_path / f"{WINDOW[8]}/_part.csv").touch()
    assert find(sent_uri=f"file://{tmp_path}/{{send_date:%Y-%m-%d}}", limit=1) == [WINDOW[9]]
    assert find(sent_uri=f"file://{tmp_path}/{{send_date:%Y-%m-%d}}/*.csv", limit=1) == [WINDOW[9]]


def test_a_settled_day_needs_no_log(find: Callable[..., list[date]], tmp_path: Path, caplog: Any) -> None:
    for day in WINDOW:
        put_manifest(tmp_path / "out", day)
    assert find(sent_uri=f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv") == []
    assert "send log" not in caplog.text


def test_a_limit_that_leaves_out_the_last_chance_is_warned_of(
    find: Callable[..., list[date]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sent_uri = f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv"
    (tmp_path / f"{YESTERDAY:%Y%m%d}.csv").touch()
    assert find(sent_uri=sent_uri, limit=1) == [YESTERDAY]
    assert "The service forgets 2026-10-29 after today, and its send log is missing" in caplog.text


def test_a_damaged_manifest_is_named_and_its_day_is_audited(
    find: Callable[..., list[date]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for day in WINDOW:
        put_manifest(tmp_path / "out", day)
    put_manifest(tmp_path / "out", WINDOW[4], b"{")
    assert find() == [WINDOW[4]]
    assert "2026-11-02 counts as unsettled: it has a manifest that is damaged" in caplog.text


def test_today_may_be_asked_for_and_stays_provisional(find: Callable[..., list[date]], tmp_path: Path) -> None:
    assert sorted(find(through=TODAY))[-1] == TODAY
    assert find(through=TODAY)[:2] == [TODAY, WINDOW[1]]


def test_a_day_to_come_is_refused(find: Callable[..., list[date]]) -> None:
    with pytest.raises(DysmsInputError, match=r"^through \(2026-11-29\) is in the future; in Beijing it is 2026-11-28"):
        find(through=TODAY + dates.DAY)


def test_a_past_run_has_the_days_of_its_own_span_that_are_remembered(find: Callable[..., list[date]]) -> None:
    assert find(through=WINDOW[2]) == [WINDOW[0], WINDOW[2], WINDOW[1]]
    assert find(through=LAST_CHANCE) == [LAST_CHANCE]
    assert find(through=WINDOW[9], lookback_days=2) == [WINDOW[9], WINDOW[8]]


def test_days_that_have_left_the_window_are_skipped_with_a_reason(find: Callable[..., list[date]]) -> None:
    with pytest.raises(AirflowSkipException, match=r"does not remember 2026-10-28 .* its records begin at 2026-10-29"):
        find(through=LAST_CHANCE - dates.DAY)


def test_midnight_in_beijing_moves_the_window(find: Callable[..., list[date]]) -> None:
    midnight = dates.day_start(TODAY)
    assert find(now=midnight - timedelta(seconds=1), through=YESTERDAY)[:2] == [YESTERDAY, LAST_CHANCE]
    assert find(now=midnight)[:2] == [LAST_CHANCE, YESTERDAY]


def test_a_store_that_does_not_answer_fails_the_task(
    find: Callable[..., list[date]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr("airflow_provider_dysms.storage.object_store.local_folder.os.walk", gone)
    with pytest.raises(DysmsStorageError, match="output_uri cannot be listed"):
        find()
