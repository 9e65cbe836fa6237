"""Counts the rows that remain after an erasure, so that the counts of the manifest stay true.

The facts about the log and about the audit stay unchanged: ``lines``, ``asked``, ``as_of``. The hidden counts of people
whose rows are removed go, and so do their parts of ``ambiguous``, ``edge``, ``off_day`` and ``repeated``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.results import HiddenCounts, HiddenCountsPacker, unpack_hidden_counts
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.audit.verdict import COLUMNS, PHONE_HASH, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.storage.decoders import Row

#: Counts of lines and queries, which rows do not have.
_OF_THE_LOG = frozenset({"lines", "asked", "ambiguous", "edge", "off_day", "repeated"})


class Recount:
    """Counts the rows of a file again while they are written, as an audit counts them.

    :param result: of the manifest
    :param schema: column -> type
    """

    def __init__(self, result: Mapping[str, Any], schema: Mapping[str, type]) -> None:
        self._result = result
        self._tally = Tally()
        places = {"phone_number" if name == PHONE_HASH else name: place for place, name in enumerate(schema)}
        self._places = {name: places[name] for name in COLUMNS if name in places}
        self._is_audit = "by_state" in result and {"state", "is_final"} <= self._places.keys()
        self._hidden = unpack_hidden_counts(result["unseen"]) if result.get("unseen") else {}
        self._kept = HiddenCountsPacker()
        self._removed: list[HiddenCounts] = []
        self._position = 0
        self._new_position = 0

    def add(self, row: Row | None) -> None:
        """Count a row of the file that was read, in its order; ``None`` for a row that is removed."""
        if hidden := self._hidden.get(self._position):
            if row is None:
                self._removed.append(hidden)
            else:
                self._kept.add(self._new_position, hidden)
        self._position += 1
        if row is not None:
            self._new_position += 1
            if self._is_audit:
                self._tally.add([Verdict(**{name: row[place] for name, place in self._places.items()})])

    def result(self) -> dict[str, Any]:
        """Return the result for the rows that remain, without the facts about the file."""
        result = dict(self._result)
        if self._is_audit:
            counts = self._tally.as_dict()
            result |= {name: count for name, count in counts.items() if name in result and name not in _OF_THE_LOG}
            result |= self._settled()
        if "unseen" in result:
            result["unseen"] = self._kept.text()
            for name in ("ambiguous", "edge", "off_day"):
                result[name] -= sum(getattr(hidden, name) for hidden in self._removed)
            result["repeated"] -= sum(len(hidden.repeated) for hidden in self._removed)
        return result

    def _settled(self) -> dict[str, bool]:
        """Return whether the day is settled now: the rows that waited may be gone."""
        result = self._result
        if result.get("settled") is not False or not {"send_date", "oldest_answer", "keyed", "lines"} <= result.keys():
            return {}
        day, oldest = date.fromisoformat(result["send_date"]), datetime.fromisoformat(result["oldest_answer"])
        has_match_keys = result["keyed"] or not result["lines"]
        return {"settled": self._tally.settled(day, oldest, has_match_keys=has_match_keys)}


def with_erasure(result: Mapping[str, Any], erasure: str, counts: Sequence[int]) -> dict[str, Any]:
    """Return a result that says how much of its rows was erased, and in which erasure.

    :param erasure: id of the erasure
    :param counts: rows, and cells of other rows, that this run has erased
    """
    by_erasure = dict((result.get("erased") or {}).get("erasures") or {})
    earlier = by_erasure.get(erasure, [0, 0])
    by_erasure[erasure] = [ours + theirs for ours, theirs in zip(earlier, counts, strict=True)]
    rows, cells = (sum(each) for each in zip(*by_erasure.values(), strict=True))
    lines = (result.get("erased") or {}).get("lines")
    of_the_log = {} if lines is None else {"lines": lines}
    return {
        **result,
        "erased": {**of_the_log, "rows": rows, "cells": cells, "erasures": dict(sorted(by_erasure.items()))},
    }


def counts_of(result: Mapping[str, Any], erasure: str) -> tuple[int, int]:
    """Return how many rows, and cells of other rows, an erasure has erased from a partition."""
    rows, cells = ((result.get("erased") or {}).get("erasures") or {}).get(erasure, (0, 0))
    return rows, cells
