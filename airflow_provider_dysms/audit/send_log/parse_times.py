"""Parses ``sent_at`` in the forms that programs write; a form that can be read in two ways is refused."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_dysms.model.dates import BEIJING, EPOCH, parse_instant
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import is_null_word
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable

#: Why an instant cannot be the time of a message, a clause for errors.
OUT_OF_RANGE = "is not in a year in which messages are sent"

_EXAMPLE = "2025-06-01T12:00:00+08:00"
_NAMES_OF_BEIJING = frozenset({"Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "PRC"})

#: Python accepts ``%Z`` and ignores it, so a time in UTC would be read as a time in ``timezone``.
_ZONE_BY_NAME = re.compile(r"(?<!%)(?:%%)*%Z")
_LITERAL_Z = re.compile(r"%[MSTXfc]Z$")
#: A time in the afternoon in which every part is different.
_PROBE = datetime(2019, 8, 27, 21, 43, tzinfo=UTC)

_ZONE = r"""
    (?P<zone>
        (?:
            (?P<utc>[Zz]|[ ]?(?:UTC|GMT))
            | [ ]?(?P<offset>[+-]\d\d(?::?\d\d)?)
            (?:[ ](?:[A-Z]{2,5}|[+-]\d\d(?:\d\d)?))?(?:[ ]m=[+-][\d.]+)?    # Go
        )
        (?:\[(?P<bracketed>[A-Za-z0-9_/+:-]+)\])?    # Java
        | [ ](?P<name>[A-Z][A-Za-z]+(?:/[A-Za-z0-9_+-]+)+)    # Trino
    )?
"""
_SEPARATED = re.compile(
    r"""
    (\d{4})(?:(?P<separator>[-/.])(\d{1,2})(?P=separator)(\d{1,2})|年(\d{1,2})月(\d{1,2})日)
    (?:[Tt]|[ ]+|(?<=日))(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?
    """
    + _ZONE,
    re.ASCII | re.VERBOSE,
)
_COMPACT = re.compile(
    r"(\d{4})(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(?:(\d\d)(?:[.,]?(\d{1,9}))?)?" + _ZONE, re.ASCII | re.VERBOSE
)
_RFC_2822 = re.compile(r"(?:[A-Za-z]{3}, ?)?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)?(?: (?:[+-]\d{4}|GMT|UTC|Z))?")
_SINCE_1970 = re.compile(r"(\d+)(?:\.(\d{1,9}))?", re.ASCII)
#: Number of digits -> units per second. A number of this length is a year from 2001 to 2286 in only one of the units.
_UNITS = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}

_OUT_OF_CALENDAR = re.compile(r"-?\d+ (?:s|ms|us|days) since 1970", re.ASCII)  # a Parquet cell outside the calendar
_DAY_ONLY = re.compile(r"\d{4}([-/.]?)\d{1,2}\1\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日", re.ASCII)
_YEAR_LAST = re.compile(
    r"(?P<first>\d{1,2})(?P<separator>[-/.])(?P<second>\d{1,2})(?P=separator)(?P<year>\d{4}|\d{2})"
    r"(?:[T ]+\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<noon> ?[AaPp][Mm])?)?.*",
    re.ASCII | re.DOTALL,
)
_NULL_TIMES = frozenset({"nat", "0000-00-00 00:00:00"})  # of pandas and MySQL
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d+", re.ASCII)


class TimeParser:
    """Parses the times of a log.

    :param time_format: codes of :meth:`~datetime.datetime.strptime`; default: every form that can be read in one way
        only
    :param timezone: IANA name of the zone of times without an offset; default: ``Asia/Shanghai``. A time that the zone
        skips or has twice, because clocks are changed, is refused
    :raises DysmsInputError: the zone does not exist, or the format lacks a part of a time
    """

    def __init__(self, time_format: str | None = None, timezone: str | None = None) -> None:
        _check_format(time_format, timezone)
        self._format = time_format
        self._zone = _zone_of(timezone)
        self.is_zone_named = timezone is not None
        self._read = lru_cache(4096)(self._read_form)
        #: Returns the instant of a text, in UTC; a ``ValueError`` says why there is none, or more than one.
        self.parse: Callable[[str], datetime] = self._read
        if time_format is None and self._zone is BEIJING:
            self.parse = self._parse_beijing

    def _parse_beijing(self, text: str) -> datetime:
        try:
            return parse_instant(text) or EPOCH
        except ValueError:  # not in the form of the service
            return self._read(text)

    def localized(self, naive: datetime) -> datetime:
        """Return the instant of a local time in the zone.

        :raises ValueError: the time does not exist in its zone, or exists twice
        """
        return _localized(naive, self._zone)

    def _read_form(self, text: str) -> datetime:
        if self._format is not None:
            try:
                instant = datetime.strptime(text, self._format)  # noqa: DTZ007 - the zone comes next
            except ValueError:
                _refuse_null_word(text)
                raise ValueError("is not in the form of time_format") from None
        else:
            instant = _parsed(unicodedata.normalize("NFKC", text).strip())
        try:
            return (self.localized(instant) if instant.tzinfo is None else instant).astimezone(UTC)
        except OverflowError:
            raise ValueError(OUT_OF_RANGE) from None


def _parsed(text: str) -> datetime:
    if (form := _SEPARATED.fullmatch(text)) or (form := _COMPACT.fullmatch(text)):
        if form[0].isdigit() and len(form[0]) not in (12, 14, 17, 20):  # dates of other lengths do not exist
            return _since_1970(form[0], "")
        return _of_calendar(form)
    if number := _SINCE_1970.fullmatch(text):
        return _since_1970(number[1], number[2] or "")
    if _RFC_2822.fullmatch(text):
        try:
            instant = parsedate_to_datetime(text)
        except ValueError:
            refuse(text)
        return instant.replace(tzinfo=UTC) if text.endswith("-0000") else instant
    refuse(text)


def _of_calendar(form: re.Match[str]) -> datetime:
    parts = [part for part in form.groups()[: form.re.groupindex["zone"] - 1] if part and part.isdigit()]
    fraction = parts.pop() if len(parts) == 7 else ""
    try:
        year, month, day, hour, minute, second = map(int, [*parts, "0"][:6])
        local = datetime(year, month, day, hour, minute, second, _microseconds(fraction))  # noqa: DTZ001
        zone = _offset_of(form)
    except ValueError:
        refuse(form[0])
    if form["name"]:
        return _localized(local, _region(form["name"]))
    if zone is None:
        return local
    instant = local.replace(tzinfo=zone)
    named = form["bracketed"]
    if named and "/" in named and instant.astimezone(_region(named)).utcoffset() != zone.utcoffset(None):
        raise ValueError("names a time zone and an offset that this zone does not have at that time")
    return instant


def _microseconds(fraction: str) -> int:
    return int(fraction[:6].ljust(6, "0"))


def _offset_of(form: re.Match[str]) -> timezone | None:
    if form["utc"]:
        return UTC
    if not form["offset"]:
        return None
    digits = form["offset"][1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(ahead if form["offset"][0] == "+" else -ahead)


def _region(name: str) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("names an unknown time zone; write the offset, such as +08:00") from None


def _since_1970(digits: str, fraction: str) -> datetime:
    unit = _UNITS.get(len(digits))
    if unit is None:
        if len(digits) == 8:
            refuse(digits)
        raise ValueError(
            f"is a number of {len(digits)} digits, but seconds since 1970 have 10, milliseconds 13, microseconds 16, "
            f"nanoseconds 19, and a time such as 20250601120000 has 14; write it as {_EXAMPLE}, or set time_format"
        )
    seconds, rest = divmod(int(digits), unit)
    microseconds = rest * 10**6 // unit if unit > 1 else _microseconds(fraction)
    return EPOCH + timedelta(seconds=seconds, microseconds=microseconds)


def _localized(naive: datetime, zone: tzinfo) -> datetime:
    first, second = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if zone is not BEIJING and first.utcoffset() != second.utcoffset():
        exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive
        when = "happens twice" if exists else "does not exist"
        raise ValueError(
            f"{when} in its time zone, because clocks are changed; write it with an offset, such as {_EXAMPLE}"
        )
    return first


def refuse(text: str) -> NoReturn:
    """Refuse a text that is not a time, and say how to write it.

    :raises ValueError: always
    """
    if year_last := _YEAR_LAST.fullmatch(text):
        raise ValueError(
            "does not begin with a year of four digits, so its day and month can be confused; set time_format, such as "
            f"time_format='{_example_of(year_last)}'"
        )
    _refuse_null_word(text)
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError("is a number in scientific notation, which has lost its digits; format the column as text")
    if _OUT_OF_CALENDAR.fullmatch(text):
        raise ValueError(OUT_OF_RANGE)
    if _DAY_ONLY.fullmatch(text):
        raise ValueError(f"is a day without a time of day; write it as {_EXAMPLE}")
    raise ValueError(
        f"is not a time; write it as {_EXAMPLE}, or set time_format, such as time_format='%Y-%m-%d %H:%M:%S'"
    )


def _refuse_null_word(text: str) -> None:
    if is_null_word(text) or text.lower() in _NULL_TIMES:
        raise ValueError("is a word for a missing time; leave the cell empty") from None


def _example_of(form: re.Match[str]) -> str:
    separator = form["separator"]
    if len(form["year"]) == 4:
        date = ("%d", "%m", "%Y") if int(form["first"]) > 12 else ("%m", "%d", "%Y")
    else:
        date = ("%y", "%m", "%d") if int(form["first"]) > 12 else ("%m", "%d", "%y")
    clock = ("%I:%M" if form["noon"] else "%H:%M") + (":%S" if form["seconds"] else "")
    noon = ("" if form["noon"] is None else " %p" if form["noon"].startswith(" ") else "%p") if form["noon"] else ""
    return f"{separator.join(date)} {clock}{noon}"


def _check_format(time_format: object, timezone: object) -> None:
    if time_format is None:
        return
    if not isinstance(time_format, str):
        raise DysmsInputError("time_format", f"must be text, not {type(time_format).__name__}")
    if _ZONE_BY_NAME.search(time_format):
        raise DysmsInputError(
            "time_format", "must not have %Z, which names a zone without its offset; use %z, or set timezone"
        )
    if timezone is None and _LITERAL_Z.search(time_format):
        raise DysmsInputError("time_format", "must not end with the letter Z, which means UTC; use %z instead")
    try:
        # The format must read back what it writes: %I without %p would turn evening into morning.
        again = datetime.strptime(_PROBE.strftime(time_format), time_format)  # noqa: DTZ007
        is_whole = again.replace(tzinfo=UTC) == _PROBE
    except (ValueError, re.error, IndexError):
        is_whole = False
    if not is_whole:
        raise DysmsInputError(
            "time_format",
            "must have strptime codes for year, month, day, hour and minute, such as '%Y/%m/%d %H:%M:%S', "
            f"not {safe_repr(time_format)}",
        )


def _zone_of(name: object) -> tzinfo:
    if name is None:
        return BEIJING
    try:
        if isinstance(name, str):
            # In the relevant years, Beijing has a single offset, which needs no look-up.
            return BEIJING if name in _NAMES_OF_BEIJING else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise DysmsInputError("timezone", f"must be an IANA name, such as 'Asia/Shanghai' or 'UTC', not {safe_repr(name)}")
