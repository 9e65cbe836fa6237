"""Encodes rows as JSON Lines, CSV or Parquet: with an explicit schema, and the same bytes for the same rows.

JSON Lines has one object per line, with every column in order and ``null`` for ``None``. CSV follows RFC 4180 (a
header, CRLF) and writes ``None`` as an empty cell, like an empty text. Both write instants as ``2025-06-01T08:44:10Z``,
with a fraction only if there is one. With ``csv_safe``, CSV quotes every text and puts an apostrophe in front of a text
that a spreadsheet would take for a formula. Parquet has timestamps in microseconds and UTC. Gzip files have neither a
time nor a name.
"""

from __future__ import annotations

import csv
import gzip
import inspect
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import starmap
from typing import IO, Any, Literal, Protocol

import msgspec

from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct

# The start of a text that a spreadsheet computes. Chinese and Japanese Excel also compute after full-width signs.
_FORMULA_START = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")

#: Rows in a row group of Parquet.
ROW_GROUP_ROWS = 50_000

#: Bloom filters of Parquet: the share of the row groups that are read although a text is not in them, and the columns
#: in which nobody looks for a text. A filter takes 64 KiB per column and row group.
BLOOM_FALSE_SHARE, NO_BLOOM_COLUMNS = 0.01, frozenset({"content", "vendor_extra"})

Columns = Sequence[Sequence[Any]]


class Encoder(Protocol):
    """Writes rows to a file in one format."""

    def write(self, columns: Columns) -> None:
        """Write columns of equal length."""

    def close(self) -> None:
        """Write the end of the file; the file itself stays open."""


def escape_formula(text: str) -> str:
    """Return a text with an apostrophe in front if a spreadsheet would otherwise compute it as a formula.

    A text that already has apostrophes before a formula gets one more, so that :func:`unescape_formula` is exact.
    """
    return f"'{text}" if _FORMULA_START.match(text) else text


def unescape_formula(text: str) -> str:
    """Return the text that :func:`escape_formula` was given."""
    return text[1:] if text.startswith("'") and _FORMULA_START.match(text) else text


def open_encoder(
    file_format: str, compression: str | None, schema: Mapping[str, type], file: IO[bytes], *, csv_safe: bool = False
) -> Encoder:
    """Return an encoder that writes to an open file.

    :param file_format: ``jsonl``, ``csv`` or ``parquet``
    :param compression: one that the format has, see :data:`~.file_formats.EXTENSIONS`
    :param schema: column -> type, a key of :data:`~.file_formats.COLUMN_TYPES`
    :param csv_safe: for CSV: write texts with :func:`escape_formula`
    """
    if file_format == "parquet":
        return _Parquet(file, schema, compression or "zstd")
    encoder = _JsonLines if file_format == "jsonl" else _SafeCsv if csv_safe else _Csv
    if compression is None:
        return encoder(file, schema)
    return _Gzipped(file, schema, encoder)


def arrow_schema(schema: Mapping[str, type]) -> Any:
    """Return a schema as a ``pyarrow.Schema``."""
    import pyarrow

    types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
        datetime: pyarrow.timestamp("us", tz="UTC"),
        date: pyarrow.date32(),
    }
    return pyarrow.schema([(name, types[kind]) for name, kind in schema.items()])


class _JsonLines:
    def __init__(self, file: IO[bytes], schema: Mapping[str, type]) -> None:
        self._file = file
        # A struct is made and encoded twice as fast as a dict. Column names need not be identifiers.
        fields = {f"c{number}": name for number, name in enumerate(schema)}
        try:
            self._row = msgspec.defstruct(
                "Row", list(fields), bases=(PrivateStruct,), frozen=True, rename=fields, gc=False
            )
        except ValueError:  # its text quotes the name
            raise DysmsInputError(
                "file_format",
                "is 'jsonl', but a column has a quotation mark, a backslash or a control character in its name; "
                "rename the column, or use csv or parquet",
            ) from None
        self._encoder = msgspec.json.Encoder()

    def write(self, columns: Columns) -> None:
        self._file.write(self._encoder.encode_lines(list(starmap(self._row, zip(*columns, strict=True)))))

    def close(self) -> None:
        """The format has nothing to write at the end."""


class _Csv:
    _quoting: Literal[0, 2] = csv.QUOTE_MINIMAL

    def __init__(self, file: IO[bytes], schema: Mapping[str, type]) -> None:
        self._kinds = tuple(schema.values())
        self._file = file
        self._write([self._to_texts(str, tuple(schema))])

    def write(self, columns: Columns) -> None:
        self._write(zip(*map(self._to_texts, self._kinds, columns), strict=True))

    def close(self) -> None:
        """The format has nothing to write at the end."""

    def _write(self, rows: Iterable[Sequence[Any]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n", quoting=self._quoting).writerows(rows)
        self._file.write(text.getvalue().encode())

    @staticmethod
    def _to_texts(kind: type, values: Sequence[Any]) -> Sequence[Any]:
        if kind is datetime:
            return list(map(iso_utc, values))
        if kind is bool:
            return [None if value is None else "true" if value else "false" for value in values]
        return values


class _SafeCsv(_Csv):
    # A quoted text stays one cell even if the spreadsheet separates cells by semicolons; numbers need no quotes.
    _quoting = csv.QUOTE_NONNUMERIC

    @staticmethod
    def _to_texts(kind: type, values: Sequence[Any]) -> Sequence[Any]:
        if kind is str:
            return [None if value is None else escape_formula(value) for value in values]
        return _Csv._to_texts(kind, values)


class _Gzipped:
    def __init__(self, file: IO[bytes], schema: Mapping[str, type], encoder: type[_JsonLines | _Csv]) -> None:
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
        self._inner = encoder(self._gzip, schema)  # type: ignore[arg-type]  # a GzipFile is an IO[bytes] in all but name

    def write(self, columns: Columns) -> None:
        self._inner.write(columns)

    def close(self) -> None:
        self._inner.close()
        self._gzip.close()


class _Parquet:
    def __init__(self, file: IO[bytes], schema: Mapping[str, type], compression: str) -> None:
        import pyarrow
        import pyarrow.parquet

        self._arrow = pyarrow
        self._file = file
        self._compression = compression
        self._schema = arrow_schema(schema)
        self._batches: list[Any] = []
        self._rows = 0
        self._writer: Any = None

    def write(self, columns: Columns) -> None:
        arrays = [self._arrow.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self.write_batch(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))

    def write_batch(self, batch: Any) -> None:
        """Write a ``pyarrow.RecordBatch`` of the schema."""
        self._batches.append(batch)
        self._rows += len(batch)
        if self._rows >= ROW_GROUP_ROWS:
            self._flush(self._rows - self._rows % ROW_GROUP_ROWS)

    def close(self) -> None:
        if self._rows or self._writer is None:
            self._flush(self._rows)
        self._writer.close()

    def _flush(self, rows: int) -> None:
        table = self._arrow.Table.from_batches(self._batches, self._schema)
        if self._writer is None:
            self._writer = self._open_writer(table.slice(0, min(rows, ROW_GROUP_ROWS)))
        if rows:
            self._writer.write_table(table.slice(0, rows), row_group_size=ROW_GROUP_ROWS)
        rest = table.slice(rows)
        self._batches, self._rows = rest.to_batches(), len(rest)

    def _open_writer(self, first_group: Any) -> Any:
        repeating = {name for name in self._text_columns() if _repeats(first_group.column(name))}
        searched = [name for name in self._text_columns() if name not in repeating | NO_BLOOM_COLUMNS]
        return self._arrow.parquet.ParquetWriter(
            self._file,
            self._schema,
            compression=self._compression,
            use_dictionary=sorted(repeating),
            **_bloom_filters(searched, len(first_group)),
        )

    def _text_columns(self) -> list[str]:
        return [field.name for field in self._schema if field.type == self._arrow.string()]


def _repeats(column: Any) -> bool:
    """Return whether a column has few different texts, such as states; for others a dictionary would cost more."""
    return len(column.unique()) * 10 <= len(column)


def _bloom_filters(columns: Sequence[str], rows: int) -> dict[str, Any]:
    """Return the option of pyarrow's writer that adds Bloom filters; nothing if this pyarrow does not write them.

    :param rows: number of rows of the first row group
    """
    import pyarrow.parquet

    if "bloom_filter_options" not in inspect.signature(pyarrow.parquet.ParquetWriter).parameters or not rows:
        return {}
    size = {"ndv": rows, "fpp": BLOOM_FALSE_SHARE}
    return {"bloom_filter_options": {name: size for name in columns}}
