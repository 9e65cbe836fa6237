"""Reads the extras of a connection by name. Each reader raises :class:`DysmsInputError` with that name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def text(extra: Mapping[str, Any], name: str) -> str | None:
    """Return a text; ``None`` where there is none."""
    value = extra.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DysmsInputError(name, f"is text, not {type(value).__name__}")
    return value


def number(extra: Mapping[str, Any], name: str, default: float, *, most: float, argument: str | None = None) -> float:
    """Return a number above 0.

    :param most: the largest that makes sense
    :param argument: what the error names, where it is not ``name``
    """
    value = extra.get(name)
    if value is None or value == "":
        return default
    try:
        found = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if not 0 < found <= most:
        raise DysmsInputError(argument or name, f"is a number above 0 and at most {most:g}")
    return found


def flag(extra: Mapping[str, Any], name: str) -> bool:
    """Return yes or no; no where nothing is said."""
    value = extra.get(name)
    said = str(value).strip().lower()
    if value is None or said in ("", "false", "0", "no"):
        return False
    if said in ("true", "1", "yes"):
        return True
    raise DysmsInputError(name, "is true or false")
