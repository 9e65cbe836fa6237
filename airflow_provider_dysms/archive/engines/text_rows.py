"""Searches CSV and JSON Lines row by row, in bounded memory."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.engines.data_file import FileDiffers
from airflow_provider_dysms.archive.engines.day_search import DayMatches, FoundRow, Position, in_capitals
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.storage.decoders import RowsUnreadable, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from airflow_provider_dysms.archive.engines.data_file import DataFile
    from airflow_provider_dysms.archive.engines.day_search import DaySearch

    Row = tuple[Any, ...]
    Condition = Callable[[Row], bool]


def search_text(file: DataFile, search: DaySearch) -> DayMatches:
    """Search a file of CSV or JSON Lines; it is read to its end.

    :raises FileDiffers: it is not what its manifest says
    """
    conditions = list(_conditions(list(file.schema), search))
    moment_of = _moment_of(file, search.undated_moment)
    newest = _Newest(search.limit)
    rows = matches = 0
    for values in _rows(file):
        if all(condition(values) for condition in conditions):
            matches += 1
            place = (moment_of(values), -rows)
            if search.after is None or place < (search.after.moment, -search.after.row):
                newest.add(place, values)
        rows += 1
    file.check_rows(rows)
    return DayMatches(newest.rows(), matches if search.count else None)


class _Newest:
    """Keeps the newest rows: a heap with the oldest of them first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[tuple[datetime, int], Row]] = []

    def add(self, place: tuple[datetime, int], values: Row) -> None:
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, (place, values))
        elif self._limit and place > self._heap[0][0]:
            heapq.heapreplace(self._heap, (place, values))

    def rows(self) -> tuple[FoundRow, ...]:
        newest_first = sorted(self._heap, reverse=True)
        return tuple(FoundRow(Position(moment, -row), values) for (moment, row), values in newest_first)


def _rows(file: DataFile) -> Iterator[Row]:
    with file.open() as opened:
        try:
            yield from read_rows(opened, file.file_format, file.compression, file.schema, csv_safe=file.csv_safe)
        except RowsUnreadable as error:
            raise FileDiffers(f"its rows: {error}") from None


def _moment_of(file: DataFile, undated: datetime) -> Callable[[Row], datetime]:
    names = list(file.schema)
    if "sent_at" not in names:
        return lambda values: undated
    place = names.index("sent_at")
    return lambda values: values[place] or undated


def _conditions(names: Sequence[str], search: DaySearch) -> Iterator[Condition]:
    for name, texts in search.equal:
        yield _is_one_of(names.index(name), frozenset(texts))
    if search.status_codes is not None:
        yield _has_code(names, frozenset(search.status_codes), with_expired=search.with_expired)
    if search.sent_from is not None or search.sent_to is not None or not search.undated:
        yield _is_sent_within(names, search)


def _is_one_of(place: int, texts: frozenset[str]) -> Condition:
    return lambda values: values[place] in texts


def _has_code(names: Sequence[str], codes: frozenset[str], *, with_expired: bool) -> Condition:
    code = names.index("error_code") if "error_code" in names else None
    state = names.index("state")

    def check(values: Row) -> bool:
        found = values[code] if code is not None else None
        return in_capitals(found) in codes if found else with_expired and values[state] == State.EXPIRED

    return check


def _is_sent_within(names: Sequence[str], search: DaySearch) -> Condition:
    place = names.index("sent_at") if "sent_at" in names else None
    start, end, undated = search.sent_from, search.sent_to, search.undated

    def check(values: Row) -> bool:
        moment = values[place] if place is not None else None
        if moment is None:
            return undated
        return (start is None or start <= moment) and (end is None or moment < end)

    return check
