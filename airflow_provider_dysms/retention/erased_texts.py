"""Removes the numbers of erased people from the texts of rows, when only the digests of the numbers are known.

The send log still has the numbers, also in carried columns, ids and texts of other people's lines. An audit does not
know the numbers, so it takes the digest of whatever may be one, and finds them as :class:`.people.People` does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.phone_numbers.number import FULL_WIDTH_DIGITS
from airflow_provider_dysms.model.phone_numbers.redaction import REDACTED, SEPARATOR
from airflow_provider_dysms.retention.people import text_places, without_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_dysms.retention.erasure_records import ErasedPeople
    from airflow_provider_dysms.storage.decoders import Row

#: Digits of a number, and of a number with its prefix.
MIN_DIGITS, MAX_DIGITS, MAX_WITH_PREFIX = 6, 15, 19

_DIGIT = "[0-9\uff10-\uff19]"

#: Digits that may belong to one number.
_RUN = re.compile(f"[+\uff0b]?{_DIGIT}(?:{SEPARATOR}{_DIGIT}){{{MIN_DIGITS - 1},}}")
_GROUP = re.compile(f"{_DIGIT}+")


class ErasedTexts:
    """Removes the numbers of erased people from rows.

    :param people: ``None`` if nobody was erased
    :param schema: column -> type
    """

    def __init__(self, people: ErasedPeople | None, schema: Mapping[str, type]) -> None:
        self._people = people
        self._places = text_places(schema)

    def remove(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows without the numbers in their texts."""
        return rows if self._people is None else [self._remove(row) for row in rows]

    def _remove(self, row: Row) -> Row:
        if not any((text := row[place]) and _RUN.search(text) for place in self._places):
            return row
        cells: list[Any] = list(row)
        for place in self._places:
            if cells[place]:
                cells[place] = _RUN.sub(self._redact_run, cells[place])
        return tuple(cells)

    def _redact_run(self, match: re.Match[str]) -> str:
        run, end = match[0], 0
        pieces: list[str] = []
        for start, stop, digits in _windows(run):
            if start >= end and self._is_erased(digits):
                pieces += [run[end:start], REDACTED]
                end = stop
        return "".join([*pieces, run[end:]])

    def _is_erased(self, digits: str) -> bool:
        assert self._people is not None
        numbers = {number for number in without_prefixes(digits) if MIN_DIGITS <= len(number) <= MAX_DIGITS}
        return any(self._people.hash_of(number) is not None for number in numbers)


def _windows(run: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and digits of groups that follow one another: the longest first of each start."""
    groups = [(group.start(), group.end(), group[0].translate(FULL_WIDTH_DIGITS)) for group in _GROUP.finditer(run)]
    for first, (start, _, _) in enumerate(groups):
        found: list[tuple[int, int, str]] = []
        digits = ""
        for _, end, more in groups[first : first + MAX_WITH_PREFIX]:
            digits += more
            if len(digits) > MAX_WITH_PREFIX:
                break
            if len(digits) >= MIN_DIGITS:
                found.append((start if first else 0, end, digits))  # with the plus
        yield from reversed(found)
