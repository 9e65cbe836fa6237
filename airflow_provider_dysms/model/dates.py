"""Beijing days and the 30-day window of the service.

The service dates everything by Beijing time, UTC+8 all year, so a fixed offset is exact and no time zone database is
asked. A day is a :class:`datetime.date`; an instant is an aware :class:`datetime.datetime`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsWindowError, safe_repr

BEIJING_AHEAD = timedelta(hours=8)
BEIJING = timezone(BEIJING_AHEAD, "Asia/Shanghai")
_AHEAD = BEIJING_AHEAD.total_seconds()

#: The same instant, and as a clock in Beijing shows it: by their difference a local time becomes an instant faster than
#: by ``astimezone``.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL_EPOCH = datetime(1970, 1, 1, 8)  # noqa: DTZ001

_BEGIN_OF_1970 = EPOCH - BEIJING_AHEAD
_ORDINAL_OF_1970 = date(1970, 1, 1).toordinal()

#: "You can query records from the past 30 days" (QuerySendDetails); whether day -30 is included is not documented,
#: so it is asked, and warned about.
WINDOW_DAYS = 30

#: A receipt may take this long; afterwards the state stays unknown for good.
RECEIPT_TIME = timedelta(hours=72)

#: A message accepted shortly before midnight may be dated the day after.
MIDNIGHT_SLACK = timedelta(minutes=10)

#: Python's readers of both forms take far more than times: bare digits, weeks, and zones by names that are ambiguous
#: (CST is Shanghai's, Chicago's and Havana's).
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")
_RFC_2822 = re.compile(
    r"(?:[A-Za-z]{3}, ?)?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} "
    r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?: (?:[+-][0-9]{4}|GMT|UTC|Z))?"
)

#: A message that is waited for has the same times in every answer.
SAME_TIMES = 8192


def beijing_day(instant: datetime) -> date:
    """Return the Beijing day on which an aware instant falls."""
    if type(instant) is datetime:
        return _day((instant - _BEGIN_OF_1970).days)
    return _day(int((instant.timestamp() + _AHEAD) // 86_400))  # subclasses have differences of their own


@lru_cache(maxsize=64)
def _day(since_1970: int) -> date:
    return date.fromordinal(_ORDINAL_OF_1970 + since_1970)


def day_start(day: date) -> datetime:
    """Return the instant at which a Beijing day begins, in UTC: instants of two zones are compared ten times as slowly.

    :raises OverflowError: UTC has no such instant, because the day is the first of the calendar
    """
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - BEIJING_AHEAD


def parse_day(value: str | int | date | datetime, argument: str = "send_date") -> date:
    """Read a day as users write it.

    :param value: ``YYYYMMDD`` (text or number), ``YYYY-MM-DD``, a ``date``, or an aware ``datetime`` (its Beijing day)
    :param argument: name of the argument, for the error
    :raises DysmsInputError: not a date, or a naive ``datetime``
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise DysmsInputError(
                argument, "is a datetime without a time zone; pass an aware one, or the day as 'YYYY-MM-DD'"
            )
        try:
            return beijing_day(value)
        except (ValueError, OverflowError):
            raise DysmsInputError(argument, "lies at the edge of the calendar, where Beijing has no day") from None
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    if isinstance(value, (str, int)) and not isinstance(value, bool):  # native templates make 20250601 a number
        text = str(value).strip()
        pattern = {8: "%Y%m%d", 10: "%Y-%m-%d"}.get(len(text))
        if pattern and text.isascii() and text.replace("-", "").isdigit():
            try:
                return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                pass
    raise DysmsInputError(
        argument,
        f"is not a date: {safe_repr(value)}; it must be 'YYYY-MM-DD', 'YYYYMMDD', a date, or a datetime with a time zone",
    )


@lru_cache(maxsize=64)
def wire_day(day: date) -> str:
    """Return a day as the API takes it: ``yyyyMMdd``."""
    return day.isoformat().replace("-", "")


def window(now: datetime) -> tuple[date, date]:
    """Return the first and the last day that the service still remembers at an instant."""
    return _window(beijing_day(now))


@lru_cache(maxsize=8)
def _window(today: date) -> tuple[date, date]:
    return today - timedelta(days=WINDOW_DAYS), today


def is_remembered(day: date, now: datetime) -> bool:
    """Say whether the service still remembers a day at an instant."""
    try:
        first, end = _span(day)
    except OverflowError:  # the first days of the calendar, and the last
        return False
    return first <= now < end


@lru_cache(maxsize=64)
def _span(day: date) -> tuple[datetime, datetime]:
    return day_start(day), day_start(day + timedelta(days=WINDOW_DAYS + 1))


def check_window(day: date, now: datetime, argument: str = "send_date") -> None:
    """Refuse a day that the service does not remember (it would answer with nothing, and say OK).

    :raises DysmsWindowError: the day lies in the future or more than 30 days back
    """
    if not is_remembered(day, now):
        first, last = window(now)
        where = "in the future" if day > last else "outside the 30 days that the service remembers"
        raise DysmsWindowError(
            argument, f"{day} lies {where}; in Beijing it is {last} now, ask for a day from {first} to {last}"
        )


def days_left(day: date, now: datetime) -> int:
    """Return how many more days a day can be asked for: 0 on its last day, negative when it is gone."""
    return (day - window(now)[0]).days


def parse_instant(value: object) -> datetime | None:
    """Read a time as the API writes it: ISO-like with or without a zone (Beijing), or RFC 2822.

    :returns: an aware instant in UTC, or ``None`` for nothing
    :raises ValueError: there is text, and it is no time
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"a time is text, not {type(value).__name__}")
    text = value.strip()
    return _instant(text) if text else None


@lru_cache(SAME_TIMES)
def _instant(text: str) -> datetime:
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
            instant = instant.replace(tzinfo=UTC)  # RFC 2822 writes it so, too, which Python reads as no zone
        instant.astimezone(BEIJING)  # the last hours of the calendar have no day there
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("not a time of a form that the service is known to write") from None
