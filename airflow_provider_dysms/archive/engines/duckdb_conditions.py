"""The conditions of a search in SQL, as duckdb has it; values are passed apart from the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow_provider_dysms.archive.engines.day_search import DaySearch

    Condition = tuple[str, Sequence[Any]]

_SMALL, _CAPITAL = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def conditions_of(schema: Mapping[str, type], search: DaySearch) -> tuple[str, list[Any]]:
    """Return the conditions of a search for WHERE, and their values.

    :param schema: column -> type
    """
    conditions = list(_conditions(schema, search))
    text = " AND ".join(f"({condition})" for condition, _ in conditions)
    return text or "true", [value for _, values in conditions for value in values]


def identifier(name: str) -> str:
    """Return the name of a column in quotation marks."""
    return '"' + name.replace('"', '""') + '"'


def _conditions(schema: Mapping[str, type], search: DaySearch) -> Iterator[Condition]:
    for name, texts in search.equal:
        yield _is_one_of(identifier(name), texts)
    if search.status_codes is not None:
        yield _has_code("error_code" in schema, search.status_codes, with_expired=search.with_expired)
    if search.sent_from is not None or search.sent_to is not None or not search.undated:
        yield _is_sent_within(search) if "sent_at" in schema else (str(search.undated).lower(), ())


def _is_one_of(expression: str, texts: Sequence[str]) -> Condition:
    if len(texts) == 1:
        return f"{expression} = ?", texts
    return f"{expression} IN ({', '.join('?' * len(texts))})", texts


def _has_code(has_codes: bool, codes: tuple[str, ...], *, with_expired: bool) -> Condition:
    expired = f"state = '{State.EXPIRED.value}'" if with_expired else "false"
    if not has_codes:
        return expired, ()
    # upper() is many times as fast as translate(), and changes letters outside of ASCII too.
    is_ascii = "".join(codes).isascii()
    capitals = "upper(error_code)" if is_ascii else f"translate(error_code, '{_SMALL}', '{_CAPITAL}')"
    is_code, values = _is_one_of(capitals, codes)
    if is_ascii:
        is_code += " AND strlen(error_code) = length(error_code)"
    has_no_code = f" OR ({expired} AND coalesce(error_code, '') = '')" if with_expired else ""
    return f"({is_code}){has_no_code}", values


def _is_sent_within(search: DaySearch) -> Condition:
    bounds: list[tuple[str, datetime]] = []
    if search.sent_from is not None:
        bounds.append(("sent_at >= ?", search.sent_from))
    if search.sent_to is not None:
        bounds.append(("sent_at < ?", search.sent_to))
    within = " AND ".join(text for text, _ in bounds) or "sent_at IS NOT NULL"
    return f"({within}) OR sent_at IS NULL" if search.undated else within, [moment for _, moment in bounds]
