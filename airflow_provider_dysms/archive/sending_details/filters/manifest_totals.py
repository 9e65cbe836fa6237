"""Tells from a manifest alone how many messages of its day pass a search, if it counts what the search asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.sending_details.filters.conditions import is_within_day
from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.archive.sending_details.filters.conditions import Filters


def total_of(filters: Filters, result: Mapping[str, Any]) -> int | None:
    """Return how many messages of a whole day pass the filters; ``None`` if its manifest does not say.

    :param result: of the manifest
    """
    if filters.phone is not None or filters.status_codes is not None or not is_within_day(result):
        return None
    texts = dict(filters.texts)
    if not texts:
        rows = result.get("rows")
        by_state = {None: rows} if filters.states is None else result.get("by_state")
    elif texts.keys() == {"template_code"}:
        by_template = result.get("by_template")
        by_state = by_template.get(texts["template_code"], {}) if isinstance(by_template, dict) else None
    else:
        return None
    return _sum(by_state, filters.states)


def is_ruled_out(filters: Filters, result: Mapping[str, Any]) -> bool:
    """Return whether the counts of a manifest show that no message of its day passes the filters.

    :param result: of the manifest
    """
    if filters.states is not None and _sum(result.get("by_state"), filters.states) == 0:
        return True
    template, by_template = dict(filters.texts).get("template_code"), result.get("by_template")
    return template is not None and isinstance(by_template, dict) and template not in by_template


def _sum(counts: Any, states: tuple[str, ...] | None) -> int | None:
    """Return the sum of the counts of some states; ``None`` if they are not counts by state."""
    if not isinstance(counts, dict) or not all(type(count) is int for count in counts.values()):
        return None
    if not counts.keys() <= _STATES:
        return None
    return sum(int(count) for state, count in counts.items() if states is None or state in states)


#: The keys of counts: states, and ``None`` for all of them together.
_STATES = frozenset({None, *(state.value for state in State)})
