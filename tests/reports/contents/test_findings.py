"""Incidents of a month are found, named and dated; a month without incidents is quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from support.simulated_archive import Day, month_with_incidents

from airflow_provider_dysms.archive.figures.day_figures import DayFigures, SegmentCounts
from airflow_provider_dysms.reports.contents.findings import MAX_FINDINGS, Finding, findings_of


def found(figures: dict[date, DayFigures], last: date, days: int = 30) -> list[Finding]:
    span = [last - timedelta(days=back) for back in range(days - 1, -1, -1)]
    return findings_of(figures, [figures.get(day) or DayFigures(day, "missing") for day in span])


def named(findings: list[Finding], last: date) -> list[tuple[str, str, int, int]]:
    return [(each.kind, each.subject, (last - each.first).days, (last - each.last).days) for each in findings]


def test_a_bad_template_an_outage_and_a_holiday_are_told_apart(simulated: Callable[..., Any], last: date) -> None:
    findings = found(simulated(month_with_incidents(last)), last)
    assert named(findings, last) == [
        ("template", "SMS_100000003", 2, 0),
        ("fault", "carrier", 9, 9),
        ("few_messages", "", 17, 16),
    ]
    template, outage, holiday = findings
    assert template.usual is not None
    assert template.usual - template.value == pytest.approx(0.31, abs=0.03)
    assert template.count == pytest.approx(3 * 0.31 * 5_200, rel=0.15)
    assert outage.value == pytest.approx(0.135, abs=0.01)
    assert (holiday.severity, template.severity) == ("warning", "bad")


@pytest.mark.parametrize("seed", range(6))
def test_a_month_without_incidents_is_quiet(simulated: Callable[..., Any], last: date, seed: int) -> None:
    assert found(simulated(seed=seed), last) == []


def test_a_month_without_weeks_before_it_is_looked_back_on(simulated: Callable[..., Any], last: date) -> None:
    known = simulated(month_with_incidents(last))
    month = {day: each for day, each in known.items() if day > last - timedelta(days=30)}
    assert ("fault", "carrier", 9, 9) in named(found(month, last), last)
    assert ("few_messages", "", 17, 16) in named(found(month, last), last)


def test_receipts_that_do_not_come_are_not_taken_for_failures(simulated: Callable[..., Any], last: date) -> None:
    def late(day: Day) -> None:
        day.drop["CN"] = 0.2
        day.category = "waiting"

    (finding,) = found(simulated({last: late}), last)
    assert (finding.kind, finding.subject) == ("waiting", "")
    assert finding.value > 0.2


def test_a_country_that_drops_is_named(simulated: Callable[..., Any], last: date) -> None:
    def worse(day: Day) -> None:
        day.drop["HK"] = 0.5

    # Messages to Hong Kong have no template: that is not a template that drops.
    assert named(found(simulated({last: worse}), last), last) == [("country", "HK", 0, 0)]


def test_a_drop_of_everything_is_not_blamed_on_one_template(simulated: Callable[..., Any], last: date) -> None:
    def worse(day: Day) -> None:
        day.drop = {"CN": 0.1, "HK": 0.1, "SG": 0.1}

    (finding,) = found(simulated({last: worse}), last)
    assert finding.kind == "delivery"


def test_what_was_not_audited_is_said_and_days_that_follow_each_other_are_one(
    simulated: Callable[..., Any], last: date
) -> None:
    known = simulated()
    for back in (3, 4, 6, 12):
        del known[last - timedelta(days=back)]
    spans = [(4, 3), (6, 6), (12, 12)]  # the day between was audited
    assert named(found(known, last), last) == [("not_audited", "", *span) for span in spans]


def test_a_vendor_that_counts_more_is_said(simulated: Callable[..., Any], last: date) -> None:
    known = simulated()
    known[last] = replace(known[last], segments={"mainland": SegmentCounts(1_000, 1_100), "x": SegmentCounts(0, None)})
    (finding,) = found(known, last)
    assert (finding.kind, finding.value, finding.usual) == ("segments", 1_100, 1_000)


def test_a_template_that_was_always_low_is_said_once(simulated: Callable[..., Any], last: date) -> None:
    from support.simulated_archive import GROUPS, Group

    groups = (*GROUPS, Group("SMS_low", "CN", 3_000, 0.6))
    assert named(found(simulated(groups=groups), last), last) == [("low_template", "SMS_low", 0, 0)]


def test_missing_and_slow_messages_are_said(simulated: Callable[..., Any], last: date) -> None:
    known = simulated()
    latest = known[last].latest
    assert latest is not None
    counts = replace(latest.counts, missing=latest.counts.recorded // 10)
    known[last] = replace(known[last], latest=replace(latest, counts=counts, p95=90))
    assert {each.kind for each in found(known, last)} == {"missing", "latency"}


def test_there_are_never_too_many_findings(simulated: Callable[..., Any], last: date) -> None:
    assert len(found({}, last, days=92)) == 1
    known = simulated()
    for back in range(0, 30, 3):
        known.pop(last - timedelta(days=back), None)
    assert len(found(known, last)) <= MAX_FINDINGS


def test_one_good_day_between_two_bad_ones_does_not_make_two_findings(
    simulated: Callable[..., Any], last: date
) -> None:
    def bad(day: Day) -> None:
        day.drop["SMS_100000003"] = 0.3

    (finding,) = found(simulated({last: bad, last - timedelta(days=2): bad}), last)
    assert (finding.days, (last - finding.first).days) == (2, 2)
    apart = found(simulated({last: bad, last - timedelta(days=3): bad}), last)
    assert [each.days for each in apart] == [1, 1]
