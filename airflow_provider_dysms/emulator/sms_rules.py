"""The service's rules for phone numbers and texts: normal form, signature, billed segments.

The client has code for the same rules. The emulator does not share it, so that tests can find errors in either one.
"""

from __future__ import annotations

import re

MAINLAND = re.compile(r"1[3-9]\d{9}")
_INTERNATIONAL = re.compile(r"[1-9]\d{4,14}")
_SEPARATORS = re.compile(r"[\s().-]")
_SIGN_NAME = re.compile(r"\s*【([^】]*)】")
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_DOUBLE = frozenset("^{}\\[~]|€\f")


def normalize_number(number: str) -> tuple[str, bool] | None:
    """Return the digits of a number in the form of the API, and whether it is international.

    :param number: a phone number in any common spelling
    :returns: ``None`` if the text is not a phone number
    """
    text = _SEPARATORS.sub("", number)
    has_prefix = text.startswith(("+", "00"))
    digits = text.removeprefix("+").removeprefix("00") if has_prefix else text
    if digits.startswith("86") and MAINLAND.fullmatch(digits[2:]):
        return digits[2:], False
    if not has_prefix and MAINLAND.fullmatch(digits):
        return digits, False
    return (digits, True) if _INTERNATIONAL.fullmatch(digits) else None


def is_ambiguous_number(digits: str) -> bool:
    """Return whether eleven digits are both a mainland mobile number and a North American number.

    North American area codes and exchange codes begin with 2 to 9.
    """
    return bool(MAINLAND.fullmatch(digits)) and digits[1] in "23456789" and digits[4] in "23456789"


def extract_sign_name(content: str) -> str | None:
    """Return the signature of a text, which is in brackets at its start; ``None`` if there is none."""
    found = _SIGN_NAME.match(content)
    return found[1] if found else None


def count_segments(content: str, *, international: bool) -> int:
    """Return the number of billed segments of a text, including its signature.

    Mainland: one segment has 70 characters, each of several has 67. International: 160 and 153 characters of GSM-7,
    otherwise 70 and 67 UTF-16 units.
    """
    if not international:
        length, single_limit, per_segment = len(content), 70, 67
    elif all(character in _GSM7 or character in _GSM7_DOUBLE for character in content):
        length, single_limit, per_segment = (
            len(content) + sum(character in _GSM7_DOUBLE for character in content),
            160,
            153,
        )
    else:
        length, single_limit, per_segment = len(content.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= single_limit else -(-length // per_segment)
