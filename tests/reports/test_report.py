"""The sections of the report: the last day against the same weekdays, causes, groups, and what is open."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from support.simulated_archive import month_with_incidents

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.reports.delivery_report import render
from airflow_provider_dysms.reports.report import build_report
from airflow_provider_dysms.reports.span import MAX_DAYS


def test_the_last_day_is_compared_with_the_same_weekdays_at_its_age(simulated: Callable[..., Any], last: date) -> None:
    figures = simulated()
    report = build_report(figures, last)
    assert [(last - each.day).days for each in report.compared] == [7, 14, 21, 28]
    assert {round(each.audit.age / timedelta(hours=1)) for each in report.compared} == {9}
    assert report.headline is not None
    now, usual = report.headline.delivered.value, report.headline.delivered.usual
    assert now == pytest.approx(usual, abs=0.01)
    # The settled figures of those days are better: they are not what the young day is compared with.
    settled = [figures[each.day].latest.counts.delivered_share for each in report.compared]
    assert usual < min(settled) - 0.01


def test_without_a_snapshot_of_its_age_nothing_is_compared(simulated: Callable[..., Any], last: date) -> None:
    figures = {day: each if day == last else replace(each, earlier=()) for day, each in simulated().items()}
    report = build_report(figures, last)
    assert report.compared == []
    assert report.headline is not None
    assert report.headline.delivered.usual is None
    assert "No earlier Friday was audited at the same age" in render(report)


def test_causes_change_against_the_same_weekdays(simulated: Callable[..., Any], last: date) -> None:
    report = build_report(simulated(month_with_incidents(last)), last)
    assert report.causes is not None
    assert report.causes.faults is not None
    ours = {row.name: row for row in report.causes.faults}["sender"]
    assert ours.share.change == pytest.approx(0.04, abs=0.01)
    assert report.causes.categories is not None
    assert report.causes.categories[0].name == "content_rejected"
    assert report.causes.codes is not None
    assert report.causes.codes[0].name == "REJECT"


def test_templates_are_listed_by_size_with_their_change(simulated: Callable[..., Any], last: date) -> None:
    report = build_report(simulated(month_with_incidents(last)), last)
    assert report.templates is not None
    assert [row.name for row in report.templates.rows][:3] == ["SMS_100000001", "SMS_100000002", "SMS_100000003"]
    bad = report.templates.rows[2]
    assert bad.delivered.change == pytest.approx(-0.31, abs=0.03)
    assert len(bad.trend) == 30
    assert report.countries is not None
    assert [row.name for row in report.countries.rows] == ["CN", "HK", "SG"]


def test_waiting_messages_are_counted_over_all_days(simulated: Callable[..., Any], last: date) -> None:
    figures = simulated()
    report = build_report(figures, last)
    waiting = sum(day.latest.counts.waiting for day in report.window if day.latest)
    assert report.waiting.total == pytest.approx(waiting, abs=15)  # the simulation rounds each hour
    old = {day: replace(each, waiting_by_hour=None) for day, each in figures.items()}
    unknown = build_report(old, last).waiting
    assert (unknown.total, unknown.unknown_days) == (0, 3)


def test_segments_leave_out_days_without_the_vendors_count(simulated: Callable[..., Any], last: date) -> None:
    counts, unknown = build_report(simulated(), last).segments["mainland"]
    assert unknown == 0
    assert counts.vendor == pytest.approx(counts.ours * 1.004, rel=1e-3)
    nothing, all_days = build_report(simulated(statistics=False), last).segments["mainland"]
    assert (nothing.ours, all_days) == (0, 30)


@pytest.mark.parametrize("days", [0, MAX_DAYS + 1])
def test_the_span_is_bounded(days: int, last: date) -> None:
    with pytest.raises(DysmsInputError, match=r"^days must be"):
        build_report({}, last, days=days)


def test_thirty_days_are_rendered_in_less_than_a_second(simulated: Callable[..., Any], last: date) -> None:
    figures = simulated(month_with_incidents(last))
    render(build_report(figures, last))  # compiles the templates
    began = time.process_time()
    render(build_report(figures, last))
    assert time.process_time() - began < 1
