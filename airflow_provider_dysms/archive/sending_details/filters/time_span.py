"""The time in which the messages of a search were sent: ``[from, to)``, or the last hours."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.archive.sending_details.filters.search_limits import check_span, limits_of
from airflow_provider_dysms.model.dates import DAY, EPOCH, beijing_day, day_start, parse_day, parse_instant
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from airflow_provider_dysms.archive.sending_details.query import FindQuery, Time

#: The span of a search that names no beginning, if its limits allow it.
DEFAULT_SPAN = timedelta(days=30)

#: Days that one search may span.
MAX_DAYS = 3_660

#: The time that a search may be about: far from the ends of the calendar, of which Beijing and UTC have different ones.
EARLIEST, LATEST = EPOCH, datetime(9999, 1, 1, tzinfo=UTC)

_LAST = re.compile(r"([1-9][0-9]{0,4}) ?([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY}


class TimeSpan(msgspec.Struct, frozen=True):
    """A span of time.

    :param start: its first instant, in UTC
    :param end: the first instant after it
    """

    start: datetime
    end: datetime

    @property
    def days(self) -> list[date]:
        """The Beijing days that it touches, the newest first."""
        first, last = beijing_day(self.start), beijing_day(self.end - timedelta(microseconds=1))
        return [last - DAY * back for back in range((last - first).days + 1)]

    @property
    def is_bounded(self) -> bool:
        """Whether a search may have it: one that another program has put into a cursor need not be a span at all."""
        return EARLIEST - DEFAULT_SPAN <= self.start < self.end < LATEST and self.end - self.start <= DAY * MAX_DAYS

    def has_all_of(self, day: date) -> bool:
        """Return whether the whole of a Beijing day lies in it."""
        return self.start <= day_start(day) and day_start(day) + DAY <= self.end


def resolve_span(query: FindQuery, now: datetime) -> TimeSpan:
    """Return the span of a search.

    :param now: the current instant
    :raises DysmsInputError: a time cannot be read, the end is not after the beginning, or a limit is exceeded
    """
    limits = limits_of(query.limits)
    if query.last is not None:
        if query.sent_from is not None or query.sent_to is not None:
            raise DysmsInputError("last", "takes the place of sent_from and sent_to; leave it out, or both of them")
        start, end = now - _length(query.last), now
    else:
        end = now if query.sent_to is None else _instant("sent_to", query.sent_to)
        default = min(DEFAULT_SPAN, limits.max_span or DEFAULT_SPAN)
        start = end - default if query.sent_from is None else _instant("sent_from", query.sent_from)
    if start >= end:
        raise DysmsInputError("sent_from", "must be before sent_to" if query.sent_to else "must not be in the future")
    check_span(limits, end - start, now - start)
    if end - start > DAY * MAX_DAYS:
        raise DysmsInputError("sent_from", f"and sent_to span more than {MAX_DAYS:,} days; choose a shorter time")
    return TimeSpan(start, end)


def _length(last: str) -> timedelta:
    found = _LAST.fullmatch(last.strip().lower()) if isinstance(last, str) else None
    if found is None:
        raise DysmsInputError("last", "must be a number of minutes, hours or days, such as 30m, 1h, 24h or 7d")
    return int(found[1]) * _UNITS[found[2]]


def _instant(argument: str, value: Time) -> datetime:
    try:
        instant = _read(argument, value)
    except OverflowError:
        instant = LATEST
    if not EARLIEST <= instant < LATEST:
        raise DysmsInputError(argument, f"must be in the years {EARLIEST.year} to {LATEST.year - 1}")
    return instant


def _read(argument: str, value: Time) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise DysmsInputError(argument, "is a datetime without a time zone; pass one with a zone, or text")
        return value.astimezone(UTC)
    if isinstance(value, str) and len(value.strip()) > len("YYYY-MM-DD"):
        try:
            if (instant := parse_instant(value)) is not None:
                return instant
        except ValueError:
            pass
        raise DysmsInputError(
            argument, "is not a time; write YYYY-MM-DD HH:MM in Beijing time, or ISO 8601 with an offset"
        )
    return day_start(parse_day(value, argument))
