"""Reads Parquet, a few rows at a time and no cell that is too large: sizes are known before anything is decoded."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.audit.send_log.formats.arrow_values import BadCell, Values
from airflow_provider_dysms.audit.send_log.formats.parquet_batches import BatchSizes, cell_sizes, too_large_cell
from airflow_provider_dysms.audit.send_log.formats.parquet_pages import DamagedPage
from airflow_provider_dysms.audit.send_log.formats.table import Table, describe_columns, unreadable
from airflow_provider_dysms.audit.send_log.formats.text_streams import Source, whole
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_dysms.audit.send_log.formats.table import Cells


def open_parquet(source: Source) -> Table:
    """Open a Parquet file.

    :raises DysmsInputError: pyarrow is not installed, or it is no Parquet file
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DysmsInputError(
            "sent_uri",
            f"has a Parquet file, {source.name}, and pyarrow is missing: install airflow-provider-dysms[parquet]",
        ) from None
    file = _unzipped(source) if source.is_gzip else source.open()
    copy = file if source.is_gzip else None
    try:
        # Without buffers a column of a row group is read as a whole, and all columns of all of them with pre_buffer.
        parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=1024**2, coerce_int96_timestamp_unit="us")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if copy is not None:
            copy.close()
        _raise_if_of_the_store(error)
        raise unreadable(source.name, "is no Parquet file, or only a part of one") from None
    leaves = [parquet.schema.column(place) for place in range(len(parquet.schema))]
    zoneless = frozenset(leaf.path for leaf in leaves if leaf.physical_type == "INT96")
    rows = _Rows(source, file, parquet, leaves)
    return Table(parquet.schema_arrow.names, rows.read, zoneless=zoneless, copy=copy)


def _unzipped(source: Source) -> BinaryIO:
    file = tempfile.TemporaryFile(prefix="dysms-")  # noqa: SIM115 - it is gone when nothing reads it any more
    try:
        with whole(source.name):
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
        problem = f"the folder for temporary files, {folder}, cannot be used ({error.strerror})"
        raise DysmsStorageError(f"{problem}; free some space there, or set TMPDIR to a larger one") from None


class _Rows:
    """The rows of a Parquet file.

    :param file: the file, for its pages
    :param leaves: its columns as Parquet has them, nested ones by their parts
    """

    def __init__(self, source: Source, file: BinaryIO, parquet: Any, leaves: list[Any]) -> None:
        self._source = source
        self._parquet = parquet
        self._leaves = leaves
        self._batches = BatchSizes(source, file, parquet, leaves)
        self._values = Values(source.options, {leaf.path for leaf in leaves if leaf.logical_type.type == "UUID"})

    def read(self, keys: Sequence[str | None], carried: Sequence[str] = ()) -> Iterator[tuple[int, Cells]]:
        import pyarrow as pa

        name = self._source.name
        names = list(dict.fromkeys(column for column in (*keys, *carried) if column is not None))
        columns = self._parquet.schema_arrow.names
        if twice := [column for column in names if columns.count(column) > 1]:
            raise unreadable(name, f"has two columns of one name: {describe_columns(twice)}")
        number = 0
        try:
            self._batches.check(names)
            for group in range(self._parquet.num_row_groups):
                rows = self._batches.rows_of(group, names, number)
                for batch in self._parquet.iter_batches(rows, row_groups=[group], columns=names):
                    for column in names:
                        self._check_cells(batch.column(column), column, number)
                    nothing: list[object] = [None] * batch.num_rows
                    lists = [
                        nothing if column is None else self._values.of_key(batch.column(column), column)
                        for column in keys
                    ]
                    lists += [self._values.of_carried(batch.column(column), column) for column in carried]
                    for cells in zip(*lists, strict=True):
                        number += 1
                        yield number, cells
        except BadCell as error:
            raise unreadable(f"{name}:{number + error.place + 1}", error.problem) from None
        except pa.ArrowNotImplementedError:
            problem = "cannot be read: this pyarrow does not know its compression, or the type of a column"
            raise unreadable(f"{name}:{number + 1}", problem) from None
        except (pa.ArrowException, OSError, OverflowError, DamagedPage) as error:
            _raise_if_of_the_store(error)
            raise unreadable(f"{name}:{number + 1}", "cannot be read; the Parquet file is damaged") from None

    def _check_cells(self, column: Any, name: str, before: int) -> None:
        if column.nbytes <= self._source.options.max_line_bytes:
            return
        for place, size in enumerate(cell_sizes(column), 1):
            if size > self._source.options.max_line_bytes:
                raise too_large_cell(self._source, before + place, name, size)


def _raise_if_of_the_store(error: Exception) -> None:
    """Arrow's word for a damaged file is a bare ``OSError``; a store's has a number or a class of its own."""
    if isinstance(error, OSError) and (type(error) is not OSError or error.errno is not None):
        raise error
