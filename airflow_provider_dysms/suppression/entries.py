"""Decides which numbers are stopped: from their messages in order of time, and from the previous list.

A delivery ends every reason but a blacklist of another type. An entry of the previous list stays until it expires, also
after its failures have left the days that are read: a number that is stopped makes no new ones.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import beijing_day
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.suppression.events import DELIVERED
from airflow_provider_dysms.suppression.rules import (
    BLACKLIST,
    TYPES_OF_REASON,
    UNREACHABLE,
    SuppressionRules,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_dysms.suppression.events import Event

#: Columns of a suppression list. ``phone_hash`` takes the place of ``phone_number`` if numbers are hashed. For a prefix
#: it has the prefix. An entry that is not applied is a report, which no send respects.
COLUMNS: dict[str, type] = {
    "phone_number": str,
    "match": str,
    "template_type": str,
    "reason": str,
    "count": int,
    "first_seen": datetime,
    "last_seen": datetime,
    "expires_at": datetime,
    "is_applied": bool,
}


class Entry(PrivateStruct, frozen=True, kw_only=True):
    """A number, or a prefix, that is stopped for one type of messages; its fields are the columns of the list."""

    phone_number: str
    match: str = "number"
    template_type: str
    reason: str
    count: int
    first_seen: datetime
    last_seen: datetime
    expires_at: datetime
    is_applied: bool = True

    _repr_fields = ("match", "template_type", "reason")

    @property
    def key(self) -> tuple[str, str]:
        """Reason and type, which identify it among the entries of its number."""
        return self.reason, self.template_type


class _Failures:
    """The failures of a number for one reason, since it last got a message."""

    def __init__(self) -> None:
        self.count = 0
        self.days = 0
        self.first = self.last = 0
        self._day: Any = None

    def add(self, at: int) -> None:
        self.first = self.first or at
        self.count += 1
        self.last = at
        if (day := beijing_day(instant(at))) != self._day:
            self.days += 1
            self._day = day


def entries_of(
    number: str, events: Iterable[Event], previous: Iterable[Entry], rules: SuppressionRules, as_of: datetime
) -> list[Entry]:
    """Return the entries of one number, sorted.

    :param events: its messages, in order of time
    :param previous: its entries in the previous list
    :param as_of: entries that have expired by then are left out
    """
    failures: dict[tuple[str, str], _Failures] = {}
    delivered: dict[str, int] = {}
    for event in events:
        if event.outcome == DELIVERED:
            delivered[event.template_type] = event.at
            failures = {key: found for key, found in failures.items() if not _is_ended(key, event.template_type)}
        elif event.outcome in (BLACKLIST, *TYPES_OF_REASON):
            for template_type in TYPES_OF_REASON.get(event.outcome, (event.template_type,)):
                failures.setdefault((event.outcome, template_type), _Failures()).add(event.at)
    found = {
        key: _entry(number, *key, each, rules) for key, each in failures.items() if _is_enough(key[0], each, rules)
    }
    for entry in previous:
        last_delivery = max((at for kind, at in delivered.items() if _is_ended(entry.key, kind)), default=0)
        if instant(last_delivery) <= entry.last_seen:
            found[entry.key] = merged(entry, found[entry.key]) if entry.key in found else entry
    return sorted((each for each in found.values() if each.expires_at > as_of), key=lambda each: each.key)


def merged(one: Entry, other: Entry) -> Entry:
    """Return an entry that stands for two of the same number, reason and type."""
    last = max(one, other, key=lambda each: each.last_seen)
    return Entry(
        phone_number=one.phone_number,
        match=one.match,
        template_type=one.template_type,
        reason=one.reason,
        count=max(one.count, other.count),
        first_seen=min(one.first_seen, other.first_seen),
        last_seen=last.last_seen,
        expires_at=last.expires_at,
        is_applied=other.is_applied,
    )


def row_of(entry: Entry) -> tuple[Any, ...]:
    """Return an entry as a row, its values in the order of :data:`COLUMNS`."""
    return tuple(getattr(entry, name) for name in COLUMNS)


def entries_in(rows: Iterable[tuple[Any, ...]]) -> Iterator[Entry]:
    """Yield the entries of the rows of a list."""
    for row in rows:
        yield Entry(**dict(zip(COLUMNS, row, strict=True)))


def instant(seconds: int) -> datetime:
    """Return an instant in UTC.

    :param seconds: since 1970
    """
    return datetime.fromtimestamp(seconds, UTC)


def expiry(last_seen: datetime, reason: str, rules: SuppressionRules) -> datetime:
    """Return when an entry expires."""
    return last_seen + timedelta(days=rules.expiry_days(reason))


def _is_ended(key: tuple[str, str], delivered_type: str) -> bool:
    """Return whether a delivery ends a reason: of a blacklist only that of its own type does."""
    reason, template_type = key
    return reason != BLACKLIST or template_type == delivered_type


def _is_enough(reason: str, failures: _Failures, rules: SuppressionRules) -> bool:
    enough_days = reason != UNREACHABLE or failures.days >= rules.unreachable_days
    return enough_days and failures.count >= rules.after(reason)


def _entry(number: str, reason: str, template_type: str, failures: _Failures, rules: SuppressionRules) -> Entry:
    last = instant(failures.last)
    return Entry(
        phone_number=number,
        template_type=template_type,
        reason=reason,
        count=failures.count,
        first_seen=instant(failures.first),
        last_seen=last,
        expires_at=expiry(last, reason, rules),
    )
