"""Reads Parquet files a few rows at a time, and refuses cells that are too large before they are decoded."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.audit.send_log.formats.arrow_values import ArrowValues, BadCell
from airflow_provider_dysms.audit.send_log.formats.parquet_batches import BatchSizes, cell_sizes, too_large_cell
from airflow_provider_dysms.audit.send_log.formats.parquet_pages import DamagedPage
from airflow_provider_dysms.audit.send_log.formats.table import Table, describe_columns, unreadable
from airflow_provider_dysms.audit.send_log.formats.text_streams import Source, damage_as_input_error
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_dysms.audit.send_log.formats.table import Cells


def open_parquet(source: Source) -> Table:
    """Open a Parquet file.

    :raises DysmsInputError: pyarrow is not installed, or the file is not a Parquet file
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DysmsInputError(
            "sent_uri",
            f"has a Parquet file, {source.name}, but pyarrow is not installed: install airflow-provider-dysms[parquet]",
        ) from None
    file = _unzipped(source) if source.is_gzip else source.open()
    copy = file if source.is_gzip else None
    try:
        # Without a buffer, pyarrow reads a whole column of a row group at once, and with pre_buffer all row groups.
        parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=1024**2, coerce_int96_timestamp_unit="us")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if copy is not None:
            copy.close()
        _raise_if_from_store(error)
        raise unreadable(source.name, "is not a Parquet file, or only part of one") from None
    leaves = [parquet.schema.column(index) for index in range(len(parquet.schema))]
    zoneless = frozenset(leaf.path for leaf in leaves if leaf.physical_type == "INT96")
    rows = _Rows(source, file, parquet, leaves)
    return Table(parquet.schema_arrow.names, rows.read, zoneless=zoneless, copy=copy)


def _unzipped(source: Source) -> BinaryIO:
    file = tempfile.TemporaryFile(prefix="dysms-")  # noqa: SIM115 - the table closes it
    try:
        with damage_as_input_error(source.name):
            for chunk in source.chunks():
                _write(file, chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _write(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        folder = tempfile.gettempdir()
        problem = f"the folder for temporary files, {folder}, cannot be written ({error.strerror})"
        raise DysmsStorageError(f"{problem}; free some space there, or set TMPDIR to a larger one") from None


class _Rows:
    """The rows of a Parquet file.

    :param file: the file, for its pages
    :param leaves: its columns in the form of Parquet, which splits nested columns into parts
    """

    def __init__(self, source: Source, file: BinaryIO, parquet: Any, leaves: list[Any]) -> None:
        self._source = source
        self._parquet = parquet
        self._leaves = leaves
        self._batches = BatchSizes(source, file, parquet, leaves)
        self._values = ArrowValues(source.options, {leaf.path for leaf in leaves if leaf.logical_type.type == "UUID"})

    def read(self, keys: Sequence[str | None], carried: Sequence[str] = ()) -> Iterator[tuple[int, Cells]]:
        import pyarrow as pa

        name = self._source.name
        names = list(dict.fromkeys(column for column in (*keys, *carried) if column is not None))
        columns = self._parquet.schema_arrow.names
        if twice := [column for column in names if columns.count(column) > 1]:
            raise unreadable(name, f"has two columns with the same name: {describe_columns(twice)}")
        number = 0
        try:
            self._batches.check(names)
            for group in range(self._parquet.num_row_groups):
                rows = self._batches.rows_of(group, names, number)
                for batch in self._parquet.iter_batches(rows, row_groups=[group], columns=names):
                    for column in names:
                        self._check_cells(batch.column(column), column, number)
                    nulls: list[object] = [None] * batch.num_rows
                    lists = [
                        nulls if column is None else self._values.of_key(batch.column(column), column)
                        for column in keys
                    ]
                    lists += [self._values.of_carried(batch.column(column), column) for column in carried]
                    for cells in zip(*lists, strict=True):
                        number += 1
                        yield number, cells
        except BadCell as error:
            raise unreadable(f"{name}:{number + error.index + 1}", error.problem) from None
        except pa.ArrowNotImplementedError:
            problem = "cannot be read: this pyarrow does not know its compression or the type of a column; upgrade it"
            raise unreadable(f"{name}:{number + 1}", problem) from None
        except (pa.ArrowException, OSError, OverflowError, DamagedPage) as error:
            _raise_if_from_store(error)
            raise unreadable(f"{name}:{number + 1}", "cannot be read; the Parquet file is damaged") from None

    def _check_cells(self, column: Any, name: str, before: int) -> None:
        if column.nbytes <= self._source.options.max_line_bytes:
            return
        for row, size in enumerate(cell_sizes(column), before + 1):
            if size > self._source.options.max_line_bytes:
                raise too_large_cell(self._source, row, name, size)


def _raise_if_from_store(error: Exception) -> None:
    """Raise an error of the object store again; Arrow raises a bare ``OSError`` without a number for a damaged file."""
    if isinstance(error, OSError) and (type(error) is not OSError or error.errno is not None):
        raise error
