"""Text that is safe in errors and logs: one line, without control characters, and without what may be a phone number.

Names of files and columns, codes of the service and values of arguments all come from outside this package.
"""

from __future__ import annotations

import re

#: Characters of a text from outside that are repeated.
MAX_QUOTED = 500

#: Characters of the ``repr`` of an argument that is repeated.
MAX_REPR = 42

#: A text with this many digits may hold a phone number.
MIN_PHONE_DIGITS = 7

_VISIBLE_ASCII = re.compile(r"[!-~]+")
_PHONE_DIGITS = re.compile(rf"\d{{{MIN_PHONE_DIGITS},}}")


def safe_repr(value: object) -> str:
    """Return an argument's value as an error may repeat it: users mix arguments up, and some are private.

    :param value: any argument; only a short value with too few digits for a phone number is repeated
    """
    text = repr(value)
    is_plain = value is None or isinstance(value, (str, int, float))
    return text if is_plain and len(text) <= MAX_REPR and not may_hold_phone(text) else f"this {type(value).__name__}"


def one_line(text: str, max_length: int = MAX_QUOTED) -> str:
    """Return a text from outside, such as the name of a file, as one line without escape codes.

    :param max_length: number of its characters that are kept
    """
    line = text[:max_length] + ("..." if len(text) > max_length else "")
    return line if line.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)


def safe_text(text: str, max_length: int = MAX_QUOTED) -> str:
    """Return :func:`one_line` of a text that may be forged, with ``***`` for digits that may be a phone number.

    :param text: such as the message of a stored event
    :param max_length: number of its characters that are kept
    """
    return _PHONE_DIGITS.sub("***", one_line(text, max_length))


def may_hold_phone(text: str) -> bool:
    """Return whether a text has enough digits for a phone number, together or spread over it."""
    return sum(map(str.isdigit, text)) >= MIN_PHONE_DIGITS


def is_visible_ascii(text: str, max_length: int | None = None) -> bool:
    """Return whether a text is not empty and has only visible ASCII characters, so neither blanks nor line ends.

    :param max_length: number of characters that it may have; default: any
    """
    return (max_length is None or len(text) <= max_length) and _VISIBLE_ASCII.fullmatch(text) is not None
