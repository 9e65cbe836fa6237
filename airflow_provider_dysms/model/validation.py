"""Checks of single values that several kinds of arguments share: a whole number, a text, one of a few choices.

An error names the argument, and repeats a value only if it cannot be private.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Sequence


def whole_number(argument: str, value: object, meaning: str, lowest: int, highest: int) -> str:
    """Check a whole number, and return it as text.

    :param argument: name of the argument, for the error
    :param meaning: what the number counts, for the error
    :raises DysmsInputError: it is not a whole number from ``lowest`` to ``highest``
    """
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return str(value)
    raise DysmsInputError(argument, f"must be a whole number from {lowest} to {highest} ({meaning})")


def one_of(argument: str, value: object, choices: tuple[object, ...]) -> str:
    """Check one of a few values of any type, and return it as text.

    :param argument: name of the argument, for the error
    :raises DysmsInputError: it is not among the choices
    """
    if not isinstance(value, bool) and value in choices:
        return str(value)
    raise DysmsInputError(argument, f"must be one of {', '.join(map(repr, choices))}")


def text(argument: str, value: object, max_length: int | None = None) -> str:
    """Check a text that is sent unchanged, and return it.

    :param argument: name of the argument, for the error
    :param max_length: number of characters that it may have; default: any
    :raises DysmsInputError: it is not text, is blank or too long, or cannot be encoded
    """
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}")
    if not value.strip():
        raise DysmsInputError(argument, "is empty")
    if max_length is not None and len(value) > max_length:
        raise DysmsInputError(argument, f"has {len(value)} characters; at most {max_length} are allowed")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DysmsInputError(argument, "has half a character (a lone surrogate); decode it properly") from None
    return value


def word(argument: str, value: object, words: Sequence[str]) -> None:
    """Check one of a few words.

    :param argument: name of the argument, for the error
    :raises DysmsInputError: it is not among the words; the message suggests the nearest
    """
    if isinstance(value, str) and value in words:
        return
    import difflib  # only for a message

    near = difflib.get_close_matches(str(value)[:40].strip().lower(), [each.lower() for each in words], n=1)
    suggestions = [each for each in words if each.lower() in near]
    hint = f"; did you mean {suggestions[0]!r}?" if suggestions else ""
    raise DysmsInputError(argument, f"must be one of {', '.join(words)}, not {safe_repr(value)}{hint}")
