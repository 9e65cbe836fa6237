"""The usual share of a group of messages at an age, with its spread from day to day.

Days differ by more than the noise of counting: carriers, hours and texts change. So the spread is estimated from the
days themselves: each weekday of the last weeks is compared with its own mean, all at the age of the day that is judged.
Single days that stick out are pulled in before, so that an incident of last week does not hide one of today. The usual
share is the mean of the same weekday; as far as weekdays do not differ by more than their noise, it is drawn towards
that of all weekdays. The spread of a group with few days is drawn towards that of the other groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import fmean, median, variance
from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.figures.equal_age import WEEKS, ComparedDay, same_weekdays
from airflow_provider_dysms.delivery_check.confidence import student_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.model.choices import Dimension

    #: Takes an audit; returns how many messages have a property, of how many, or ``None`` if it is not known.
    Pick = Callable[[AuditFigures], tuple[int, int] | None]

    #: A day, the share of its messages that have a property, and their number.
    Share = tuple[date, float, int]

#: Same weekdays without which nothing is judged.
MIN_DAYS = 2

#: Degrees of freedom of a spread below which nothing is judged: two weeks, or three of a group without others.
MIN_DEGREES = 6

#: Weekdays that must be known before they are compared with each other.
MIN_WEEKDAYS = 4

#: Degrees of freedom that the common spread of all groups counts for.
_COMMON_DEGREES = 10

#: A day further from the median of its weekday than this, in robust standard deviations, is pulled in to it.
_MAX_DEVIATION = 3.0

#: The factors that make a standard deviation of the median absolute deviation: for normal values, and for values whose
#: median comes from only four.
_ROBUST_SCALE = 1.4826 * 1.4


@dataclass(frozen=True, slots=True)
class EqualAge:
    """The audits of other days at the age of a day.

    :param same: those of the same weekday
    :param weekdays: for each weekday, that one included, those of its days
    """

    same: list[ComparedDay]
    weekdays: list[list[ComparedDay]]


def at_equal_age(
    days: Mapping[date, DayFigures], day: date, age: timedelta, *, weeks: int = WEEKS, both_ways: bool = False
) -> EqualAge:
    """Find what a day may be compared with.

    :param days: the figures that are known
    :param age: of the audit of the day that is judged
    :param weeks: how many weeks before the day are looked at
    :param both_ways: whether the weeks after it count too
    """
    # From the day in the week after, each weekday of the last week is one week back, as the day's own is.
    ahead = [day + timedelta(days=forward) for forward in range(7)]
    weekdays = [same_weekdays(days, each, age, weeks=weeks, both_ways=both_ways) for each in ahead]
    return EqualAge(weekdays[0], [[compared for compared in each if compared.day != day] for each in weekdays])


@dataclass(frozen=True, slots=True)
class Baseline:
    """The usual share of a group.

    :param days: the same weekdays that it comes from
    :param share: the usual share, from 0 to 1
    :param weight: its variance as a multiple of that of one day
    :param counting: the mean of 1 / messages of its days
    :param spread: variance of the share from day to day, beyond that of counting
    :param degrees: degrees of freedom of the spread
    """

    days: tuple[date, ...]
    share: float
    weight: float
    counting: float
    spread: float
    degrees: float

    def lowest_usual(self, total: int, error: float) -> float:
        """Return the share below which a usual day falls with a probability.

        :param total: messages of the day, more than 0
        :param error: the probability
        """
        single = _variance_of_one(self.share, 1 / total)
        noise, skewness = single / total, (1 - 2 * self.share) / math.sqrt(single * total)
        deviation = math.sqrt(self.spread * (1 + self.weight) + noise + single * self.counting * self.weight)
        quantile = student_quantile(error, self.degrees)
        # Shares near 1 fall further than they rise (the expansion by Cornish and Fisher).
        quantile -= skewness * (math.sqrt(noise) / deviation) ** 3 * (quantile**2 - 1) / 6
        return self.share - quantile * deviation

    def is_below(self, hits: int, total: int, error: float) -> bool:
        """Return whether a day's share is lower than usual days explain."""
        return hits / total < self.lowest_usual(total, error)


def delivered_of(dimension: Dimension | None, value: str) -> Pick:
    """Return what counts the delivered messages of a group, of those with a record.

    :param dimension: ``None`` for all messages
    """

    def pick(audit: AuditFigures) -> tuple[int, int] | None:
        counts = audit.group(dimension, value)
        return (counts.delivered, counts.recorded) if counts else None

    return pick


def baselines(audits: EqualAge, picks: Iterable[Pick], min_messages: int) -> list[Baseline | None]:
    """Return the usual share of each of some groups; ``None`` for a group with too few days to compare.

    :param audits: what may be compared
    :param picks: for each group, what is counted
    :param min_messages: days with fewer messages of the group are left out
    """
    estimates = [_estimate(audits, pick, max(min_messages, 1)) for pick in picks]
    common = _common_spread([each for each in estimates if each is not None])
    return [None if each is None else _with_common(each, common) for each in estimates]


def _estimate(audits: EqualAge, pick: Pick, min_messages: int) -> Baseline | None:
    same = _shares(audits.same, pick, min_messages)
    if len(same) < MIN_DAYS:
        return None
    weekdays = [found for each in audits.weekdays if len(found := _shares(each, pick, min_messages)) >= MIN_DAYS]
    counting = fmean(1 / total for found in weekdays for _, _, total in found)
    bound = _MAX_DEVIATION * max(_robust_deviation(weekdays), math.sqrt(_counting_variance(same)))
    pulled = [_pulled_in(found, bound) for found in weekdays]
    degrees = sum(len(each) - 1 for each in pulled)
    between_days = sum((len(each) - 1) * variance(each) for each in pulled) / degrees
    own = fmean(_pulled_in(same, bound))
    share, weight = _drawn_to_all(own, [fmean(each) for each in pulled], between_days / len(same), len(same))
    spread = max(0.0, between_days - _variance_of_one(share, counting) * counting)
    counting_of_same = fmean(1 / total for _, _, total in same)
    return Baseline(tuple(day for day, _, _ in same), share, weight, counting_of_same, spread, degrees)


def _drawn_to_all(own: float, means: list[float], noise: float, days: int) -> tuple[float, float]:
    """Draw the mean of a weekday towards that of all, as far as weekdays differ by noise alone.

    :param means: of each weekday
    :param noise: variance of such a mean
    :param days: number of the weekday's days
    :returns: the mean, and its variance as a multiple of that of one day
    """
    if len(means) < MIN_WEEKDAYS:
        return own, 1 / days
    differs = variance(means)
    kept = max(0.0, 1 - noise / differs) if differs else 0.0
    return fmean(means) + kept * (own - fmean(means)), (kept + (1 - kept) / len(means)) / days


def _shares(audits: Sequence[ComparedDay], pick: Pick, min_messages: int) -> list[Share]:
    found = [(day, counts) for day, audit in audits if (counts := pick(audit)) and counts[1] >= min_messages]
    return [(day, hits / total, total) for day, (hits, total) in found]


def _robust_deviation(weekdays: list[list[Share]]) -> float:
    middles = [median(share for _, share, _ in found) for found in weekdays]
    deviations = [abs(share - m) for found, m in zip(weekdays, middles, strict=True) for _, share, _ in found]
    return _ROBUST_SCALE * median(deviations)


def _counting_variance(shares: list[Share]) -> float:
    counting = fmean(1 / total for _, _, total in shares)
    return _variance_of_one(median(share for _, share, _ in shares), counting) * counting


def _variance_of_one(share: float, counting: float) -> float:
    """Return the variance of one message; of a share of 0 or 1 it is that of half a message more or less."""
    return max(share * (1 - share), counting / 2 * (1 - counting / 2))


def _pulled_in(shares: list[Share], bound: float) -> list[float]:
    middle = median(share for _, share, _ in shares)
    return [min(max(share, middle - bound), middle + bound) for _, share, _ in shares]


def _common_spread(estimates: list[Baseline]) -> float | None:
    """Return the spread of the groups together, for one message, if there is more than one group."""
    scaled = [each.spread / _variance_of_one(each.share, each.counting) for each in estimates]
    return median(scaled) if len(scaled) > 1 else None


def _with_common(estimate: Baseline, common: float | None) -> Baseline | None:
    """Draw the spread of a group towards the common one; a spread that is too uncertain is not used."""
    degrees, spread = estimate.degrees, estimate.spread
    if common is not None:
        expected = common * _variance_of_one(estimate.share, estimate.counting)
        spread = (degrees * spread + _COMMON_DEGREES * expected) / (degrees + _COMMON_DEGREES)
        degrees += _COMMON_DEGREES
    return replace(estimate, spread=spread, degrees=degrees) if degrees >= MIN_DEGREES else None
