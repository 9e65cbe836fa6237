"""The sections by template and by country: each value's messages of the day, and of the days before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.reports.contents.usual import Measure, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.archive.figures.equal_age import ComparedDay
    from airflow_provider_dysms.archive.figures.latency_histogram import LatencyHistogram
    from airflow_provider_dysms.archive.figures.state_counts import StateCounts
    from airflow_provider_dysms.model.choices import Dimension

#: Groups that are shown.
MAX_GROUPS = 20

#: A group's share of a day with fewer messages is not drawn: it would only show noise.
MIN_DRAWN = 20


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The messages of one template or country.

    :param name: the value; an empty text for messages without one
    :param counts: of the day
    :param delivered: the delivered share of the messages of the day, next to the usual one
    :param latency: delivery times of the day; ``None`` if they are not known
    :param trend: delivered share of each day of the report, or ``None`` for a day with too few messages
    """

    name: str
    counts: StateCounts
    delivered: Measure
    latency: LatencyHistogram | None
    trend: list[float | None]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a dimension.

    :param rows: the largest groups, the largest first
    :param hidden: number of groups that are not shown
    """

    rows: list[GroupRow]
    hidden: int


def groups_of(
    dimension: Dimension, day: DayFigures, compared: Sequence[ComparedDay], window: Sequence[DayFigures]
) -> Groups | None:
    """Return the groups of a day, or ``None`` if its manifest does not say.

    :param day: with figures
    :param compared: the same weekdays at equal age
    :param window: the days of the report
    """
    assert day.latest is not None
    groups = day.latest.groups.get(dimension)
    if groups is None:
        return None
    names = sorted((name for name in groups if groups[name].sent), key=lambda name: (-groups[name].sent, name))
    rows = [
        GroupRow(
            name,
            groups[name],
            measure(day.latest, compared, _share_of(dimension, name)),
            day.latency_of(dimension, name),
            [_drawn(each, dimension, name) for each in window],
        )
        for name in names[:MAX_GROUPS]
    ]
    return Groups(rows, len(names[MAX_GROUPS:]))


def _share_of(dimension: Dimension, name: str) -> Callable[[AuditFigures], float | None]:
    def share(audit: AuditFigures) -> float | None:
        counts = audit.group(dimension, name)
        return None if counts is None else counts.delivered_share

    return share


def _drawn(day: DayFigures, dimension: Dimension, name: str) -> float | None:
    counts = day.latest.group(dimension, name) if day.latest else None
    return counts.delivered_share if counts is not None and counts.sent >= MIN_DRAWN else None
