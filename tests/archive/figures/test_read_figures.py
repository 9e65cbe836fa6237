"""Figures are read from manifests in a folder, and from nothing else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from support.manifests import PARTITION, key_of
from support.simulated_archive import SimulatedArchive

from airflow_provider_dysms.archive.figures.read_figures import BASELINE_DAYS, days_through, read_figures
from airflow_provider_dysms.model.dates import day_start

LAST = date(2026, 11, 27)
NOW = day_start(LAST) + timedelta(days=1, hours=10)


def read(folder: Path, days: list[date], now: datetime = NOW) -> dict[date, object]:
    return dict(read_figures(f"file://{folder}", days, partition=PARTITION, now=now))


def test_days_are_read_in_order_and_one_broken_manifest_does_not_matter(tmp_path: Path) -> None:
    days = [LAST - timedelta(days=back) for back in (3, 2, 1, 0)]
    SimulatedArchive().write(tmp_path, days, now=NOW)
    (tmp_path / key_of(days[1])).write_text("{")
    (tmp_path / key_of(days[2])).unlink()
    found = read_figures(f"file://{tmp_path}", days, partition=PARTITION, now=NOW)
    assert list(found) == days
    assert [each.latest is not None for each in found.values()] == [True, False, False, True]
    assert found[days[1]].problem is not None
    assert len(found[days[0]].audits) == 4
    assert len(found[LAST].audits) == 1


def test_a_report_reads_the_weeks_before_it_too() -> None:
    days = days_through(LAST, 30)
    assert (days[-1], len(days), BASELINE_DAYS) == (LAST, 58, 28)
    assert days == sorted(days)


def test_a_folder_that_does_not_exist_has_no_days(tmp_path: Path) -> None:
    (found,) = read_figures(f"file://{tmp_path}/none", [LAST], partition=PARTITION, now=NOW).values()
    assert found.state == "missing"
