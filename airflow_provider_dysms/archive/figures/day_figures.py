"""The figures of one audited day, from its manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.figures.audit_figures import ENTRY_OF, AuditFigures, entry_of
from airflow_provider_dysms.archive.figures.latency_histogram import LatencyHistogram
from airflow_provider_dysms.model.dates import BEIJING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.model.choices import Dimension
    from airflow_provider_dysms.storage.audited_days.audited_day import AuditedDay, DayState

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SegmentCounts:
    """Billed segments of a market as the rows have them, and as the vendor's own statistics count them.

    :param vendor: ``None`` if the vendor was not asked, or did not tell
    """

    ours: int
    vendor: int | None


@dataclass(frozen=True, slots=True)
class ReceiptCounts:
    """Counts of a day whose receipts were read before the service was asked about the other messages.

    :param rows: states that come from receipts
    :param compared: further messages with receipts that the service was asked about too
    :param differences: those of which the service says something else
    """

    rows: int
    compared: int
    differences: int


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A Beijing day, and what its audits found. What the manifest does not have is ``None``: not known, not zero.

    :param day: the Beijing day
    :param state: how far it has been audited
    :param latest: the figures of the latest audit; ``None`` without a manifest that can be used
    :param earlier: the figures of the audits before it that the manifest keeps, the oldest first
    :param problem: why the manifest cannot be used, as a clause that follows the day
    :param failed_by_code: failed messages by the code as it came
    :param latency: dimension (template or country) -> value -> delivery times
    :param waiting_by_hour: start of the hour in which they were sent -> messages that wait; the key ``None`` for
        messages without a time
    :param segments: market -> billed segments
    :param receipts: ``None`` if no receipts were read, or the service was not asked
    """

    day: date
    state: DayState
    latest: AuditFigures | None = None
    earlier: tuple[AuditFigures, ...] = ()
    problem: str | None = None
    failed_by_code: Mapping[str, int] | None = None
    latency: Mapping[Dimension, Mapping[str, LatencyHistogram]] = field(default_factory=dict)
    waiting_by_hour: Mapping[datetime | None, int] | None = None
    segments: Mapping[str, SegmentCounts] = field(default_factory=dict)
    receipts: ReceiptCounts | None = None

    @property
    def audits(self) -> tuple[AuditFigures, ...]:
        """The figures of every audit that is known, the oldest first."""
        return (*self.earlier, self.latest) if self.latest else self.earlier

    @property
    def all_latency(self) -> LatencyHistogram | None:
        """The delivery times of all messages; ``None`` if they are not known."""
        by_template = self.latency.get("template_code")
        return None if by_template is None else LatencyHistogram.merged(by_template.values())

    def latency_of(self, dimension: Dimension, value: str) -> LatencyHistogram | None:
        """Return the delivery times of a group: none if nothing was delivered, ``None`` if they are not known."""
        return entry_of(self.latency.get(dimension), value, LatencyHistogram())

    def waiting_by_age(self, bounds: tuple[timedelta, ...]) -> list[int] | None:
        """Return how many messages waited for how long, as of the latest audit.

        :param bounds: ascending ages; an hour counts with its middle
        :returns: one number per bound (up to that age, and longer than the one before), and last those that waited
            longer, or for an unknown time; ``None`` if it is not known
        """
        if self.waiting_by_hour is None or self.latest is None:
            return None
        counts = [0] * (len(bounds) + 1)
        for hour, count in self.waiting_by_hour.items():
            age = self.latest.as_of - hour - _HOUR / 2 if hour else timedelta.max
            counts[sum(age > bound for bound in bounds)] += count
        return counts


def figures_of(audited: AuditedDay) -> DayFigures:
    """Return the figures of a day that :func:`~airflow_provider_dysms.storage.audited_days.list_days.list_audited_days`
    found; a manifest that does not have the figures of an audit makes a day with a ``problem``."""
    day, result = audited.day, audited.result
    if result is None:
        return DayFigures(day, audited.state, problem=audited.problem)
    try:
        latency = result.get("latency", {})
        return DayFigures(
            day,
            audited.state,
            latest=AuditFigures.of(day, result),
            earlier=tuple(AuditFigures.of(day, each) for each in audited.snapshots),
            failed_by_code=result.get("failed_by_code"),
            latency={
                dimension: {value: LatencyHistogram.of(buckets) for value, buckets in latency[entry].items()}
                for dimension, entry in ENTRY_OF.items()
                if entry in latency
            },
            waiting_by_hour=_waiting(result.get("waiting_by_hour")),
            segments=_segments(result.get("segments") or {}, (audited.run or {}).get("statistics") or {}),
            receipts=_receipts(result.get("receipts") or {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return DayFigures(
            day, "unsettled", problem=f"has a manifest without the figures of an audit: {audited.manifest_uri}"
        )


def _waiting(by_hour: Mapping[str, int] | None) -> dict[datetime | None, int] | None:
    if by_hour is None:
        return None
    return {datetime.fromisoformat(hour).replace(tzinfo=BEIJING) if hour else None: n for hour, n in by_hour.items()}


def _segments(ours: Mapping[str, int], statistics: Mapping[str, Any]) -> dict[str, SegmentCounts]:
    return {market: SegmentCounts(count, (statistics.get(market) or {}).get("total")) for market, count in ours.items()}


def _receipts(receipts: Mapping[str, Any]) -> ReceiptCounts | None:
    cross_check = receipts.get("cross_check")
    if not isinstance(cross_check, dict):
        return None
    return ReceiptCounts(receipts["rows"], cross_check["compared"], cross_check["differences"])
