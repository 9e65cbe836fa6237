"""Hides phone numbers: removes one from free text of carriers and senders, and masks one that is shown."""

from __future__ import annotations

import re

from airflow_provider_dysms.model.phone_numbers.number import FULL_WIDTH_DIGITS

#: Replaces a number.
REDACTED = "***"

#: A number is recognised by this many digits at its end, because the country code is often left out.
_TAIL = 8

#: Digits of a masked number that stay visible at its beginning and at its end.
_VISIBLE_START, _VISIBLE_END = 3, 4

#: What may stand between two digits of a number in text.
SEPARATOR = r"[\s().\-\u2010-\u2015]{0,2}"


def redact_number(text: str, number: str) -> str:
    """Remove a number from text, however its digits are grouped, with or without its country code.

    :param text: anything
    :param number: as in the log or as in the API
    """
    digits = _digits(number)
    tail = digits[-_TAIL:]
    if not tail or tail not in _digits(text):
        return text
    # The longest form first: all digits, then without the first digit, and so on down to the tail.
    ends = "|".join(_pattern(digits[start:]) for start in range(max(len(digits) - _TAIL, 0) + 1))
    return re.sub(rf"(?:(?:[+＋]|00)?{_pattern('86')}{SEPARATOR}|[+＋]|00)?(?:{ends})", REDACTED, text)


def mask_number(number: str) -> str:
    """Return a number with its middle digits hidden: ``139****1111``."""
    hidden = len(number) - _VISIBLE_START - _VISIBLE_END
    return f"{number[:_VISIBLE_START]}{'*' * hidden}{number[-_VISIBLE_END:]}" if hidden > 0 else "*" * len(number)


def whole_number_pattern(number: str) -> re.Pattern[str]:
    """Return a pattern that finds a whole number in text, however its digits are grouped: not as a part of more digits.

    :param number: as in the API; in the text it may also have its prefix: ``+``, ``00``, and for the mainland ``86``
    """
    prefix = rf"(?:(?:[+＋]|00)?{_pattern('86')}{SEPARATOR}|[+＋]|00)?"
    return re.compile(rf"(?<![0-9０-９]){prefix}{_pattern(_digits(number))}(?![0-9０-９])")


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text.translate(FULL_WIDTH_DIGITS))


def _pattern(digits: str) -> str:
    return SEPARATOR.join(f"[{digit}{chr(0xFF10 + int(digit))}]" for digit in digits)
