"""Recognises what may be a phone number in a text that anybody may have written."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

#: A number has at least eight digits with its country code. An identifier such as SMS_100000001 has a letter or an
#: underscore before its digits.
_NUMBER = re.compile(r"(?<![0-9A-Za-z_])[+(]{0,2}[0-9](?:[\s().\-/,·]{0,3}[0-9]){7,}")

#: Numbers of the mainland are recognised next to letters too.
_MAINLAND = re.compile(r"(?<![0-9])(?:86)?1[3-9][0-9]{9}(?![0-9])")

#: How often a text is decoded that was encoded more than once.
_MAX_DECODINGS = 4


def may_be_number(text: str) -> bool:
    """Return whether a text has something in it that may be a phone number, in any spelling."""
    for _ in range(_MAX_DECODINGS):
        plain = "".join(map(_plain, unicodedata.normalize("NFKC", text)))
        if _NUMBER.search(plain) or _MAINLAND.search(plain):
            return True
        text, before = unquote(text), text
        if text == before:
            break
    return False


def _plain(character: str) -> str:
    """Return a digit of any script as 0 to 9, and nothing for a character that is not seen."""
    if unicodedata.category(character) == "Cf":
        return ""
    return str(unicodedata.decimal(character, character))
