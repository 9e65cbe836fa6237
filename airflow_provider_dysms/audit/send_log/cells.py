"""Converts one cell of a send log to text, an id or a time, whatever type the file format gave it."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from airflow_provider_dysms.audit.send_log.parse_times import OUT_OF_RANGE, TimeParser
from airflow_provider_dysms.model.ids import is_null_word

if TYPE_CHECKING:
    from collections.abc import Callable

_EXACT_FLOAT = 2**53
_LOST_DIGITS = "is a number that has lost its last digits; write ids as text"

#: A whole number as pandas writes it if the column also has blanks.
_FLOAT = re.compile(r"\d+\.0", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+", re.ASCII)
#: An id that needs no further check but of its length: it has a digit, and so is not a word for a missing value.
_PLAIN_ID = re.compile(r"[A-Za-z_^:-]*[0-9][A-Za-z0-9_^:-]*")
# An instant between these can be shifted by hours and still be represented.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def is_blank(cell: object) -> bool:
    """Say whether a cell is empty: null, blank text, or NaN."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, (float, Decimal)) and math.isnan(cell))


def as_text(cell: object) -> str | None:
    """Return a cell as text: times in ISO 8601, nested values as JSON.

    Whole floats get no fraction, because programs write integers as floats in columns with blanks. A decimal keeps its
    scale. Bytes become hexadecimal digits; the file readers have already decoded the bytes that are text.
    """
    match cell:
        case None:
            return None
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float():
            return _float_as_text(cell)
        case Decimal():
            return f"{cell:f}" if cell.is_finite() else None if cell.is_nan() else str(cell)
        case datetime() | date():
            return cell.isoformat()
        case bytes():
            return cell.hex()
        case dict() | list():
            return msgspec.json.encode(cell, order="deterministic").decode()
        case _:
            return str(cell)


def _float_as_text(cell: float) -> str | None:
    if math.isnan(cell):
        return None
    return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT_FLOAT else str(cell)


def without_scale(cell: object) -> object:
    """Convert a decimal that is a whole number to an integer; any other cell is returned unchanged."""
    return int(cell) if isinstance(cell, Decimal) and cell.is_finite() and cell == int(cell) else cell


def is_float(cell: object) -> bool:
    """Say whether a cell is text like ``1001.0``, as pandas writes whole numbers in columns with blanks."""
    return isinstance(cell, str) and _FLOAT.fullmatch(cell.strip()) is not None


def is_missing(cell: object) -> bool:
    """Say whether a cell is blank, or a word for a missing value such as ``NULL``."""
    return is_blank(cell) or (isinstance(cell, str) and is_null_word(cell))


def as_id(
    cell: object, max_length: int, is_from_service: bool, are_all_floats: Callable[[], bool] | None
) -> str | None:
    """Return a cell as an id; ``None`` if it is blank.

    :param max_length: maximum number of characters of an id
    :param is_from_service: whether the service made the id, which is then ASCII without blanks
    :param are_all_floats: says whether every id of the column ends in ``.0``, which is then removed
    :raises ValueError: the cell cannot be an id; the text is a clause that says why, without the cell
    """
    if type(cell) is str and _PLAIN_ID.fullmatch(cell) and len(cell) <= max_length:
        return cell
    if not isinstance(cell, str):
        if is_blank(cell):
            return None
        if isinstance(cell, float) and not (cell.is_integer() and abs(cell) < _EXACT_FLOAT):
            raise ValueError(_LOST_DIGITS)
        cell = without_scale(cell)
        if isinstance(cell, Decimal):
            raise ValueError("is a number with a fraction; write ids as text")
        if isinstance(cell, bytes):
            raise ValueError("is bytes that are not text; write ids as text, or set encoding")
        if not isinstance(cell, (int, float, UUID)) or isinstance(cell, bool):
            raise ValueError(f"is not text but {type(cell).__name__}; write ids as text")
        cell = as_text(cell) or ""
    text = cell.strip()
    if not text:
        return None
    if is_null_word(text):
        raise ValueError("is a word for a missing id; leave the cell empty")
    if text[-1] == "0" and are_all_floats is not None and _FLOAT.fullmatch(text) and are_all_floats():
        text = text[:-2]
        if len(text) > 16 or int(text) >= _EXACT_FLOAT:
            raise ValueError(_LOST_DIGITS)
    if len(text) > max_length:
        raise ValueError(f"is longer than {max_length} characters")
    if not text.isprintable():
        raise ValueError("has control characters")
    if "+" in text and _SCIENTIFIC.fullmatch(text):
        raise ValueError(
            "is in scientific notation (1.39E+10), which spreadsheets use for long numbers, and has lost its digits; "
            "format the column as text before you save it"
        )
    if is_from_service and (not text.isascii() or " " in text):
        raise ValueError("has blanks or letters that ids of the service do not have")
    return text


def as_instant(cell: object, times: TimeParser) -> datetime | None:
    """Return a cell as an aware instant in UTC; ``None`` if it is blank.

    :param times: reads text and numbers, and knows the zone of times without an offset
    :raises ValueError: the cell is not a time; the text is a clause that says why, without the cell
    """
    if isinstance(cell, str):
        text = cell.strip()
        if not text:
            return None
        instant = times.parse(text)
        if _FIRST <= instant <= _LAST:
            return instant
    elif is_blank(cell):
        return None
    elif isinstance(cell, datetime):
        instant = cell if cell.tzinfo else times.localized(cell)
    elif isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
        instant = times.parse(as_text(without_scale(cell)) or "")
    else:
        raise ValueError(f"is not a time but {type(cell).__name__}; write it as 2025-06-01T12:00:00+08:00")
    if not _FIRST <= instant <= _LAST:
        raise ValueError(OUT_OF_RANGE)
    return _FIRST + (instant - _FIRST)
