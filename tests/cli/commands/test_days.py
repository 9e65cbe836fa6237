"""The list of days: how far each has been audited, and whether one needs attention."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.command_line import DAY

from airflow_provider_dysms.cli.commands.days import needs_attention
from airflow_provider_dysms.model.dates import DAY as ONE_DAY
from airflow_provider_dysms.model.dates import WINDOW_DAYS
from airflow_provider_dysms.storage.audited_days.audited_day import AuditedDay, DayState

Run = Callable[..., Any]
TODAY = DAY + ONE_DAY


def audited(folder: Path, days_ago: int, **result: Any) -> None:
    day = TODAY - timedelta(days=days_ago)
    facts = {"data": f"send_date={day}/part-0.jsonl", "bytes": 1, "sha256": "0", "send_date": day.isoformat()}
    figures = {"rows": 5, "lines": 5, "open": 0, "missing": 0, "unlogged": 0, "settled": True, "provisional": False}
    manifest = {"version": 1, "run": {}, "result": {**facts, **figures, **result}}
    path = folder / f"_manifests/send_date={day}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(manifest))


def test_each_day_of_the_window_has_a_row_the_oldest_first(airflow_dysms: Run, tmp_path: Path) -> None:
    audited(tmp_path, 3)
    audited(tmp_path, 2, settled=False, open=2)
    audited(tmp_path, 1, settled=False, provisional=True)
    ended = airflow_dysms("days", "--output-uri", tmp_path, "--lookback-days", "4", "-o", "json")
    rows = json.loads(ended.out)
    assert [row["state"] for row in rows] == ["missing", "settled", "unsettled", "provisional"]
    assert [row["days_left"] for row in rows] == [26, 27, 28, 29]
    assert rows[-1]["day"] == DAY.isoformat()
    assert (rows[2]["rows"], rows[2]["open"]) == (5, 2)
    missing = TODAY - timedelta(days=4)
    assert (ended.code, ended.err) == (1, f"These days need an audit: {missing}.\n")


def test_unsettled_leaves_out_what_is_settled(airflow_dysms: Run, tmp_path: Path) -> None:
    audited(tmp_path, 2)
    ended = airflow_dysms("days", "--output-uri", tmp_path, "--lookback-days", "2", "--unsettled", "-o", "json")
    assert [row["day"] for row in json.loads(ended.out)] == [DAY.isoformat()]
    assert ended.code == 0
    audited(tmp_path, 1)
    ended = airflow_dysms("days", "--output-uri", tmp_path, "--lookback-days", "2", "--unsettled")
    assert (ended.out, ended.code) == ("Every day is settled.\n", 0)


def test_the_default_is_every_day_up_to_yesterday(airflow_dysms: Run, tmp_path: Path) -> None:
    rows = json.loads(airflow_dysms("days", "--output-uri", tmp_path, "-o", "json").out)
    assert (len(rows), rows[0]["days_left"], rows[-1]["day"]) == (WINDOW_DAYS, 0, DAY.isoformat())


def test_a_damaged_manifest_is_named(airflow_dysms: Run, tmp_path: Path) -> None:
    audited(tmp_path, 2)
    (tmp_path / f"_manifests/send_date={TODAY - 2 * ONE_DAY}.json").write_text("{")
    ended = airflow_dysms("days", "--output-uri", tmp_path, "--lookback-days", "2", "-o", "plain")
    assert "damaged" in ended.out
    assert ended.code == 1


@pytest.mark.parametrize(
    ("state", "days_ago", "needs"),
    [
        ("settled", 30, False),
        ("missing", 2, True),
        ("missing", 1, False),  # its audit may not have run yet
        ("provisional", 2, True),
        ("unsettled", 2, False),  # receipts take up to three days
        ("unsettled", 28, False),
        ("unsettled", 29, True),
        ("unsettled", 30, True),
    ],
)
def test_a_day_needs_attention_if_it_was_left_out_or_is_about_to_leave(
    state: DayState, days_ago: int, needs: bool
) -> None:
    day = TODAY - timedelta(days=days_ago)
    found = AuditedDay(day=day, state=state, days_left=WINDOW_DAYS - days_ago, manifest_uri="")
    assert needs_attention(found, TODAY) is needs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--lookback-days", "0"), "--lookback-days must be a number of days from 1 to 31"),
        (("--lookback-days", "32"), "--lookback-days must be a number of days from 1 to 31"),
        (("--through", "soon"), "--through is not a date"),
        (("--through", "2999-01-01"), "--through must be a day from"),
        (("--through", "2020-01-01"), "--through must be a day from"),
        (("--partition", "daily"), "--partition gives"),
    ],
)
def test_a_wrong_argument_is_code_2(airflow_dysms: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = airflow_dysms("days", "--output-uri", tmp_path, *arguments)
    assert ended.code == 2
    assert ended.err.startswith(said)
