"""The usual share of a group, at equal age, and how far a usual day may fall below it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
from airflow_provider_dysms.archive.figures.day_figures import DayFigures
from airflow_provider_dysms.delivery_check.baseline import Baseline, at_equal_age, baselines
from airflow_provider_dysms.model.dates import day_start, iso_utc

DAY = date(2026, 11, 27)
AGE = timedelta(hours=9)


def days(
    share: Callable[[date], float], *, sent: int = 5_000, back: int = 28, age: timedelta = AGE
) -> dict[date, DayFigures]:
    found = {}
    for each in (DAY - timedelta(days=place) for place in range(1, back + 1)):
        delivered = round(sent * share(each))
        as_of = iso_utc(day_start(each) + timedelta(days=1) + age, "seconds")
        audit = AuditFigures.of(
            each, {"as_of": as_of, "by_state": {"delivered": delivered, "failed": sent - delivered}}
        )
        found[each] = DayFigures(each, "unsettled", latest=audit)
    return found


def pick(audit: AuditFigures) -> tuple[int, int]:
    return audit.counts.delivered, audit.counts.recorded


def baseline(known: dict[date, DayFigures], *, groups: int = 1) -> Baseline | None:
    return baselines(at_equal_age(known, DAY, AGE), [pick] * groups, 100)[0]


def noisy(spread: float, seed: int = 1, level: float = 0.95) -> Callable[[date], float]:
    rng = random.Random(seed)
    return lambda day: level + rng.gauss(0, spread)


def test_the_usual_share_is_that_of_the_same_weekday() -> None:
    found = baseline(days(lambda day: 0.9 if day.weekday() == DAY.weekday() else 0.96))
    assert found is not None
    assert found.share == pytest.approx(0.9, abs=0.001)
    assert [(DAY - each).days for each in found.days] == [7, 14, 21, 28]


def test_weekdays_that_differ_by_noise_alone_are_taken_together() -> None:
    found = baseline(days(noisy(0.004)))
    assert found is not None
    assert found.weight < 1 / 4
    assert found.share == pytest.approx(0.95, abs=0.003)


def test_the_spread_is_estimated_from_the_days_and_not_from_counting() -> None:
    calm, rough = baseline(days(noisy(0.0))), baseline(days(noisy(0.01)))
    assert calm is not None
    assert rough is not None
    assert calm.spread == pytest.approx(0, abs=1e-6)
    assert rough.spread == pytest.approx(0.0001, rel=0.5)
    assert calm.lowest_usual(5_000, 0.001) - rough.lowest_usual(5_000, 0.001) > 0.02


def test_a_day_that_stuck_out_does_not_hide_the_next_one() -> None:
    steady = noisy(0.003)
    bad = DAY - timedelta(days=7)
    found = baseline(days(lambda day: 0.5 if day == bad else steady(day)))
    assert found is not None
    assert found.share == pytest.approx(0.95, abs=0.006)
    assert found.is_below(round(5_000 * 0.9), 5_000, 0.0005)


def test_few_messages_must_fall_further_than_many() -> None:
    found = baseline(days(noisy(0.003)))
    assert found is not None
    bounds = [found.lowest_usual(total, 0.001) for total in (100, 1_000, 100_000)]
    assert bounds == sorted(bounds)
    assert bounds[0] < 0.87
    assert bounds[2] > 0.93


def test_days_of_another_age_are_not_compared() -> None:
    assert baseline(days(noisy(0.003), age=timedelta(hours=81))) is None


@pytest.mark.parametrize(("back", "groups", "is_judged"), [(7, 3, False), (14, 1, True), (13, 3, False), (28, 1, True)])
def test_two_of_the_same_weekdays_are_needed(back: int, groups: int, is_judged: bool) -> None:
    found = baseline(days(noisy(0.003), back=back), groups=groups)
    assert (found is not None) is is_judged


def test_a_group_without_failures_has_room_for_a_few() -> None:
    found = baseline(days(lambda day: 1.0))
    assert found is not None
    assert not found.is_below(4_999, 5_000, 0.001)
    assert found.is_below(4_900, 5_000, 0.001)
