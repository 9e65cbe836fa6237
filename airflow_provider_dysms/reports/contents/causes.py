"""The section on failures: how many there were by category, by fault and by code, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.reports.contents.usual import Measure, failed_by_fault, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.archive.figures.equal_age import ComparedDay

#: Codes that are shown.
MAX_CODES = 8


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause of failures.

    :param name: category, fault or code, as the manifest has it
    :param count: failed messages
    :param share: of the messages that were sent, next to the usual one
    """

    name: str
    count: int
    share: Measure


@dataclass(frozen=True, slots=True)
class Causes:
    """The causes of a day's failures, the most frequent first; ``None`` if the manifest does not say."""

    categories: list[CauseRow] | None
    faults: list[CauseRow] | None
    codes: list[CauseRow] | None


def causes_of(day: DayFigures, compared: Sequence[ComparedDay]) -> Causes:
    """Return the causes of failures of a day.

    :param day: with figures
    :param compared: the same weekdays at equal age
    """
    assert day.latest is not None
    codes = None if day.failed_by_code is None else _codes(day.failed_by_code, day.latest.counts.sent)
    return Causes(
        _rows(day.latest, compared, lambda audit: audit.failed_by_category),
        _rows(day.latest, compared, failed_by_fault),
        codes,
    )


def share_of_cause(
    counts_of: Callable[[AuditFigures], Mapping[str, int] | None], name: str
) -> Callable[[AuditFigures], float | None]:
    """Return a function from an audit to the share of its messages that failed for a cause."""

    def share(audit: AuditFigures) -> float | None:
        counts = counts_of(audit)
        return None if counts is None or not audit.counts.sent else counts.get(name, 0) / audit.counts.sent

    return share


def _rows(
    audit: AuditFigures,
    compared: Sequence[ComparedDay],
    counts_of: Callable[[AuditFigures], Mapping[str, int] | None],
) -> list[CauseRow] | None:
    counts = counts_of(audit)
    if counts is None:
        return None
    before = {name for other in compared for name in counts_of(other.audit) or ()}
    rows = [
        CauseRow(name, counts.get(name, 0), measure(audit, compared, share_of_cause(counts_of, name)))
        for name in {*counts, *before}
    ]
    return sorted(rows, key=lambda row: (-row.count, -(row.share.usual or 0), row.name))


def _codes(counts: Mapping[str, int], sent: int) -> list[CauseRow]:
    largest = sorted(counts, key=lambda name: (-counts[name], name))[:MAX_CODES]
    return [CauseRow(name, counts[name], Measure(counts[name] / sent if sent else None)) for name in largest]
