"""The delivery report as values: builds every section from the figures of days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.figures.day_figures import DayFigures
from airflow_provider_dysms.archive.figures.equal_age import ComparedDay, same_weekdays
from airflow_provider_dysms.model.dates import DAY
from airflow_provider_dysms.reports.contents.causes import Causes, causes_of
from airflow_provider_dysms.reports.contents.findings import Finding, findings_of
from airflow_provider_dysms.reports.contents.groups import Groups, groups_of
from airflow_provider_dysms.reports.contents.overview import (
    Headline,
    Latency,
    Waiting,
    headline_of,
    latency_of,
    segments_of,
    waiting_of,
)
from airflow_provider_dysms.reports.span import DAYS, check_days

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from airflow_provider_dysms.archive.figures.day_figures import SegmentCounts


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The sections of a report, in the order in which they are read.

    :param window: the days of the report, the last one last; a day that was not audited has no figures
    :param compared: the same weekdays as the last day, at equal age, the latest first
    :param headline: the last day in numbers; ``None`` if it was not audited, as ``causes``
    :param findings: what is wrong, the latest first
    :param causes: failures by category, fault and code
    :param templates, countries: the last day by template and by country; ``None`` if its manifest does not say
    :param segments: market -> segments, and the number of days without the vendor's count
    """

    window: list[DayFigures]
    compared: list[ComparedDay]
    headline: Headline | None
    findings: list[Finding]
    causes: Causes | None
    templates: Groups | None
    countries: Groups | None
    latency: Latency
    waiting: Waiting
    segments: dict[str, tuple[SegmentCounts, int]]

    @property
    def last(self) -> DayFigures:
        """The day that the report is about."""
        return self.window[-1]

    @property
    def receipts_alone_days(self) -> list[date]:
        """The days of the report that come from receipts alone, the oldest first."""
        return [day.day for day in self.window if day.latest and day.latest.is_of_receipts_alone]

    @property
    def is_of_receipts_alone(self) -> bool:
        """Whether every audited day of the report comes from receipts alone."""
        audited = [day.latest for day in self.window if day.latest]
        return bool(audited) and all(each.is_of_receipts_alone for each in audited)


def build_report(figures: Mapping[date, DayFigures], last: date, *, days: int = DAYS) -> DeliveryReport:
    """Build the report of a span of days.

    :param figures: as :func:`~airflow_provider_dysms.archive.figures.read_figures.read_figures` returned them, for the
        days of :func:`~airflow_provider_dysms.archive.figures.read_figures.days_through`; a day that is not among them
        counts as not audited
    :param last: the day that the report is about, and the last one of the span
    :param days: length of the span, 1 to :data:`.span.MAX_DAYS`
    :raises DysmsInputError: the span is too short or too long
    """
    check_days("days", days)
    span = [last - DAY * back for back in range(days - 1, -1, -1)]
    window = [figures.get(day) or DayFigures(day, "missing") for day in span]
    day = window[-1]
    compared = same_weekdays(figures, last, day.latest.age) if day.latest else []
    return DeliveryReport(
        window=window,
        compared=compared,
        headline=headline_of(day.latest, compared) if day.latest else None,
        findings=findings_of(figures, window),
        causes=causes_of(day, compared) if day.latest else None,
        templates=groups_of("template_code", day, compared, window) if day.latest else None,
        countries=groups_of("country", day, compared, window) if day.latest else None,
        latency=latency_of(window),
        waiting=waiting_of(window),
        segments=segments_of(window),
    )
