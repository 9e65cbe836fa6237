"""Reads the extras of a connection by name. Each reader raises :class:`DysmsInputError` with that name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Extras of earlier releases -> what they are called now. Airflow masks an extra by its name, and shows these in clear.
RENAMED = {
    "privacy_key": "privacy_secret",
    "external_id": "external_id_secret",
    "credentials_uri": "credentials_uri_secret",
}


class PrivacySecrets(NamedTuple):
    """The secrets of a connection under which numbers are hashed and sealed.

    :param current: ``privacy_secret``
    :param previous: ``privacy_secret_previous``, which reads what was written before the last rotation
    """

    current: str | None
    previous: str | None = None


def with_current_names(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extras under their names of today.

    :raises DysmsInputError: an extra is given under both names, with different values
    """
    current = dict(extra)
    for old, new in _renamed_in(extra).items():
        value = current.pop(old)
        if current.get(new) not in (None, "", value):
            raise DysmsInputError(new, f"and its earlier name {old} are both set, and differ; remove {old}")
        current[new] = value
    return current


def shown_in_clear(extra: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each extra that has an earlier name."""
    return [
        f"Airflow's API and forms show the extra {old!r} in clear, because they mask extras by their names. "
        f"Rename it to {new!r}, which they mask; the value stays the same."
        for old, new in _renamed_in(extra).items()
    ]


def _renamed_in(extra: Mapping[str, Any]) -> dict[str, str]:
    return {old: new for old, new in RENAMED.items() if extra.get(old) not in (None, "")}


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
