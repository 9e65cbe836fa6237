"""The figures that one audit of a day found: the latest, or one before it, of which the manifest has a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from airflow_provider_dysms.archive.figures.state_counts import StateCounts
from airflow_provider_dysms.model.choices import OTHERS, Dimension
from airflow_provider_dysms.storage.audited_days.snapshots import age_of
from airflow_provider_dysms.storage.manifest import is_of_receipts_alone

if TYPE_CHECKING:
    from collections.abc import Mapping

Entry = TypeVar("Entry")

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

#: Dimension -> name of its map in a manifest.
ENTRY_OF: dict[Dimension, str] = {
    "template_code": "by_template",
    "country": "by_country",
    "sign_name": "by_sign_name",
}


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """The figures of one audit of a day. What a manifest of an earlier release does not have is ``None``, not zero.

    :param as_of: when the audit began
    :param age: how long after the end of the day that was; negative if the day was not over
    :param is_settled: whether nothing could change any more
    :param counts: messages by state
    :param groups: dimension -> value -> messages by state; templates and signatures have no missing messages
    :param failed_by_category: failed messages by what their code means
    :param failed_by_fault: failed messages by who caused the failure
    :param p95: seconds within which 95 % of the delivered messages arrived; ``None`` without any
    :param is_of_receipts_alone: whether all of it comes from receipts, so that the service was not asked
    """

    as_of: datetime
    age: timedelta
    is_settled: bool
    counts: StateCounts
    groups: Mapping[Dimension, Mapping[str, StateCounts]]
    failed_by_category: Mapping[str, int] | None
    failed_by_fault: Mapping[str, int] | None
    p95: float | None
    is_of_receipts_alone: bool = False

    @classmethod
    def of(cls, day: date, found: Mapping[str, Any]) -> AuditFigures:
        """Return the figures of a manifest's ``result``, or of one of its ``snapshots``.

        :raises KeyError, TypeError, ValueError: it is not one of an audit
        """
        as_of = datetime.fromisoformat(found["as_of"])
        return cls(
            as_of=as_of,
            age=age_of(day, as_of),
            is_settled=bool(found.get("settled")),
            counts=StateCounts.of(found["by_state"]),
            groups={
                dimension: {value: StateCounts.of(states) for value, states in found[entry].items()}
                for dimension, entry in ENTRY_OF.items()
                if entry in found
            },
            failed_by_category=found.get("failed_by_category"),
            failed_by_fault=found.get("failed_by_fault"),
            p95=(found.get("delivery_seconds") or {}).get("p95"),
            is_of_receipts_alone=is_of_receipts_alone(found),
        )

    @property
    def missing(self) -> int | None:
        """Messages of which the service has no record; ``None`` if it was not asked."""
        return None if self.is_of_receipts_alone else self.counts.missing

    def group(self, dimension: Dimension | None, value: str) -> StateCounts | None:
        """Return the counts of a group: zeros if it had no message, ``None`` if the manifest does not say.

        :param dimension: ``None`` for all messages
        """
        if dimension is None:
            return self.counts
        return entry_of(self.groups.get(dimension), value, StateCounts())


def entry_of(groups: Mapping[str, Entry] | None, value: str, nothing: Entry) -> Entry | None:
    """Return the entry of a group in a map of a manifest; ``None`` if the manifest does not say.

    It does not say without the map, or if the group may be one of the others, of which the map has the sum.

    :param nothing: the entry of a group that is not in the map, because it has nothing
    """
    if groups is None or (OTHERS in groups and value not in groups):
        return None
    return groups.get(value, nothing)
