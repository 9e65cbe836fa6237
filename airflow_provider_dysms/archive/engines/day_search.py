"""The search of the file of one day, and the rows that it finds: the same for every engine.

Within a day the newest message comes first, and messages without a time of sending count as older than its beginning.
Messages of the same instant keep the order of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from datetime import datetime


def in_capitals(code: str) -> str:
    """Return a code with the letters of ASCII in capitals: every engine can do that, and all do the same."""
    return code.encode().upper().decode()


class Position(NamedTuple):
    """The place of a message in the order of a day.

    :param moment: when it was sent, or the instant that stands for an unknown time
    :param row: its row in the file, from 0; -1 stands for a place before all rows of that instant
    """

    moment: datetime
    row: int


class DaySearch(PrivateStruct, frozen=True, kw_only=True):
    """The conditions that a row must meet, and how many rows are returned.

    :param equal: (column, texts that it may have), for each condition; every column is in the file
    :param status_codes: status codes that it may have, in capitals; ``None`` for any
    :param with_expired: whether an expired message without a code has one of the status codes
    :param sent_from: first instant of sending; ``None`` for any
    :param sent_to: first instant after it; ``None`` for any
    :param undated: whether messages without a time of sending are found
    :param undated_moment: the instant that stands for an unknown time
    :param after: only rows after this place in the order; ``None`` for all
    :param limit: largest number of rows to return
    :param count: whether the rows that meet the conditions are counted, also before ``after``
    """

    equal: tuple[tuple[str, tuple[str, ...]], ...] = ()
    status_codes: tuple[str, ...] | None = None
    with_expired: bool = False
    sent_from: datetime | None = None
    sent_to: datetime | None = None
    undated: bool = True
    undated_moment: datetime
    after: Position | None = None
    limit: int
    count: bool = False

    _repr_fields = ("sent_from", "sent_to", "limit")


class FoundRow(PrivateStruct, frozen=True, gc=False):
    """A row that meets the conditions.

    :param position: its place in the order of the day
    :param values: of every column of the file, in its order
    """

    position: Position
    values: tuple[Any, ...]


class DayMatches(msgspec.Struct, frozen=True):
    """The rows of a day that meet the conditions.

    :param rows: the first ones in the order, after ``after``
    :param count: number of all; ``None`` if they were not counted
    """

    rows: tuple[FoundRow, ...]
    count: int | None
