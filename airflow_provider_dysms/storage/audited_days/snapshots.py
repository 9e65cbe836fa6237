"""The figures of earlier audits of a day, which its manifest keeps so that days can be compared at equal age.

Receipts become known later than they were received: a day that ended nine hours ago has fewer deliveries than it will
have in the end, and fewer than its rows will then say it had by now. So next to the ``result`` of the latest audit a
manifest has a snapshot of the figures of each audit before it: ``as_of``, ``settled``, ``source``, ``by_state``,
``by_template``, ``by_country``, ``by_sign_name``, ``failed_by_category``, ``failed_by_fault`` and ``delivery_seconds``
as ``result`` had them, with at most :data:`MAX_ENTRIES` entries each.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.choices import OTHERS
from airflow_provider_dysms.model.dates import DAY, RECEIPT_TIME, day_start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.storage.manifest import Manifest

Snapshot = dict[str, Any]

#: Snapshots of a manifest. An hourly audit makes about a hundred until the day is settled; a daily one makes four.
MAX_SNAPSHOTS = 16

#: Entries of a map in a snapshot; the sum of the others stands under ``(others)``.
MAX_ENTRIES = 50

_KEPT = ("as_of", "settled", "source", "by_state", "failed_by_category", "failed_by_fault", "delivery_seconds")
_SHORTENED = ("by_template", "by_country", "by_sign_name")

_HOUR = timedelta(hours=1)


def snapshots_after(previous: Manifest | None, result: Mapping[str, Any]) -> list[Snapshot]:
    """Return the snapshots that the manifest of a new audit keeps, the oldest first.

    An audit has one ``as_of`` in all its attempts, so an attempt after its own commit does not count as another audit.

    :param previous: the manifest that is replaced; ``None`` if there is none
    :param result: of the new audit; a result without ``as_of`` is not an audit, and keeps nothing
    """
    if previous is None or "as_of" not in result:
        return []
    earlier = snapshots_in(previous)
    if _is_snapshot(previous["result"]):
        earlier.append(snapshot_of(previous["result"]))
    found = {each["as_of"]: each for each in earlier if each["as_of"] != result["as_of"]}
    return _thinned([found[as_of] for as_of in sorted(found)], date.fromisoformat(result["send_date"]))


def snapshots_in(manifest: Manifest) -> list[Snapshot]:
    """Return the snapshots of a stored manifest; those that cannot be read, and so cannot be compared, are left out."""
    stored = manifest.get("snapshots")
    return [each for each in stored if _is_snapshot(each)] if isinstance(stored, list) else []


def snapshot_of(result: Mapping[str, Any]) -> Snapshot:
    """Return the figures of an audit that its snapshot keeps.

    :param result: of a manifest; figures that it does not have are not known, and are left out
    """
    return {
        **{name: result[name] for name in _KEPT if name in result},
        **{name: largest_entries(result[name], MAX_ENTRIES) for name in _SHORTENED if name in result},
    }


def age_of(day: date, as_of: datetime) -> timedelta:
    """Return how long after the end of a Beijing day an audit began; negative if the day was not over."""
    return as_of - day_start(day) - DAY


def largest_entries(counts: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Return the largest of some counts, or of some maps of counts, and under ``(others)`` the sum of the others.

    :param limit: entries that are kept; ``(others)`` comes in addition
    """
    if len(counts) <= limit:
        return dict(counts)
    names = sorted(counts, key=lambda name: (-_total(counts[name]), name))
    kept = [name for name in names if name != OTHERS][:limit]
    others: Counter[str] = Counter()
    for name in counts.keys() - set(kept):
        value = counts[name]
        others.update(value if isinstance(value, dict) else {"": value})
    total = others[""] if set(others) == {""} else dict(sorted(others.items()))
    return {**{name: counts[name] for name in sorted(kept)}, OTHERS: total}


def _total(value: Any) -> int:
    return sum(value.values()) if isinstance(value, dict) else value


def _is_snapshot(value: Any) -> bool:
    """Return whether a value from a stored manifest has what every snapshot has."""
    if not isinstance(value, dict) or not isinstance(value.get("by_state"), dict):
        return False
    try:
        return datetime.fromisoformat(value["as_of"]).tzinfo is not None
    except (KeyError, TypeError, ValueError):
        return False


def _thinned(snapshots: list[Snapshot], day: date) -> list[Snapshot]:
    """Leave out the snapshots that have the nearest neighbours; the first and the last stay."""
    while len(snapshots) > MAX_SNAPSHOTS:
        places = [_place(age_of(day, datetime.fromisoformat(each["as_of"]))) for each in snapshots]
        gaps = {index: places[index + 1] - places[index - 1] for index in range(1, len(places) - 1)}
        del snapshots[min(gaps, key=lambda index: (gaps[index], index))]
    return snapshots


def _place(age: timedelta) -> float:
    """Return the place of an age on a scale that is wide where figures change fast, and ends when receipts do."""
    hours = min(age, RECEIPT_TIME) / _HOUR
    return math.log(5 + hours) if hours >= 0 else math.log(5) + hours / 24
