"""One day of an output folder as its manifest tells it: missing, provisional, unsettled or settled, with figures."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_dysms.model.dates import days_left
from airflow_provider_dysms.storage.audited_days.snapshots import snapshots_in
from airflow_provider_dysms.storage.manifest import is_of_receipts_alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.storage.manifest import Manifest

#: ``missing``: a manifest does not exist. ``provisional``: the day was not over when it was audited. ``unsettled``:
#: rows may change, or the manifest cannot be used. ``settled``: nothing can change any more.
DayState = Literal["missing", "provisional", "unsettled", "settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedDay:
    """A Beijing day, and what its manifest says about it.

    :param day: the Beijing day
    :param state: how far it has been audited
    :param days_left: for how many more days the service remembers it: 0 on its last day, negative afterwards
    :param manifest_uri: the place of its manifest, which may not exist, without a connection id
    :param rows: rows in its file; ``None`` without a manifest that can be used, as for the figures below
    :param lines: lines of its send log
    :param open: rows that are not final
    :param missing: lines of which the service has no record
    :param unlogged: messages that are not in the log
    :param as_of: when it was audited, in UTC as ISO 8601
    :param problem: why its manifest cannot be used, as a clause that follows the day; ``None`` if it can
    :param result: ``result`` of its manifest; ``None`` without a manifest that can be used
    :param run: ``run`` of its manifest
    :param snapshots: figures of earlier audits, the oldest first: see :mod:`.snapshots`
    """

    day: date
    state: DayState
    days_left: int
    manifest_uri: str
    rows: int | None = None
    lines: int | None = None
    open: int | None = None
    missing: int | None = None
    unlogged: int | None = None
    as_of: str | None = None
    problem: str | None = None
    result: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    run: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    snapshots: Sequence[Mapping[str, Any]] = field(default=(), repr=False, compare=False)

    @property
    def is_settled(self) -> bool:
        """Whether nothing about the day can change any more."""
        return self.state == "settled"

    @property
    def is_of_receipts_alone(self) -> bool:
        """Whether its rows come from receipts that nobody compared with the service."""
        return self.result is not None and is_of_receipts_alone(self.result)

    def as_dict(self) -> dict[str, Any]:
        """Return the facts as JSON-able values, without the manifest's own; the day is ``YYYY-MM-DD``."""
        facts = {fact.name: getattr(self, fact.name) for fact in fields(self) if fact.compare}
        return {**facts, "day": self.day.isoformat()}


def judge_manifest(day: date, manifest: Manifest | None, manifest_uri: str, now: datetime) -> AuditedDay:
    """Return how far a day has been audited.

    :param manifest: of the day's partition; ``None`` if there is none
    :param manifest_uri: its place, without a connection id
    :param now: the current instant
    """
    if manifest is None:
        return AuditedDay(day=day, state="missing", days_left=days_left(day, now), manifest_uri=manifest_uri)
    result = manifest["result"]
    if problem := _problem(day, result):
        return unusable_day(day, problem, manifest_uri, now)
    state: DayState = "settled" if result["settled"] else "provisional" if result.get("provisional") else "unsettled"
    return AuditedDay(
        day=day,
        state=state,
        days_left=days_left(day, now),
        manifest_uri=manifest_uri,
        rows=_count(result, "rows"),
        lines=_count(result, "lines"),
        open=_count(result, "open"),
        missing=_count(result, "missing"),
        unlogged=_count(result, "unlogged"),
        as_of=as_of if isinstance(as_of := result.get("as_of"), str) else None,
        result=result,
        run=manifest["run"],
        snapshots=snapshots_in(manifest),
    )


def unusable_day(day: date, problem: str, manifest_uri: str, now: datetime) -> AuditedDay:
    """Return a day whose manifest cannot be used: it counts as unsettled.

    :param problem: why, as a clause that follows the day
    """
    left = days_left(day, now)
    return AuditedDay(day=day, state="unsettled", days_left=left, manifest_uri=manifest_uri, problem=problem)


def _problem(day: date, result: dict[str, Any]) -> str | None:
    if not isinstance(result.get("settled"), bool):
        return "has a manifest that is not one of an audit"
    if result.get("send_date") != day.isoformat():
        return "has the manifest of another day"
    return None


def _count(result: dict[str, Any], name: str) -> int | None:
    value = result.get(name)
    return value if type(value) is int else None
