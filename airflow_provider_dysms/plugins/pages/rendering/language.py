"""Chooses the language of a page by what the visitor's browser asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_dysms.reports.texts import Language

#: Characters of the header that are read.
_MAX_HEADER = 500


def choose_language(accept_language: str | None) -> Language:
    """Return ``zh`` if the browser prefers Chinese to English, else ``en``.

    :param accept_language: the header, such as ``zh-CN,zh;q=0.9,en;q=0.8``
    """
    preferred: dict[str, float] = {}
    for place, part in enumerate((accept_language or "")[:_MAX_HEADER].split(",")):
        tag, _, weight = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        preferred.setdefault(name, _weight(weight) - place / 1_000_000)
    return "zh" if preferred.get("zh", 0) > max(preferred.get("en", 0), 0) else "en"


def _weight(text: str) -> float:
    name, _, value = text.replace(" ", "").partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
