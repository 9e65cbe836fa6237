"""The conditions of a search for pyarrow: what the statistics of a row group rule out, and which rows meet them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from airflow_provider_dysms.archive.engines.day_search import DaySearch


class Condition(Protocol):
    """A condition that a row must meet."""

    #: The columns that it looks at.
    columns: list[str]

    def may_hold(self, row_group: Any) -> bool:
        """Return whether a row of a row group may meet it, by its statistics."""

    def check(self, table: Any) -> Any:
        """Return for each row whether it meets it: an array without nulls."""


def conditions_of(schema: Mapping[str, type], search: DaySearch) -> list[Condition]:
    """Return the conditions of a search in the order in which they are checked.

    :param schema: column -> type
    """
    return list(_conditions(schema, search))


def _conditions(schema: Mapping[str, type], search: DaySearch) -> Iterator[Condition]:
    places = {name: place for place, name in enumerate(schema)}
    for name, texts in search.equal:
        yield _IsOneOf(name, places[name], texts)
    if search.status_codes is not None:
        yield _HasCode("error_code" in schema, search.status_codes, with_expired=search.with_expired)
    if search.sent_from is not None or search.sent_to is not None or not search.undated:
        yield _IsSentWithin(places.get("sent_at"), search)


class _IsOneOf:
    def __init__(self, name: str, place: int, texts: tuple[str, ...]) -> None:
        self.columns = [name]
        self._place = place
        self._texts = texts

    def may_hold(self, row_group: Any) -> bool:
        statistics = row_group.column(self._place).statistics
        if statistics is None or not statistics.has_min_max:
            return statistics is None or not statistics.has_null_count or statistics.null_count < row_group.num_rows
        return any(statistics.min <= text <= statistics.max for text in self._texts)

    def check(self, table: Any) -> Any:
        return _is_in(table.column(0), self._texts)


class _HasCode:
    def __init__(self, has_codes: bool, codes: tuple[str, ...], *, with_expired: bool) -> None:
        self._codes = codes
        self._with_expired = with_expired
        self.columns = ["state", *(["error_code"] if has_codes else [])]

    def may_hold(self, row_group: Any) -> bool:
        return True

    def check(self, table: Any) -> Any:
        import pyarrow
        import pyarrow.compute

        expired = _is_in(table.column("state"), (State.EXPIRED.value,) if self._with_expired else ())
        if "error_code" not in self.columns:
            return expired
        code = table.column("error_code").combine_chunks()
        has_code = pyarrow.compute.not_equal(pyarrow.compute.fill_null(code, ""), "")
        is_code = _is_in(pyarrow.compute.ascii_upper(code), self._codes)
        return pyarrow.compute.if_else(has_code, is_code, expired)


class _IsSentWithin:
    def __init__(self, place: int | None, search: DaySearch) -> None:
        self._place = place
        self._start, self._end = search.sent_from, search.sent_to
        self._undated = search.undated
        self.columns = ["state" if place is None else "sent_at"]

    def may_hold(self, row_group: Any) -> bool:
        if self._place is None:
            return self._undated
        statistics = row_group.column(self._place).statistics
        if statistics is None or not statistics.has_min_max or not statistics.has_null_count:
            return True
        if self._undated and statistics.null_count:
            return True
        return self._holds(statistics.min, statistics.max)

    def _holds(self, oldest: datetime, newest: datetime) -> bool:
        return (self._start is None or self._start <= newest) and (self._end is None or oldest < self._end)

    def check(self, table: Any) -> Any:
        import pyarrow
        import pyarrow.compute as compute

        if self._place is None:
            return pyarrow.array([self._undated] * len(table))
        column = table.column(0).combine_chunks()
        holds = compute.is_valid(column)
        if self._start is not None:
            holds = compute.and_kleene(holds, compute.greater_equal(column, pyarrow.scalar(self._start, column.type)))
        if self._end is not None:
            holds = compute.and_kleene(holds, compute.less(column, pyarrow.scalar(self._end, column.type)))
        return compute.or_(compute.fill_null(holds, False), compute.and_(compute.is_null(column), self._undated))


def _is_in(column: Any, texts: tuple[str, ...]) -> Any:
    import pyarrow
    import pyarrow.compute

    values = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    if len(texts) == 1:
        return pyarrow.compute.fill_null(pyarrow.compute.equal(values, texts[0]), False)
    return pyarrow.compute.is_in(values, value_set=pyarrow.array(texts, pyarrow.string()))
