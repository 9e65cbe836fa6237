"""Checks the single values of a report: texts, ids, times and whole numbers of bounded size."""

from __future__ import annotations

import re
from datetime import datetime

from airflow_provider_dysms.model.dates import EPOCH, LOCAL_EPOCH, parse_instant
from airflow_provider_dysms.model.ids import MAX_ID
from airflow_provider_dysms.model.safe_text import is_visible_ascii
from airflow_provider_dysms.receipts.receipt import MAX_PARTS

#: A value of a report as its format has it. Some vendors write numbers as text, or text as numbers.
Value = str | int | float | bool | None

# The form of almost every time, which is read without the cache that other forms need.
_WRITTEN = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")

#: Characters of a description that are kept.
MAX_TEXT = 500


class Unreadable(Exception):
    """A body or report that cannot be used; the text is a clause that says why, without a private value.

    :param reason: a word under which it is counted
    """

    def __init__(self, problem: str, reason: str = "unreadable") -> None:
        super().__init__(problem)
        self.reason = reason


def text(name: str, value: Value, max_length: int = MAX_ID) -> str | None:
    """Return a text without blanks around it; ``None`` if it is empty.

    :param name: of the field, for the error
    :param max_length: characters that it may have
    :raises Unreadable: it is not text, or is too long
    """
    if value is None:
        return None
    if type(value) is not str:
        if isinstance(value, (bool, float)):
            raise Unreadable(f"has a field {name} that is not text")
        value = str(value)
    value = value.strip()
    if len(value) > max_length:
        raise Unreadable(f"has a field {name} of more than {max_length} characters")
    return value or None


def description(name: str, value: Value) -> str | None:
    """Return a text for people, of which the beginning is kept.

    :param name: of the field, for the error
    """
    return text(name, value[:MAX_TEXT] if isinstance(value, str) else value, MAX_TEXT)


def required_id(name: str, value: Value) -> str:
    """Return an id of the vendor.

    :param name: of the field, for the error
    :raises Unreadable: it is missing, or cannot be an id
    """
    found = text(name, value)
    if found is None:
        raise Unreadable(f"has no {name}")
    if not is_visible_ascii(found):
        raise Unreadable(f"has a field {name} with blanks or letters that ids of a vendor do not have")
    return found


def whole_number(name: str, value: Value, highest: int) -> int | None:
    """Return a whole number from 1, also if it is written as text; ``None`` if it is empty.

    :param name: of the field, for the error
    :raises Unreadable: it is something else, or higher than allowed
    """
    if value is None or value == "":
        return None
    digits = str(value).strip()
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise Unreadable(f"has a field {name} that is not a whole number")
    number = int(digits)
    if not 1 <= number <= highest:
        raise Unreadable(f"has a field {name} that is not from 1 to {highest}")
    return number


def segments(value: Value) -> int | None:
    """Return a number of billed segments; ``None`` if it cannot be one: the report is about the delivery, not the bill.

    :param value: as the report has it
    """
    try:
        return whole_number("", value, MAX_PARTS)
    except Unreadable:
        return None


def instant(name: str, value: Value) -> datetime | None:
    """Return a time in UTC; without a zone it is Beijing time.

    :param name: of the field, for the error
    :raises Unreadable: it is not a time
    """
    if value is None or value == "":
        return None
    try:
        if type(value) is str and _WRITTEN.fullmatch(value):
            return EPOCH + (datetime.fromisoformat(value) - LOCAL_EPOCH)
        return parse_instant(value)
    except ValueError:
        raise Unreadable(f"has a field {name} that is not a time") from None


def pairs(**fields: str | None) -> tuple[tuple[str, str], ...]:
    """Return the fields that are not empty; name them in the order of the alphabet."""
    return tuple([(name, value) for name, value in fields.items() if value])
