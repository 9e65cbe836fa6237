"""Reads one cell of a send log, whatever type its format gave it: text, id, or instant."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from airflow_provider_dysms.api.arguments import NO_IDS
from airflow_provider_dysms.api.dates import BEIJING, parse_instant

_EXACT_FLOAT = 2**53
_ISO_SPACE_ZONE = re.compile(r"(\d{4}-\S+ \S+)\s+([+-]\d\d:?\d\d)", re.ASCII)
# Years in which an instant can be moved by hours and still be one.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def is_blank(cell: object) -> bool:
    """Say whether there is nothing: null, blank text, or the number that is none."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, (float, Decimal)) and math.isnan(cell))


def as_text(cell: object) -> str | None:
    """Return a cell as text: whole numbers without fraction, times in ISO 8601, nested values as JSON."""
    match cell:
        case None:
            return None
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() | Decimal():
            return _number_as_text(cell)
        case datetime() | date():
            return cell.isoformat()
        case bytes():
            return cell.decode("utf-8", "replace")
        case dict() | list():
            return msgspec.json.encode(cell, order="deterministic").decode()
        case _:
            return str(cell)


def _number_as_text(cell: float | Decimal) -> str | None:
    if math.isnan(cell):
        return None
    whole = math.isfinite(cell) and cell == int(cell) and (isinstance(cell, Decimal) or abs(cell) < _EXACT_FLOAT)
    return str(int(cell)) if whole else str(cell)


def as_id(cell: object, longest: int, *, given: bool = False) -> str | None:
    """Return a cell as an id, ``None`` where it is blank.

    :param longest: most characters of an id
    :param given: whether it is one that the service gave, which is ASCII without blanks
    :raises ValueError: no id can look like that; the text says why, a clause without the cell
    """
    if not isinstance(cell, str):
        if is_blank(cell):
            return None
        if isinstance(cell, float) and not (cell.is_integer() and abs(cell) < _EXACT_FLOAT):
            raise ValueError("is a number that lost its last digits; write ids as text")
        if not isinstance(cell, (int, float, Decimal)) or isinstance(cell, bool):
            raise ValueError(f"is no text, but {type(cell).__name__}")
        cell = as_text(cell) or ""
    text = cell.strip()
    if not text:
        return None
    if len(text) > longest:
        raise ValueError(f"is longer than {longest} characters")
    if not text.isprintable():
        raise ValueError("has control characters")
    if given and (not text.isascii() or " " in text):
        raise ValueError("has blanks or letters that the service's own ids do not have")
    if given and text.lower() in NO_IDS:
        raise ValueError("is the word for no id; leave the cell empty")
    return text


def as_instant(cell: object) -> datetime | None:
    """Return a cell as an aware instant in UTC, ``None`` where it is blank; without a zone it is Beijing time.

    Numbers are refused: seconds and milliseconds since 1970 cannot be told apart with certainty.

    :raises ValueError: it is no time; the text says why, a clause without the cell
    """
    if isinstance(cell, str):
        text = cell.strip()
        if not text:
            return None
        instant = _read_instant(text)
    elif is_blank(cell):
        return None
    elif isinstance(cell, datetime):
        instant = cell if cell.tzinfo else cell.replace(tzinfo=BEIJING)
    else:
        raise ValueError(f"is no time, but {type(cell).__name__}; write it as 2025-06-01T12:00:00+08:00")
    if not _FIRST <= instant <= _LAST:
        raise ValueError("lies in no year in which messages are sent")
    return _FIRST + (instant - _FIRST)


def _read_instant(text: str) -> datetime:
    try:
        return parse_instant(text) or _FIRST
    except ValueError:  # nor is it a time as the service writes them
        pass
    if text.endswith(" UTC"):
        text = text.removesuffix("UTC") + "+00:00"
    if apart := _ISO_SPACE_ZONE.fullmatch(text):
        text = apart[1] + apart[2]
    try:
        return parse_instant(text) or _FIRST
    except ValueError:
        raise ValueError("is no time; write it as 2025-06-01T12:00:00+08:00") from None
