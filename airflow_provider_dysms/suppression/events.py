"""The messages of an archive as events on disk: to whom, of which type, with which outcome, and when.

Millions of them are sorted by SQLite in bounded memory; nothing is looked up one by one.
"""

from __future__ import annotations

from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Self

from airflow_provider_dysms.suppression.rules import (
    BLACKLIST,
    INVALID,
    PREFIX_TAIL,
    TEMPLATE_TYPES,
    UNKNOWN_TYPE,
    UNREACHABLE,
)
from airflow_provider_dysms.temporary_database import open_temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

#: Outcomes other than the reasons to stop a number. ``other`` is a failure that may be the recipient's; ``excused`` one
#: of the sender or the network; ``open`` has no receipt yet.
DELIVERED, OTHER, EXCUSED, OPEN = "delivered", "other", "excused", "open"

_OUTCOMES = (DELIVERED, INVALID, BLACKLIST, UNREACHABLE, OTHER, EXCUSED, OPEN)
_TYPES = (*TEMPLATE_TYPES, UNKNOWN_TYPE)
_REASONS = ", ".join(str(_OUTCOMES.index(reason)) for reason in (INVALID, BLACKLIST, UNREACHABLE))

#: Events that are inserted at once.
_BATCH = 5_000


class Event(NamedTuple):
    """One message.

    :param number: or its hash
    :param template_type: one of the types, or ``unknown``
    :param outcome: ``delivered``, a reason, ``other``, ``excused`` or ``open``
    :param at: when it was sent, in seconds since 1970
    """

    number: str
    template_type: str
    outcome: str
    at: int

    def __repr__(self) -> str:
        return f"Event({self.template_type!r}, {self.outcome!r})"


class PrefixCounts(NamedTuple):
    """The one-time codes to the numbers of a prefix.

    :param prefix: without the last four digits
    :param messages: codes that were sent
    :param numbers: distinct numbers
    :param delivered: codes that arrived
    :param judged: codes whose outcome says something about the numbers
    :param first: time of the first, in seconds since 1970
    :param last: time of the last
    """

    prefix: str
    messages: int
    numbers: int
    delivered: int
    judged: int
    first: int
    last: int

    def __repr__(self) -> str:
        return f"PrefixCounts(messages={self.messages})"


class Events:
    """Events on disk; as a context, it ends with its database."""

    def __init__(self) -> None:
        self._database = open_temporary_database()
        self._database.execute("CREATE TABLE events (number TEXT, type INTEGER, outcome INTEGER, at INTEGER)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._database.close()

    def add(self, events: Iterable[Event]) -> None:
        """Add events in any order."""
        numbers = ((each.number, _TYPES.index(each[1]), _OUTCOMES.index(each[2]), each.at) for each in events)
        while batch := list(islice(numbers, _BATCH)):
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", batch)
            self._database.execute("COMMIT")

    def by_number(self, also: Iterable[str] = ()) -> Iterator[tuple[str, Iterator[Event]]]:
        """Yield the events of each number that has a reason to be stopped, in the order of numbers and times.

        :param also: numbers whose events are of interest too
        """
        self._database.execute("CREATE TABLE chosen (number TEXT PRIMARY KEY) WITHOUT ROWID")
        self._database.executemany("INSERT OR IGNORE INTO chosen VALUES (?)", ((number,) for number in also))
        self._database.execute(
            f"INSERT OR IGNORE INTO chosen SELECT DISTINCT number FROM events WHERE outcome IN ({_REASONS})"  # noqa: S608
        )
        rows = self._database.execute(
            "SELECT number, type, outcome, at FROM events WHERE number IN (SELECT number FROM chosen) "
            "ORDER BY number, at, outcome"
        )
        for number, group in groupby(rows, itemgetter(0)):
            yield number, (Event(number, _TYPES[row[1]], _OUTCOMES[row[2]], row[3]) for row in group)

    def times_of_codes(self) -> Iterator[tuple[str, Iterator[int]]]:
        """Yield the times of the one-time codes to each number, in order."""
        rows = self._database.execute("SELECT number, at FROM events WHERE type = ? ORDER BY number, at", (_CODE,))
        for number, group in groupby(rows, itemgetter(0)):
            yield number, (at for _, at in group)

    def prefixes(self, min_messages: int) -> Iterator[PrefixCounts]:
        """Yield the counts of each prefix with enough one-time codes, in the order of prefixes."""
        rows = self._database.execute(
            "SELECT substr(number, 1, length(number) - ?) AS prefix, COUNT(*), COUNT(DISTINCT number), "
            "SUM(outcome = ?), SUM(outcome NOT IN (?, ?)), MIN(at), MAX(at) "
            "FROM events WHERE type = ? GROUP BY prefix HAVING COUNT(*) >= ? ORDER BY prefix",
            (PREFIX_TAIL, *map(_OUTCOMES.index, (DELIVERED, EXCUSED, OPEN)), _CODE, min_messages),
        )
        for row in rows:
            yield PrefixCounts(*row)


_CODE = _TYPES.index("code")
