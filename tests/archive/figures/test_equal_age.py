"""Days are compared with what was known of other days at the same age, or not at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
from airflow_provider_dysms.archive.figures.day_figures import DayFigures
from airflow_provider_dysms.archive.figures.equal_age import audit_at_age, same_weekdays
from airflow_provider_dysms.model.dates import day_start, iso_utc

DAY = date(2026, 11, 27)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def audit(day: date, age: float, *, settled: bool = False) -> AuditFigures:
    as_of = iso_utc(day_start(day) + timedelta(days=1) + hours(age), "seconds")
    return AuditFigures.of(day, {"as_of": as_of, "settled": settled, "by_state": {"delivered": round(age * 10)}})


def audited(day: date, *ages: float, settled: bool = False) -> DayFigures:
    audits = [audit(day, age) for age in ages[:-1]] + [audit(day, ages[-1], settled=settled)]
    return DayFigures(day, "unsettled", latest=audits[-1], earlier=tuple(audits[:-1]))


@pytest.mark.parametrize(
    ("age", "found"),
    [(9, 9), (8, 9), (11.7, 9), (13, None), (6, None), (33, 33), (29, 33), (20, None), (72, 81), (200, 81)],
)
def test_the_nearest_audit_is_taken_if_it_is_near_enough(age: float, found: float | None) -> None:
    known = audit_at_age(audited(DAY, 9, 33, 57, 81), hours(age))
    assert (known and known.age / hours(1)) == found


def test_a_settled_day_stays_the_same_at_every_later_age_and_says_nothing_of_earlier_ones() -> None:
    settled_early = audited(DAY, 3, settled=True)
    assert audit_at_age(settled_early, hours(40)) == settled_early.latest
    assert audit_at_age(audited(DAY, 81, settled=True), hours(9)) is None


def test_a_day_that_is_not_over_is_compared_within_an_hour() -> None:
    known = audited(DAY, -6)
    assert audit_at_age(known, hours(-6.9)) == known.latest
    assert audit_at_age(known, hours(-4.5)) is None


def test_a_day_without_figures_is_not_compared() -> None:
    assert audit_at_age(None, hours(9)) is None
    assert audit_at_age(DayFigures(DAY, "missing"), hours(9)) is None


def test_the_same_weekdays_of_the_weeks_before_are_found_the_latest_first() -> None:
    days = [DAY - timedelta(days=back) for back in range(1, 40)]
    known = {day: audited(day, 9, 33) for day in days}
    del known[DAY - timedelta(days=14)]
    known[DAY - timedelta(days=21)] = audited(DAY - timedelta(days=21), 81)
    found = same_weekdays(known, DAY, hours(9))
    assert [(DAY - each.day).days for each in found] == [7, 28]
    assert {each.audit.age for each in found} == {hours(9)}


def test_looking_back_the_weeks_after_a_day_count_too() -> None:
    days = [DAY + timedelta(days=7 * week) for week in range(-4, 3) if week]
    known = {day: audited(day, 81) for day in days}
    found = same_weekdays(known, DAY, hours(81), both_ways=True)
    assert [(each.day - DAY).days for each in found] == [-7, 7, -14, 14]
