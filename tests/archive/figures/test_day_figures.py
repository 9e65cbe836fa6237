"""The figures of a day from its manifest: what an earlier release did not count is not known, never zero."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.archive.figures.day_figures import DayFigures, SegmentCounts, figures_of
from airflow_provider_dysms.archive.figures.state_counts import StateCounts
from airflow_provider_dysms.storage.audited_days.audited_day import judge_manifest

DAY = date(2026, 11, 28)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
AGES = (timedelta(hours=6), timedelta(hours=24))


def result(**more: Any) -> dict[str, Any]:
    return {
        **{"send_date": str(DAY), "as_of": "2026-11-29T01:00:00Z", "settled": False, "provisional": False},
        **{"by_state": {"delivered": 8, "failed": 1, "waiting": 2}, "lines": 11, "segments": {"mainland": 12}},
        **{"by_template": {"SMS_1": {"delivered": 8}}, "failed_by_category": {"network": 1}},
        **more,
    }


def figures(snapshots: list[Any] | None = None, run: Any = None, **more: Any) -> DayFigures:
    manifest = {"version": 1, "result": result(**more), "run": run or {}, "snapshots": snapshots or []}
    return figures_of(judge_manifest(DAY, manifest, "file:///out/_manifests/x.json", NOW))


def test_a_manifest_of_an_earlier_release_leaves_figures_open() -> None:
    found = figures()
    assert found.latest is not None
    assert found.latest.counts == StateCounts(8, 1, 2)
    assert found.latest.group("template_code", "SMS_1") == StateCounts(8)
    assert found.latest.group("template_code", "SMS_2") == StateCounts()
    assert found.latest.group("country", "CN") is None
    assert (found.latest.failed_by_fault, found.failed_by_code, found.all_latency) == (None, None, None)
    assert found.waiting_by_age(AGES) is None
    assert found.segments == {"mainland": SegmentCounts(12, None)}


def test_everything_that_a_manifest_counts_is_read() -> None:
    earlier = {"as_of": "2026-11-28T18:00:00Z", "by_state": {"delivered": 3}}
    found = figures(
        [earlier],
        {"statistics": {"mainland": {"total": 13}, "international": {"refused": "Forbidden"}}},
        by_country={"CN": {"delivered": 8, "missing": 1}},
        failed_by_fault={"carrier": 1},
        failed_by_code={"MC:0055": 1},
        latency={"by_template": {"SMS_1": {"5": 6}, "": {"5": 1, "10": 1}}, "by_country": {"CN": {"5": 8}}},
        waiting_by_hour={"2026-11-29T05": 1, "2026-11-28T03": 2, "": 4},
    )
    assert [each.counts.delivered for each in found.audits] == [3, 8]
    assert [each.age / timedelta(hours=1) for each in found.audits] == [2, 9]
    assert found.all_latency is not None
    assert found.all_latency.total == 8
    assert found.latest is not None
    assert found.latest.group("country", "CN") == StateCounts(8, missing=1)
    assert found.segments["mainland"] == SegmentCounts(12, 13)
    # In Beijing it is 09:00: the middles of the hours are 3.5 and 29.5 hours back.
    assert found.waiting_by_age(AGES) == [1, 0, 6]


@pytest.mark.parametrize(
    "broken",
    [
        {"by_state": None},
        {"by_state": 7},
        {"as_of": "now"},
        {"by_template": ["x"]},
        {"latency": {"by_template": {"a": {"x": 1}}}},
    ],
)
def test_a_manifest_with_other_things_in_it_is_a_problem_of_its_day_alone(broken: Any) -> None:
    found = figures(**broken)
    assert found.latest is None
    assert found.problem is not None
    assert "file:///out/_manifests/x.json" in found.problem


def test_a_day_without_a_manifest_has_no_figures() -> None:
    found = figures_of(judge_manifest(DAY, None, "x", NOW))
    assert (found.state, found.latest, found.problem) == ("missing", None, None)
