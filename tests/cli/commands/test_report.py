"""The report as a command: a table, JSON, and a page in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.command_line import DAY
from support.huawei_days import write_huawei_day
from support.simulated_archive import SimulatedArchive, month_with_incidents

from airflow_provider_dysms.archive.figures.read_figures import days_through
from airflow_provider_dysms.model.dates import day_start

Run = Callable[..., Any]


@pytest.fixture
def month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the manifests of a month with incidents below ``out``."""
    now = day_start(DAY) + timedelta(days=1, hours=9, minutes=30)
    SimulatedArchive(incidents=month_with_incidents(DAY)).write(tmp_path / "out", days_through(DAY, 30), now=now)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_table_has_a_row_per_day_and_the_sentences(airflow_dysms: Run, month: Path) -> None:
    ended = airflow_dysms("report", "--output-uri", "out")
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert sum(line.startswith(("2025-", "2026-", "2027-")) for line in lines) == 30
    assert "Template SMS_100000003 delivered" in lines[-3]
    assert "a holiday, or a sender that stood still" in lines[-1]
    assert not list(month.glob("*.html"))


def test_json_has_the_figures_as_numbers(airflow_dysms: Run, month: Path) -> None:
    ended = airflow_dysms("report", "--output-uri", "out", "--days", "7", "--output", "json")
    found = json.loads(ended.out)
    assert found["send_date"] == str(DAY)
    assert len(found["days"]) == 7
    assert 0.5 < found["delivered_share"] < found["usual_delivered_share"] < 1
    assert [each["kind"] for each in found["findings"]] == ["template"]


@pytest.mark.parametrize(("language", "word"), [("en", "What is wrong"), ("zh", "异常情况")])
def test_the_page_goes_to_a_file(airflow_dysms: Run, month: Path, language: str, word: str) -> None:
    (month / "report.html").write_text("old")
    ended = airflow_dysms("report", "--output-uri", "out", "--html", "report.html", "--language", language)
    assert ended.code == 0
    assert word in (month / "report.html").read_text("utf-8")
    assert sorted(path.name for path in month.iterdir()) == ["out", "report.html"]


def test_days_from_receipts_alone_are_named_and_their_missing_messages_not_counted(
    airflow_dysms: Run, tmp_path: Path
) -> None:
    write_huawei_day(tmp_path, f"file://{tmp_path}/out", DAY)
    ended = airflow_dysms("report", "--output-uri", tmp_path / "out", "--days", "1")
    assert ended.out.splitlines()[-2].startswith("From receipts alone, so that states are not cross-checked")
    found = json.loads(airflow_dysms("report", "--output-uri", tmp_path / "out", "--days", "1", "--output", "json").out)
    assert (found["receipts_alone_days"], found["days"][0]["missing"]) == ([str(DAY)], None)


def test_a_day_that_was_not_audited_ends_with_one(airflow_dysms: Run, tmp_path: Path) -> None:
    ended = airflow_dysms("report", "--output-uri", tmp_path, "--days", "2")
    assert (ended.code, ended.err) == (1, f"{DAY} has not been audited.\n")


@pytest.mark.parametrize(
    "options", [("--days", "0"), ("--days", "93"), ("--html", "none/report.html/x"), ("--send-date", "now")]
)
def test_a_wrong_option_is_named(airflow_dysms: Run, month: Path, options: tuple[str, str]) -> None:
    (month / "none").write_text("a file, not a folder")
    ended = airflow_dysms("report", "--output-uri", "out", *options)
    assert ended.code == 2
    assert options[0] in ended.err
