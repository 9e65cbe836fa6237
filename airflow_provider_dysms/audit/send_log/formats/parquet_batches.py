"""Decides how many rows of a Parquet file are decoded at a time, so that any content fits into memory.

The footer has the size of a column in a row group, but not the sizes of its cells. If the column is small, no cell is
large. Otherwise the sizes of the pages are read, and the values of dictionaries, which are stored once for many rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.audit.send_log.formats.parquet_pages import page_sizes
from airflow_provider_dysms.audit.send_log.formats.table import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_dysms.audit.send_log.formats.text_streams import Source

#: Maximum number of rows in a batch.
_MAX_ROWS = 1024

#: Maximum size of a batch in bytes, if all its cells are as large as the largest cell.
_BATCH_BYTES = 8 * 1024**2

#: If the text columns of a row group have at most this many bytes together, the sizes of their pages do not matter.
_SMALL_GROUP = 32 * 1024**2

#: Maximum number of bytes of the pages that are in memory together, one per column. Most writers end a page after 1 MiB
#: of cells, some only at the end of the row group.
_MAX_PAGES_BYTES = 64 * 1024**2


class BatchSizes:
    """Decides how many rows of a Parquet file are read at a time.

    :param file: the file, for its pages
    :param leaves: its columns in the form of Parquet, which splits nested columns into parts
    """

    def __init__(self, source: Source, file: BinaryIO, parquet: Any, leaves: list[Any]) -> None:
        self._source = source
        self._file = file
        self._parquet = parquet
        self._leaves = leaves

    def check(self, names: list[str]) -> None:
        """Refuse a file that is too large according to its footer.

        :param names: the columns that are read
        :raises DysmsInputError: its columns exceed ``max_file_bytes``, or its cells ``max_line_bytes``
        """
        options, size = self._source.options, 0
        for group in range(self._parquet.num_row_groups):
            size += sum(chunk.total_uncompressed_size for _, chunk in self._chunks(group, names))
        if size > options.max_file_bytes:
            raise self._source.too_large()
        for leaf in self._leaves:
            if (
                _is_part_of(leaf.path, names)
                and leaf.length > options.max_line_bytes
                and self._parquet.metadata.num_rows
            ):
                raise too_large_cell(self._source, 1, leaf.path, leaf.length)

    def rows_of(self, group: int, names: list[str], before: int) -> int:
        """Return how many rows of a row group are decoded at a time.

        :param before: the number of rows before the row group
        :raises DysmsInputError: a page does not fit into memory
        """
        max_cell, total, pages = 1, 0, 0
        for leaf, chunk in self._chunks(group, names):
            if leaf.physical_type != "BYTE_ARRAY":
                continue
            total += chunk.total_uncompressed_size
            if chunk.has_dictionary_page and chunk.total_uncompressed_size > _BATCH_BYTES // _MAX_ROWS:
                max_cell = max(max_cell, self._max_dictionary_value(group, leaf, before))
        if total > _SMALL_GROUP:
            for leaf, chunk in self._chunks(group, names):
                if leaf.physical_type == "BYTE_ARRAY":
                    largest, cell = self._max_page_and_cell(leaf, chunk, before, pages)
                    pages += largest
                    max_cell = max(max_cell, cell)
        return max(1, min(_MAX_ROWS, _BATCH_BYTES // max_cell))

    def _max_dictionary_value(self, group: int, leaf: Any, before: int) -> int:
        """Return the size of the largest value in the dictionary of a column, in bytes."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        chunk = self._parquet.metadata.row_group(group).column(self._leaves.index(leaf))
        self._check_page(leaf, before + 1, next(page_sizes(self._file, chunk), (0, 0))[0])
        if leaf.max_repetition_level or "." in leaf.path:
            return 1
        reader = pq.ParquetFile(
            self._file,
            metadata=self._parquet.metadata,
            read_dictionary=[leaf.path],
            pre_buffer=False,
            buffer_size=1024**2,
        )
        first = next(reader.iter_batches(1, row_groups=[group], columns=[leaf.path]), None)
        dictionary = getattr(first and first.column(0), "dictionary", None)
        return (pc.max(pc.binary_length(dictionary)).as_py() or 1) if dictionary is not None else 1

    def _max_page_and_cell(self, leaf: Any, chunk: Any, before: int, others: int) -> tuple[int, int]:
        """Return the size of the largest page of a column, and the largest average cell size of a page, in bytes."""
        largest, cell, row = 0, 1, before + 1
        for size, values in page_sizes(self._file, chunk):
            self._check_page(leaf, row, size, others)
            largest = max(largest, size)
            if values:
                cell = max(cell, size // values)
            row += values
        return largest, cell

    def _check_page(self, leaf: Any, row: int, size: int, others: int = 0) -> None:
        max_bytes = max(_MAX_PAGES_BYTES, 64 * self._source.options.max_line_bytes)
        if size + others > max_bytes:
            raise too_large_cell(self._source, row, leaf.path, size)

    def _chunks(self, group: int, names: list[str]) -> Iterator[tuple[Any, Any]]:
        row_group = self._parquet.metadata.row_group(group)
        for index, leaf in enumerate(self._leaves):
            if _is_part_of(leaf.path, names):
                yield leaf, row_group.column(index)


def cell_sizes(column: Any) -> Iterator[int]:
    """Yield the size of each cell of an Arrow array in bytes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        column = column.cast(pa.large_binary())
        kind = column.type
    if (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    ):
        yield from (size or 0 for size in pc.binary_length(column).to_pylist())
    else:
        yield from (column.slice(index, 1).nbytes for index in range(len(column)))


def too_large_cell(source: Source, row: int, column: str, size: int) -> Exception:
    """Return the error for a cell, or a page of cells, that is too large."""
    limit = source.options.max_line_bytes
    problem = f"has {size} bytes in a cell of column {column[:40]}, or in a page of cells, but a cell may have {limit}"
    return unreadable(f"{source.name}:{row}", f"{problem}; write smaller ones, or raise max_line_bytes")


def _is_part_of(path: str, names: list[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in names)
