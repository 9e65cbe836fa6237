"""TODO model.validation"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError, safe_repr

if TYPE_CHECKING:
    from collections.abc import Sequence


def whole_number(argument: str, value: object, meaning: str, lowest: int, highest: int) -> str:
    """Check a whole number, and write it as text."""
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
        return str(value)
    raise DysmsInputError(argument, f"must be a whole number from {lowest} to {highest} ({meaning})")


def one_of(argument: str, value: object, choices: tuple[object, ...]) -> str:
    """Check one of a few values, and write it as text."""
    if not isinstance(value, bool) and value in choices:
        return str(value)
    raise DysmsInputError(argument, f"must be one of {', '.join(map(repr, choices))}")


def text(argument: str, value: object, longest: int | None = None) -> str:
    """Check a text that is sent as it stands."""
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}")
    if not value.strip():
        raise DysmsInputError(argument, "is empty")
    if longest is not None and len(value) > longest:
        raise DysmsInputError(argument, f"has {len(value)} characters, {longest} are the most")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DysmsInputError(argument, "has half a character (a lone surrogate); decode it properly") from None
    return value


def word(argument: str, value: object, words: Sequence[str]) -> None:
    """Check one of a few words; the error names the nearest."""
    if isinstance(value, str) and value in words:
        return
    import difflib

    near = difflib.get_close_matches(str(value)[:40].strip().lower(), [each.lower() for each in words], n=1)
    meant = [each for each in words if each.lower() in near]
    hint = f"; did you mean {meant[0]!r}?" if meant else ""
    raise DysmsInputError(argument, f"must be one of {', '.join(words)}, not {safe_repr(value)}{hint}")
