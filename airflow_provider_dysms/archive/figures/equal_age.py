"""Finds what was known of other days at the same age: days of different age cannot be compared.

Yesterday's report is made hours after the end of the day, when receipts are still on their way. It is compared with the
audit of another day that ran about as many hours after *its* end.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_dysms.model.dates import RECEIPT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.archive.figures.day_figures import DayFigures

WEEK = timedelta(days=7)

#: Weeks of which the same weekday is compared.
WEEKS = 4

#: Two ages are equal if they differ by at most an hour and a fifth of the age: the older a day, the slower it changes.
_SLACK = timedelta(hours=1)
_SHARE_OF_AGE = 0.2


class ComparedDay(NamedTuple):
    """Another day, and its audit at the age that was asked for."""

    day: date
    audit: AuditFigures


def audit_at_age(figures: DayFigures | None, age: timedelta) -> AuditFigures | None:
    """Return the audit of a day that is nearest in age to the age of another; ``None`` if none is near enough.

    After 72 hours, when every receipt must have come, all ages are equal; so they are after an audit that found the day
    settled.

    :param age: of the other day's audit, after the end of that day
    """
    if figures is None or not figures.audits:
        return None
    slack = max(_SLACK, _SLACK + age * _SHARE_OF_AGE)
    near = [(gap, audit) for audit in figures.audits if (gap := _gap(audit, age)) <= slack]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def same_weekdays(
    days: Mapping[date, DayFigures], day: date, age: timedelta, *, weeks: int = WEEKS, both_ways: bool = False
) -> list[ComparedDay]:
    """Return the same weekdays of the weeks before a day, at an age.

    :param days: the figures that are known
    :param weeks: how many weeks before the day are looked at
    :param both_ways: whether the weeks after the day count too, for a look back at a whole month: then the nearest
        ``weeks`` of them are taken, the earlier one first
    """
    found: list[ComparedDay] = []
    for other in _weeks_from(day, weeks, both_ways=both_ways):
        audit = audit_at_age(days.get(other), age)
        if audit is not None and len(found) < weeks:
            found.append(ComparedDay(other, audit))
    return found


def _weeks_from(day: date, weeks: int, *, both_ways: bool) -> Iterator[date]:
    for distance in range(1, weeks + 1):
        yield day - WEEK * distance
        if both_ways:
            yield day + WEEK * distance


def _gap(audit: AuditFigures, age: timedelta) -> timedelta:
    if audit.is_settled and audit.age <= age:
        return timedelta(0)
    return abs(min(audit.age, RECEIPT_TIME) - min(age, RECEIPT_TIME))
