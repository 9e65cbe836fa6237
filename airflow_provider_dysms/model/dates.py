"""Beijing days, the 30-day window of the service, and times as the API and our results write them.

The service dates everything by Beijing time, UTC+8 all year, so a fixed offset is exact and no time zone database is
needed. A day is a :class:`datetime.date`; an instant is an aware :class:`datetime.datetime`.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, overload

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsWindowError
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = timedelta(days=1)

BEIJING_OFFSET = timedelta(hours=8)
BEIJING = timezone(BEIJING_OFFSET, "Asia/Shanghai")

_DAY_SECONDS, _OFFSET_SECONDS = DAY.total_seconds(), BEIJING_OFFSET.total_seconds()

#: An instant in UTC, to the second, for ``strftime`` and ``strptime``.
ISO_UTC_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

#: One instant in UTC, and as a clock in Beijing shows it. Their difference turns a local time into an instant faster
#: than ``astimezone`` does.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL_EPOCH = datetime(1970, 1, 1, 8)  # noqa: DTZ001

_START_OF_1970 = EPOCH - BEIJING_OFFSET
_ORDINAL_OF_1970 = date(1970, 1, 1).toordinal()

#: "You can query records from the past 30 days" (QuerySendDetails); whether day -30 is included is not documented,
#: so it is queried, and a warning says so.
WINDOW_DAYS = 30

#: A receipt takes at most this long; without one the state stays unknown.
RECEIPT_TIME = timedelta(hours=72)

#: Upper bounds in seconds, each included, of the buckets into which audits put delivery times. They are close together
#: below a minute, and the last is the time in which receipts come. Manifests have them: they never change.
LATENCY_BOUNDS = (
    *(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60),
    *(90, 120, 180, 300, 600, 900, 1800, 3600),
    *(2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 48 * 3600, 72 * 3600),
)

#: A message accepted shortly before midnight may be dated the day after.
MIDNIGHT_SLACK = timedelta(minutes=10)

#: The service refuses requests that are dated further than this from its own clock, so clocks differ by less.
MAX_CLOCK_SKEW = timedelta(minutes=15)

#: Seconds after which the service refuses a signed request (ACS3, the signature that this package uses).
SIGNATURE_LIFETIME = MAX_CLOCK_SKEW.total_seconds()

# Python's parsers of both forms accept far more than times: bare digits, weeks, and ambiguous names of zones (CST means
# Shanghai, Chicago and Havana).
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")
_RFC_2822 = re.compile(
    r"(?:[A-Za-z]{3}, ?)?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} "
    r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?: (?:[+-][0-9]{4}|GMT|UTC|Z))?"
)

# The key that Airflow's timetables give a partition by default.
_NAIVE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")

#: Times whose parsed form is kept: a wait sees the same times in every answer.
MAX_CACHED_TIMES = 8192


def beijing_day(instant: datetime) -> date:
    """Return the Beijing day on which an aware instant falls."""
    if type(instant) is datetime:
        return _day((instant - _START_OF_1970).days)
    # Subclasses, such as pendulum's, return differences of their own.
    return _day(int((instant.timestamp() + _OFFSET_SECONDS) // _DAY_SECONDS))


@lru_cache(maxsize=64)
def _day(days_since_1970: int) -> date:
    return date.fromordinal(_ORDINAL_OF_1970 + days_since_1970)


def day_start(day: date) -> datetime:
    """Return the instant at which a Beijing day begins, in UTC: comparing instants of two zones is ten times as slow.

    :raises OverflowError: the day is the first of the calendar, which UTC does not have
    """
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - BEIJING_OFFSET


def day_spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return days as spans of days that follow each other, the oldest first: the first and the last day of each."""
    spans: list[tuple[date, date]] = []
    for day in sorted(days):
        if spans and day - spans[-1][1] == DAY:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def parse_day(value: str | int | date | datetime, argument: str = "send_date") -> date:
    """Parse a day as users write it.

    :param value: ``YYYYMMDD`` (text or number), ``YYYY-MM-DD``, a ``date``, or an aware ``datetime`` (its Beijing day)
    :param argument: name of the argument, for the error
    :raises DysmsInputError: it is not a date, or is a naive ``datetime``
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise DysmsInputError(
                argument, "is a datetime without a time zone; pass one with a zone, or the day as 'YYYY-MM-DD'"
            )
        try:
            return beijing_day(value)
        except (ValueError, OverflowError):
            raise DysmsInputError(
                argument, "is at the edge of the calendar, outside the days that Beijing has"
            ) from None
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    if isinstance(value, (str, int)) and not isinstance(value, bool):  # native templates turn 20250601 into a number
        text = str(value).strip()
        pattern = {8: "%Y%m%d", 10: "%Y-%m-%d"}.get(len(text))
        if pattern and text.isascii() and text.replace("-", "").isdigit():
            try:
                return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                pass
        if _NAIVE_TIME.fullmatch(text):
            raise DysmsInputError(
                argument,
                "is a time without a zone, not a day; if it is the partition key of the run, set key_format='%Y-%m-%d' "
                "in the timetable",
            )
    raise DysmsInputError(
        argument,
        f"is not a date: {safe_repr(value)}; "
        "it must be 'YYYY-MM-DD', 'YYYYMMDD', a date, or a datetime with a time zone",
    )


@lru_cache(maxsize=64)
def wire_day(day: date) -> str:
    """Return a day as the API takes it: ``yyyyMMdd``."""
    return day.isoformat().replace("-", "")


def window(now: datetime) -> tuple[date, date]:
    """Return the first and the last day of which the service has records at an instant."""
    return _window(beijing_day(now))


@lru_cache(maxsize=8)
def _window(today: date) -> tuple[date, date]:
    return today - timedelta(days=WINDOW_DAYS), today


def is_remembered(day: date, now: datetime) -> bool:
    """Return whether the service has records of a day at an instant."""
    try:
        first, end = _remembered_span(day)
    except OverflowError:  # the first and the last days of the calendar
        return False
    return first <= now < end


@lru_cache(maxsize=64)
def _remembered_span(day: date) -> tuple[datetime, datetime]:
    return day_start(day), day_start(day + timedelta(days=WINDOW_DAYS + 1))


def remembered_days(last: date, count: int, now: datetime) -> list[date]:
    """Return the days of a span that the service remembers at an instant, the oldest first.

    :param last: the last day of the span
    :param count: how many days the span has; at most 366
    """
    last_ordinal = last.toordinal()
    ordinals = range(max(last_ordinal - count + 1, 1), last_ordinal + 1)
    return [day for day in map(date.fromordinal, ordinals) if is_remembered(day, now)]


def check_window(day: date, now: datetime, argument: str = "send_date") -> None:
    """Refuse a day outside the window, for which the service would answer OK without any records.

    :raises DysmsWindowError: the day is in the future or more than 30 days back
    """
    if not is_remembered(day, now):
        first, last = window(now)
        place = "in the future" if day > last else "outside the 30 days that the service remembers"
        raise DysmsWindowError(
            argument, f"{day} is {place}; today is {last} in Beijing, so choose a day from {first} to {last}"
        )


def days_left(day: date, now: datetime) -> int:
    """Return for how many more days a day stays in the window: 0 on its last day, negative afterwards."""
    return (day - window(now)[0]).days


def parse_instant(value: object) -> datetime | None:
    """Parse a time as the API writes it: ISO 8601 or RFC 2822; without a zone it is Beijing time.

    :returns: an aware instant in UTC, or ``None`` for an empty value
    :raises ValueError: it is not empty, and not a time
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"a time must be text, not {type(value).__name__}")
    text = value.strip()
    return _parse_instant(text) if text else None


@lru_cache(MAX_CACHED_TIMES)
def _parse_instant(text: str) -> datetime:
    try:
        if _ISO.match(text):
            instant = datetime.fromisoformat(text)
        elif _RFC_2822.fullmatch(text):
            instant = parsedate_to_datetime(text)
        else:
            raise ValueError
        if instant.tzinfo is None:
            if not text.endswith("-0000"):
                return EPOCH + (instant - LOCAL_EPOCH)
            instant = instant.replace(
                tzinfo=UTC
            )  # RFC 2822 also writes UTC this way, and Python reads it as "without a zone"
        if instant.year == MAXYEAR:
            instant.astimezone(BEIJING)  # fails in the last hours of the calendar, which have no Beijing day
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("not a time in a form that the service is known to write") from None


@overload
def iso_utc(instant: datetime, timespec: str = ...) -> str: ...


@overload
def iso_utc(instant: datetime | None, timespec: str = ...) -> str | None: ...


def iso_utc(instant: datetime | None, timespec: str = "auto") -> str | None:
    """Return an instant in UTC as ISO 8601 with ``Z``, as in all our results; ``None`` for ``None``.

    :param instant: aware, in UTC
    :param timespec: as ``datetime.isoformat`` takes it; by default a fraction is written only if there is one
    """
    return None if instant is None else instant.isoformat(timespec=timespec).replace("+00:00", "Z")
