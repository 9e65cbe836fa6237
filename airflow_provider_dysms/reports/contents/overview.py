"""The first lines of the report: the last day against the same weekdays before it, and what is still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.figures.day_figures import SegmentCounts
from airflow_provider_dysms.archive.figures.latency_histogram import LatencyHistogram
from airflow_provider_dysms.reports.contents.usual import Measure, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.archive.figures.equal_age import ComparedDay

#: Ages at which the messages that wait are told apart; after the last no receipt comes any more.
AGES = tuple(timedelta(hours=hours) for hours in (1, 6, 12, 24, 48, 72))

PERCENTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Headline:
    """The last day in numbers, each next to the usual one; shares are of the messages that were sent."""

    sent: Measure
    delivered: Measure
    failed: Measure
    waiting: Measure
    missing: Measure


def headline_of(audit: AuditFigures, compared: Sequence[ComparedDay]) -> Headline:
    """Return the numbers of a day.

    :param compared: the same weekdays at equal age
    """

    def share(count: str) -> Measure:
        return measure(
            audit,
            compared,
            lambda each: getattr(each.counts, count) / each.counts.sent if each.counts.sent else None,
        )

    return Headline(
        sent=measure(audit, compared, lambda each: each.counts.sent),
        delivered=share("delivered"),
        failed=share("failed"),
        waiting=share("without_receipt"),
        missing=measure(audit, compared, _missing_share),
    )


def _missing_share(audit: AuditFigures) -> float | None:
    return audit.missing / audit.counts.sent if audit.missing is not None and audit.counts.sent else None


@dataclass(frozen=True, slots=True)
class Latency:
    """Delivery times: seconds for each of :data:`PERCENTILES`, or ``None`` if they are not known.

    :param day: of the last day
    :param window: of all days of the report
    :param trend: of each day of the report
    """

    day: tuple[float | None, ...]
    window: tuple[float | None, ...]
    trend: list[tuple[float | None, ...]]


def latency_of(window: Sequence[DayFigures]) -> Latency:
    """Return the delivery times of the days of the report."""
    histograms = [day.all_latency or LatencyHistogram() for day in window]
    trend = [percentiles(each) for each in histograms]
    return Latency(trend[-1], percentiles(LatencyHistogram.merged(histograms)), trend)


def percentiles(histogram: LatencyHistogram) -> tuple[float | None, ...]:
    """Return the seconds for each of :data:`PERCENTILES`."""
    return tuple(histogram.percentile(share) for share in PERCENTILES)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages without a receipt.

    :param by_age: one number for each of :data:`AGES`, and one for those that have waited longer
    :param unknown_days: number of days that are not settled and do not say how long their messages have waited
    """

    by_age: list[int]
    unknown_days: int

    @property
    def total(self) -> int:
        """Number of messages whose age is known."""
        return sum(self.by_age)


def waiting_of(window: Sequence[DayFigures]) -> Waiting:
    """Return the messages that wait, each by its age as of the audit of its day."""
    ages = [day.waiting_by_age(AGES) for day in window if day.latest and day.latest.counts.waiting]
    known = [each for each in ages if each is not None]
    return Waiting([sum(column) for column in zip([0] * (len(AGES) + 1), *known, strict=True)], len(ages) - len(known))


def segments_of(window: Sequence[DayFigures]) -> dict[str, tuple[SegmentCounts, int]]:
    """Return market -> segments of all days of the report, and the number of days without the vendor's count.

    Days without the vendor's count are left out of both, so that the two can be compared.
    """
    totals: dict[str, tuple[SegmentCounts, int]] = {}
    for day in window:
        for market, counts in day.segments.items():
            so_far, unknown = totals.get(market, (SegmentCounts(0, 0), 0))
            if counts.vendor is None:
                totals[market] = (so_far, unknown + 1)
            else:
                added = SegmentCounts(so_far.ours + counts.ours, (so_far.vendor or 0) + counts.vendor)
                totals[market] = (added, unknown)
    return totals
