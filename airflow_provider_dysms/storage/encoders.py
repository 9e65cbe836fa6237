"""Rows in, bytes of one file format out: explicit schema, and the same bytes for the same rows.

JSON Lines: one object a line with every column in its order, null for nothing. CSV: RFC 4180 (a header, CRLF), empty
for nothing; an empty text cannot be told from nothing. Both write instants as ``2025-06-01T08:44:10Z``, with a fraction
where there is one. With ``csv_safe`` a CSV text that a spreadsheet would take for a formula has an apostrophe in front,
and every text is quoted. Parquet: timestamps in microseconds and UTC. Gzip carries neither time nor name.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import starmap
from typing import IO, Any, Literal, Protocol

import msgspec

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.storage import file_formats
from airflow_provider_dysms.storage.file_formats import EXTENSIONS as EXTENSIONS

#: Python type of a column -> its name in the manifest. Any value may be ``None``.
COLUMN_TYPES: Mapping[type, str] = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
    datetime: "timestamp",
    date: "date",
}

#: Beginnings that make a spreadsheet compute a cell, also in full width (Excel in Chinese and Japanese takes them).
_COMPUTED = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")

#: Rows in a row group of Parquet.
ROW_GROUP = 50_000

Columns = Sequence[Sequence[Any]]


class Encoder(Protocol):
    """Writes columns of equal length, and what belongs to the end of the file."""

    def write(self, columns: Columns) -> None: ...

    def close(self) -> None: ...


def check_format(file_format: str, compression: str | None) -> str:
    """Return the extension of a format.

    :param file_format: ``jsonl``, ``csv`` or ``parquet``
    :param compression: ``None`` or ``gzip``; for Parquet ``zstd`` (the default), ``snappy``, ``gzip`` or ``none``
    :raises DysmsInputError: there is no such format or compression, or pyarrow is missing
    """
    file_formats.file_format("file_format", file_format)
    file_formats.compression(file_format, compression)
    if file_format == "parquet":
        try:
            importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise DysmsInputError(
                "file_format", "is 'parquet', which needs: pip install 'airflow-provider-dysms[parquet]'"
            ) from error
    return EXTENSIONS[file_format, compression]


def safe_text(text: str) -> str:
    """Return a text as spreadsheets show it, and never compute it: with an apostrophe in front if it needs one.

    Texts of which only apostrophes stand before such a beginning get one more, so that :func:`original_text` is exact.
    """
    return f"'{text}" if _COMPUTED.match(text) else text


def original_text(text: str) -> str:
    """Return the text that :func:`safe_text` was given."""
    return text[1:] if text.startswith("'") and _COMPUTED.match(text) else text


def open_encoder(
    file_format: str, compression: str | None, schema: Mapping[str, type], file: IO[bytes], *, csv_safe: bool = False
) -> Encoder:
    """Return an encoder that writes to an open file, which stays open.

    :param csv_safe: CSV: texts are written by :func:`safe_text`
    """
    if file_format == "parquet":
        return _Parquet(file, schema, compression or "zstd")
    encoder = _JsonLines if file_format == "jsonl" else _SafeCsv if csv_safe else _Csv
    if compression is None:
        return encoder(file, schema)
    return _Gzipped(file, schema, encoder)


def arrow_schema(schema: Mapping[str, type]) -> Any:
    """Return a schema as pyarrow writes it: a ``pyarrow.Schema``."""
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


def _instant(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")


class _JsonLines:
    def __init__(self, file: IO[bytes], schema: Mapping[str, type]) -> None:
        self._file = file
        # A struct is built and encoded twice as fast as a dict; column names need not be identifiers.
        fields = {f"c{number}": name for number, name in enumerate(schema)}
        try:
            self._row = msgspec.defstruct(
                "Row", list(fields), bases=(PrivateStruct,), frozen=True, rename=fields, gc=False
            )
        except ValueError:  # it quotes the name
            raise DysmsInputError(
                "file_format",
                "is 'jsonl', and a column has a quotation mark, a backslash or a control character in its name; "
                "rename it, or take csv or parquet",
            ) from None
        self._encoder = msgspec.json.Encoder()

    def write(self, columns: Columns) -> None:
        self._file.write(self._encoder.encode_lines(list(starmap(self._row, zip(*columns, strict=True)))))

    def close(self) -> None:
        """There is nothing at the end."""


class _Csv:
    _quoting: Literal[0, 2] = csv.QUOTE_MINIMAL

    def __init__(self, file: IO[bytes], schema: Mapping[str, type]) -> None:
        self._kinds = tuple(schema.values())
        self._file = file
        self._write([self._texts(str, tuple(schema))])

    def write(self, columns: Columns) -> None:
        self._write(zip(*map(self._texts, self._kinds, columns), strict=True))

    def close(self) -> None:
        """There is nothing at the end."""

    def _write(self, rows: Iterable[Sequence[Any]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n", quoting=self._quoting).writerows(rows)
        self._file.write(text.getvalue().encode())

    @staticmethod
    def _texts(kind: type, values: Sequence[Any]) -> Sequence[Any]:
        if kind is datetime:
            return list(map(_instant, values))
        if kind is bool:
            return [None if value is None else "true" if value else "false" for value in values]
        return values


class _SafeCsv(_Csv):
    # Numbers stay bare; a quoted text stays one cell where the list separator is not a comma, too.
    _quoting = csv.QUOTE_NONNUMERIC

    @staticmethod
    def _texts(kind: type, values: Sequence[Any]) -> Sequence[Any]:
        if kind is str:
            return [None if value is None else safe_text(value) for value in values]
        return _Csv._texts(kind, values)


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
        self._batches.append(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._rows += len(columns[0])
        if self._rows >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._batches or self._writer is None:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        table = self._arrow.Table.from_batches(self._batches, self._schema)
        if self._writer is None:
            self._writer = self._arrow.parquet.ParquetWriter(
                self._file, self._schema, compression=self._compression, use_dictionary=self._repetitive(table)
            )
        if self._rows:
            self._writer.write_table(table, row_group_size=ROW_GROUP)
        self._batches, self._rows = [], 0

    def _repetitive(self, table: Any) -> list[str]:
        """Texts worth a dictionary, such as states and templates; one of numbers or ids costs time and space."""
        return [
            field.name
            for field, column in zip(self._schema, table.columns, strict=True)
            if field.type == self._arrow.string() and len(column.unique()) * 10 <= len(column)
        ]
