"""Numbers and texts as the service counts them; written here a second time so that the emulator judges, not echoes."""

from __future__ import annotations

import re

MAINLAND = re.compile(r"1[3-9]\d{9}")
_FOREIGN = re.compile(r"[1-9]\d{4,14}")
_NOISE = re.compile(r"[\s().-]")
_SIGN = re.compile(r"\s*【([^】]*)】")
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_DOUBLE = frozenset("^{}\\[~]|€\f")


def normalise(number: str) -> tuple[str, bool] | None:
    """Return (digits as the API writes them, whether it is international), or ``None`` for what is no number."""
    text = _NOISE.sub("", number)
    foreign = text.startswith(("+", "00"))
    digits = text.removeprefix("+").removeprefix("00") if foreign else text
    if digits.startswith("86") and MAINLAND.fullmatch(digits[2:]):
        return digits[2:], False
    if not foreign and MAINLAND.fullmatch(digits):
        return digits, False
    return (digits, True) if _FOREIGN.fullmatch(digits) else None


def reads_twice(digits: str) -> bool:
    """Say whether eleven digits are a mainland mobile and a number of North America as well.

    There, area codes and exchanges begin with 2 to 9.
    """
    return bool(MAINLAND.fullmatch(digits)) and digits[1] in "23456789" and digits[4] in "23456789"


def sign_name(content: str) -> str | None:
    """Return the signature that a text begins with: what stands in its leading brackets."""
    found = _SIGN.match(content)
    return found[1] if found else None


def segments(content: str, *, international: bool) -> int:
    """Return how many segments a text is billed as, signature included.

    Mainland: 70 characters, then 67 each. International: 160 and 153 in GSM-7, otherwise 70 and 67 UTF-16 units.
    """
    if not international:
        length, first, further = len(content), 70, 67
    elif all(each in _GSM7 or each in _GSM7_DOUBLE for each in content):
        length, first, further = len(content) + sum(each in _GSM7_DOUBLE for each in content), 160, 153
    else:
        length, first, further = len(content.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= first else -(-length // further)
