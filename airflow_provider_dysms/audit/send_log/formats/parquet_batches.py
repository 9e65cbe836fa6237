"""How many rows of a Parquet file are decoded at a time, so that they fit into memory whatever is in them.

A footer tells the size of a column in a row group, not that of its cells. If the whole is small, no cell is large;
otherwise the pages are looked at, and the values that a dictionary spells out once for many rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_dysms.audit.send_log.formats.parquet_pages import page_sizes
from airflow_provider_dysms.audit.send_log.formats.table import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_dysms.audit.send_log.formats.text_streams import Source

_ROWS = 1024

#: Bytes of the largest cells of a batch together.
_BATCH_BYTES = 8 * 1024**2

#: Text columns of a row group that are not larger together may be decoded as a whole, so their pages are not looked at.
_SMALL_GROUP = 32 * 1024**2

#: Bytes of the pages that are in memory together, one of each column. Writers end a page after 1 MiB of cells, some
#: only with the row group.
_MAX_PAGES_BYTES = 64 * 1024**2


class BatchSizes:
    """Says how many rows of a Parquet file are read at a time.

    :param file: the file, for its pages
    :param leaves: its columns as Parquet has them, nested ones by their parts
    """

    def __init__(self, source: Source, file: BinaryIO, parquet: Any, leaves: list[Any]) -> None:
        self._source = source
        self._file = file
        self._parquet = parquet
        self._leaves = leaves

    def check(self, names: list[str]) -> None:
        """Refuse a file of which the footer says that it is too large.

        :param names: the columns that are read
        :raises DysmsInputError: its columns have more bytes than a file may have, or cells more than a line
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

        :param before: rows of the file before it
        :raises DysmsInputError: it has a page that does not fit into memory
        """
        max_cell, total, pages = 1, 0, 0
        for leaf, chunk in self._chunks(group, names):
            if leaf.physical_type != "BYTE_ARRAY":
                continue
            total += chunk.total_uncompressed_size
            if chunk.has_dictionary_page and chunk.total_uncompressed_size > _BATCH_BYTES // _ROWS:
                max_cell = max(max_cell, self._largest_of_dictionary(group, leaf, before))
        if total > _SMALL_GROUP:
            for leaf, chunk in self._chunks(group, names):
                if leaf.physical_type == "BYTE_ARRAY":
                    largest, cell = self._largest_of_pages(leaf, chunk, before, pages)
                    pages += largest
                    max_cell = max(max_cell, cell)
        return max(1, min(_ROWS, _BATCH_BYTES // max_cell))

    def _largest_of_dictionary(self, group: int, leaf: Any, before: int) -> int:
        """Return the bytes of the longest value that a column's dictionary has."""
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

    def _largest_of_pages(self, leaf: Any, chunk: Any, before: int, others: int) -> tuple[int, int]:
        """Return the bytes of the largest page of a column, and of the cells of the page that has the largest ones."""
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
        for place, leaf in enumerate(self._leaves):
            if _is_part_of(leaf.path, names):
                yield leaf, row_group.column(place)


def cell_sizes(column: Any) -> Iterator[int]:
    """Yield the bytes of each cell of an Arrow array."""
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
        yield from (column.slice(place, 1).nbytes for place in range(len(column)))


def too_large_cell(source: Source, row: int, column: str, size: int) -> Exception:
    """Return the error of a cell, or of a page of cells, that does not fit into memory."""
    limit = source.options.max_line_bytes
    problem = f"has {size} bytes in a cell of column {column[:40]}, or in a page of cells, and a cell may have {limit}"
    return unreadable(f"{source.name}:{row}", f"{problem}; write smaller ones, or raise max_line_bytes")


def _is_part_of(path: str, names: list[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in names)
