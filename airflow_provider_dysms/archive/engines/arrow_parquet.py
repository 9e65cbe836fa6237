"""Searches Parquet with pyarrow: one row group at a time, and at first only the columns of the conditions.

Row groups whose statistics rule every row out are not read. The other columns are read for the rows that are returned.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.engines.arrow_conditions import conditions_of
from airflow_provider_dysms.archive.engines.data_file import FileDiffers
from airflow_provider_dysms.archive.engines.day_search import DayMatches, FoundRow, Position
from airflow_provider_dysms.model.dates import EPOCH
from airflow_provider_dysms.model.errors import DysmsError
from airflow_provider_dysms.storage.decoders import RowsUnreadable, column_values
from airflow_provider_dysms.storage.encoders import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from airflow_provider_dysms.archive.engines.data_file import DataFile
    from airflow_provider_dysms.archive.engines.day_search import DaySearch

_TICK = timedelta(microseconds=1)

#: A row that is found: (microseconds since 1970, its number in the file with the opposite sign). The greatest is first.
_Place = tuple[int, int]


def search_parquet(file: DataFile, search: DaySearch) -> DayMatches:
    """Search a Parquet file.

    :raises FileDiffers: it is not what its manifest says
    """
    with file.open(in_parts=True) as opened, _translate_errors():
        return _Search(file, opened, search).run()


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate the errors of a file whose bytes are damaged into words that quote no cell."""
    import pyarrow

    try:
        yield
    except (FileDiffers, DysmsError, MemoryError):  # those of the store too
        raise
    except RowsUnreadable as error:
        raise FileDiffers(f"its rows: {error}") from None
    except (pyarrow.ArrowException, OSError, OverflowError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the store; those of pyarrow have no errno
        raise FileDiffers(f"its rows cannot be read ({type(error).__name__})") from None


class _Search:
    def __init__(self, file: DataFile, opened: BinaryIO, search: DaySearch) -> None:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet

        self._arrow = pyarrow
        self._file = file
        self._search = search
        self._parquet = pyarrow.parquet.ParquetFile(opened, pre_buffer=True)
        self._check_footer()
        self._conditions = conditions_of(file.schema, search)
        self._has_time = "sent_at" in file.schema
        self._undated = (search.undated_moment - EPOCH) // _TICK
        after = search.after
        self._after = None if after is None else ((after.moment - EPOCH) // _TICK, -after.row)
        self._newest: list[_Place] = []
        self._count = 0

    def run(self) -> DayMatches:
        for group, first_row in self._row_groups():
            newest = self._parquet_max_time(group)
            if self._is_full() and not self._search.count and newest is not None and newest < self._newest[-1][0]:
                continue
            self._search_group(group, first_row)
        rows = tuple(self._fetch())
        return DayMatches(rows, self._count if self._search.count else None)

    def _check_footer(self) -> None:
        found, expected = self._parquet.schema_arrow, arrow_schema(self._file.schema)
        if found.names != expected.names or found.types != expected.types:
            raise FileDiffers(f"its {len(found.names)} columns are not those of its manifest")
        self._file.check_rows(self._parquet.metadata.num_rows)

    def _row_groups(self) -> Iterator[tuple[int, int]]:
        """Yield the row groups that may have a row, the newest first, each with the number of its first row."""
        metadata = self._parquet.metadata
        places, first_row = [], 0
        for group in range(metadata.num_row_groups):
            if all(condition.may_hold(metadata.row_group(group)) for condition in self._conditions):
                places.append((group, first_row))
            first_row += metadata.row_group(group).num_rows
        newest = {group: self._parquet_max_time(group) for group, _ in places}
        yield from sorted(places, key=lambda place: newest[place[0]] or 0, reverse=True)

    def _parquet_max_time(self, group: int) -> int | None:
        """Return the newest time of a row group in microseconds; ``None`` if it is not known."""
        if not self._has_time:
            return self._undated
        column = self._parquet.metadata.row_group(group).column(list(self._file.schema).index("sent_at"))
        statistics = column.statistics
        if statistics is None or not statistics.has_min_max or not statistics.has_null_count:
            return None
        newest = int((statistics.max - EPOCH) / _TICK)
        return max(newest, self._undated) if statistics.null_count else newest

    def _search_group(self, group: int, first_row: int) -> None:
        compute = self._arrow.compute
        kept = None
        for condition in self._conditions:
            table = self._read(group, condition.columns)
            holds = condition.check(table)
            kept = holds if kept is None else compute.and_(kept, holds)
            if not kept.true_count:
                return
        number_of_rows = self._parquet.metadata.row_group(group).num_rows
        rows = self._arrow.array(range(number_of_rows)) if kept is None else compute.indices_nonzero(kept)
        self._count += len(rows)
        if self._search.limit:
            self._keep_newest(rows, self._moments(group, rows), first_row)

    def _moments(self, group: int, rows: Any) -> Any:
        if not self._has_time:
            return self._arrow.array([self._undated] * len(rows), self._arrow.int64())
        column = self._read(group, ["sent_at"]).column(0).take(rows).combine_chunks()
        return self._arrow.compute.fill_null(column.cast(self._arrow.int64()), self._undated)

    def _keep_newest(self, rows: Any, moments: Any, first_row: int) -> None:
        arrow, compute = self._arrow, self._arrow.compute
        numbers = compute.add(rows.cast(arrow.int64()), first_row)
        table = arrow.table({"moment": moments, "row": numbers})
        if self._after is not None:
            moment, row = self._after
            at_it = compute.and_(compute.equal(moments, moment), compute.greater(numbers, -row))
            table = table.filter(compute.or_(compute.less(moments, moment), at_it))
        if len(table) > self._search.limit:
            keys = [("moment", "descending"), ("row", "ascending")]
            table = table.take(compute.select_k_unstable(table, self._search.limit, keys))
        places = zip(table["moment"].to_pylist(), (-row for row in table["row"].to_pylist()), strict=True)
        self._newest = sorted([*self._newest, *places], reverse=True)[: self._search.limit]

    def _is_full(self) -> bool:
        return len(self._newest) == self._search.limit

    def _read(self, group: int, columns: list[str] | None) -> Any:
        return self._parquet.read_row_group(group, columns=columns, use_threads=False)

    def _fetch(self) -> Iterator[FoundRow]:
        """Yield the rows that were kept, in their order."""
        values: dict[int, tuple[Any, ...]] = {}
        wanted = sorted(-row for _, row in self._newest)
        first_row = 0
        for group in range(self._parquet.metadata.num_row_groups):
            end = first_row + self._parquet.metadata.row_group(group).num_rows
            if rows := [row for row in wanted if first_row <= row < end]:
                table = self._read(group, None).take([row - first_row for row in rows])
                columns = [
                    column_values(self._arrow, name, kind, column, first_row)
                    for (name, kind), column in zip(self._file.schema.items(), table.columns, strict=True)
                ]
                values.update(zip(rows, zip(*columns, strict=True), strict=True))
            first_row = end
        for moment, row in self._newest:
            yield FoundRow(Position(EPOCH + moment * _TICK, -row), values[-row])
