"""Takes a number out of text: where numbers are hashed, none may stand in clear in what a carrier wrote beside it."""

from __future__ import annotations

import re

from airflow_provider_dysms.model.phone_numbers.number import FULL_WIDTH_DIGITS

#: What is put in the place of a number.
GONE = "***"

#: So many digits at a number's end are the number, whatever stands before them: a country code is often left out.
_TAIL = 8

_BETWEEN = r"[\s().\-\u2010-\u2015]{0,2}"


def redact_number(text: str, number: str) -> str:
    """Return text without a number, however its digits are grouped, with or without its country code.

    :param text: anything
    :param number: as it was written or as the API takes it
    """
    digits = _digits(number)
    tail = digits[-_TAIL:]
    if not tail or tail not in _digits(text):
        return text
    # The longest first: all of it, then without its first digit, and so on until the tail alone is left.
    ends = "|".join(_spelled(digits[start:]) for start in range(max(len(digits) - _TAIL, 0) + 1))
    return re.sub(rf"(?:(?:[+＋]|00)?{_spelled('86')}{_BETWEEN}|[+＋]|00)?(?:{ends})", GONE, text)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text.translate(FULL_WIDTH_DIGITS))


def _spelled(digits: str) -> str:
    return _BETWEEN.join(f"[{digit}{chr(0xFF10 + int(digit))}]" for digit in digits)
