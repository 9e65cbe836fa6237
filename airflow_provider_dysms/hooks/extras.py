"""Reads single extras of a connection as text, number or switch, and handles the names of earlier releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Name of an extra in earlier releases -> its name today. Airflow masks an extra by its name, and does not mask the
#: earlier names.
RENAMED = {
    "privacy_key": "privacy_secret",
    "external_id": "external_id_secret",
    "credentials_uri": "credentials_uri_secret",
}


def with_current_names(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extras under their current names.

    :raises DysmsInputError: an extra is set under both names, with different values
    """
    current = dict(extra)
    for old, new in _renamed_in(extra).items():
        value = current.pop(old)
        if current.get(new) not in (None, "", value):
            raise DysmsInputError(new, f"and its earlier name {old} are both set to different values; remove {old}")
        current[new] = value
    return current


def unmasked_extra_warnings(extra: Mapping[str, Any]) -> list[str]:
    """Return a warning for each extra that is set under an earlier name."""
    return [
        f"Airflow's API and forms show the extra {old!r} in clear, because they mask extras by their names. "
        f"Rename it to {new!r}, which they mask; the value stays the same."
        for old, new in _renamed_in(extra).items()
    ]


def _renamed_in(extra: Mapping[str, Any]) -> dict[str, str]:
    return {old: new for old, new in RENAMED.items() if extra.get(old) not in (None, "")}


def text(extra: Mapping[str, Any], name: str) -> str | None:
    """Return a text extra, or ``None`` if it is empty.

    :raises DysmsInputError: the value is not text
    """
    value = extra.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DysmsInputError(name, f"must be text, not {type(value).__name__}")
    return value


def number(
    extra: Mapping[str, Any], name: str, default: float, *, maximum: float, argument: str | None = None
) -> float:
    """Return a number above 0.

    :param default: returned if the extra is empty
    :param maximum: largest number that is accepted
    :param argument: name that the error carries, if it is not ``name``
    :raises DysmsInputError: the value is not such a number
    """
    value = extra.get(name)
    if value is None or value == "":
        return default
    try:
        parsed = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        parsed = float("nan")
    if not 0 < parsed <= maximum:
        raise DysmsInputError(argument or name, f"must be a number above 0 and at most {maximum:g}")
    return parsed


def flag(extra: Mapping[str, Any], name: str) -> bool:
    """Return a switch; ``False`` if the extra is empty.

    :raises DysmsInputError: the value is neither yes nor no
    """
    value = extra.get(name)
    word = str(value).strip().lower()
    if value is None or word in ("", "false", "0", "no"):
        return False
    if word in ("true", "1", "yes"):
        return True
    raise DysmsInputError(name, "must be true or false")
