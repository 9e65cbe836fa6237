"""Searches Parquet of this machine with duckdb.

First the places of the rows are found, from the columns of the conditions and the time alone; then the other columns
are read for these rows. duckdb leaves out row groups by their statistics and Bloom filters.
"""

from __future__ import annotations

import glob
import os
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.engines.data_file import FileDiffers
from airflow_provider_dysms.archive.engines.day_search import DayMatches, FoundRow, Position
from airflow_provider_dysms.archive.engines.duckdb_conditions import conditions_of, identifier
from airflow_provider_dysms.model.dates import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_dysms.archive.engines.data_file import DataFile
    from airflow_provider_dysms.archive.engines.day_search import DaySearch

#: Threads of one search, and the memory that duckdb may use.
MAX_THREADS, MEMORY = 4, "200MiB"

_TICK = timedelta(microseconds=1)

#: Type of a column -> duckdb's name of it.
_TYPES: Mapping[type, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    datetime: "TIMESTAMP WITH TIME ZONE",
    date: "DATE",
}

#: The number of a row in its file. It has a name that no column of a user has.
ROW = "file_row_number"


class DuckDb:
    """duckdb in memory: it writes nothing, loads no extension and reads the files that it is given alone."""

    def __init__(self) -> None:
        import duckdb

        self._duckdb = duckdb
        self._database = duckdb.connect(
            config={
                "threads": str(min(MAX_THREADS, _cores())),
                "memory_limit": MEMORY,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "enable_external_file_cache": "false",
            }
        )
        self._database.execute("SET enable_progress_bar = false")
        self._database.execute("SET parquet_metadata_cache = true")  # a file is asked three times

    def close(self) -> None:
        """Free the memory."""
        self._database.close()

    def search(self, file: DataFile, search: DaySearch) -> DayMatches:
        """Search a Parquet file of this machine.

        :raises FileDiffers: it is not what its manifest says
        """
        with file.unchanged() as path, self._translate_errors():
            escaped = glob.escape(str(path)).replace("'", "''")
            source = f"read_parquet('{escaped}', file_row_number = true, hive_partitioning = false)"
            self._check_footer(file, source)
            where, values = conditions_of(file.schema, search)
            count = self._one(f"SELECT count(*) FROM {source} WHERE {where}", values) if search.count else None
            places = self._places(file, search, source) if search.limit and count != 0 else []
            return DayMatches(tuple(self._fetch(file, source, places)), count)

    def _check_footer(self, file: DataFile, source: str) -> None:
        described = self._all(f"DESCRIBE SELECT * FROM {source}")
        found = [(name, kind) for name, kind, *_ in described if name != ROW]
        if found != [(name, _TYPES[kind]) for name, kind in file.schema.items()]:
            raise FileDiffers(f"its {len(found)} columns are not those of its manifest")
        file.check_rows(self._one(f"SELECT count(*) FROM {source}"))

    def _places(self, file: DataFile, search: DaySearch, source: str) -> list[tuple[int, int]]:
        """Return (microseconds since 1970, row) of the newest rows, in their order."""
        undated = (search.undated_moment - EPOCH) // _TICK
        moment = f"coalesce(epoch_us(sent_at), {undated})" if "sent_at" in file.schema else str(undated)
        where, values = conditions_of(file.schema, search)
        if search.after is not None:
            after = (search.after.moment - EPOCH) // _TICK
            where += f" AND ({moment} < {after} OR ({moment} = {after} AND {ROW} > {search.after.row}))"
            if "sent_at" in file.schema:  # for the statistics
                where += " AND (sent_at IS NULL OR sent_at <= ?)"
                values = [*values, search.after.moment]
        return self._all(
            f"SELECT {moment} AS moment, {ROW} FROM {source} WHERE {where} "
            f"ORDER BY moment DESC, {ROW} LIMIT {search.limit}",
            values,
        )

    def _fetch(self, file: DataFile, source: str, places: Sequence[tuple[int, int]]) -> Iterator[FoundRow]:
        if not places:
            return
        columns = ", ".join(_column(name, kind) for name, kind in file.schema.items())
        rows = ", ".join(str(row) for _, row in places)
        found = self._all(f"SELECT {ROW}, {columns} FROM {source} WHERE {ROW} IN ({rows})")
        values = {row: tuple(cells) for row, *cells in found}
        instants = [place for place, kind in enumerate(file.schema.values()) if kind is datetime]
        for moment, row in places:
            cells = list(values[row])
            for place in instants:
                cells[place] = None if cells[place] is None else EPOCH + cells[place] * _TICK
            yield FoundRow(Position(EPOCH + moment * _TICK, row), tuple(cells))

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._database.execute(statement, list(values)).fetchall()

    def _one(self, statement: str, values: Sequence[Any] = ()) -> int:
        ((value,),) = self._all(statement, values)
        return int(value)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (self._duckdb.Error, OverflowError) as error:  # their texts may quote cells
            raise FileDiffers(f"its rows cannot be read ({type(error).__name__})") from None


def _column(name: str, kind: type) -> str:
    """Return the expression for a column; instants are read as microseconds, so that no time zone is needed."""
    return f"epoch_us({identifier(name)})" if kind is datetime else identifier(name)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
