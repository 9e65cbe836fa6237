"""Decodes the rows of a JSON Lines, CSV or Parquet file that :mod:`.encoders` wrote, in bounded memory.

Rows that are read and written again give the same bytes. A value that a format cannot express comes back as ``None``:
an empty text in CSV, NaN in JSON Lines.
"""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec

from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.storage.encoders import arrow_schema, escape_formula, unescape_formula
from airflow_provider_dysms.storage.file_formats import COLUMN_TYPES, EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: Bytes that are read at once.
CHUNK_BYTES = 1 << 20

#: Bytes of a row, and of a text in it. A file with a longer one was not written by this package.
MAX_ROW_BYTES = 64 << 20

#: Rows that are decoded at once.
BATCH_ROWS = 5_000

Row = tuple[Any, ...]


class RowsUnreadable(ValueError):
    """A file does not have rows of the schema. The message repeats nothing of the file."""


def read_rows(
    file: IO[bytes], file_format: str, compression: str | None, schema: Mapping[str, type], *, csv_safe: bool = False
) -> Iterator[Row]:
    """Read the rows of a data file, each with a value or ``None`` for every column of the schema, in its order.

    :param file: open for reading, at its start, and for Parquet seekable; it stays open
    :param file_format: ``jsonl``, ``csv`` or ``parquet``
    :param compression: ``None`` or ``gzip``; it is ignored for Parquet, whose files name it
    :param schema: column -> ``str``, ``int``, ``float``, ``bool``, ``datetime`` or ``date``; instants come out in UTC
    :param csv_safe: for CSV: texts were written with :func:`~.encoders.escape_formula`
    :raises RowsUnreadable: the file has other columns or types, or is cut off; earlier rows have been yielded
    """
    if file_format == "parquet":
        yield from _parquet(file, schema)
        return
    read = _json_lines if file_format == "jsonl" else _safe_csv if csv_safe else _csv
    if compression is None:
        yield from read(file, schema)
        return
    with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
        yield from read(cast("IO[bytes]", unpacked), schema)


def format_of(data: str) -> tuple[str, str | None]:
    """Return the format and the compression of a data file by its name.

    :param data: the file's name or key, as in ``send_date=2025-06-01/part-0.jsonl.gz``
    :raises RowsUnreadable: no format has this extension
    """
    extension = data.rpartition("/")[2].partition(".")[2]
    for (file_format, compression), known in EXTENSIONS.items():
        if known == extension:
            return file_format, compression
    raise RowsUnreadable("its extension is not one that this package writes")


def schema_of(columns: Sequence[Mapping[str, str]]) -> dict[str, type]:
    """Return the schema that a manifest's ``columns`` describe.

    :param columns: name and type of each, as the manifest has them
    :returns: column -> Python type
    :raises RowsUnreadable: they are not a list of columns
    """
    kinds = {name: kind for kind, name in COLUMN_TYPES.items()}
    try:
        schema = {column["name"]: kinds[column["type"]] for column in columns}
    except (KeyError, TypeError):
        schema = {}
    if not schema or len(schema) < len(columns):
        raise RowsUnreadable("its manifest does not say what its columns are")
    return schema


@contextmanager
def _translate_errors(rows_before: int) -> Iterator[None]:
    """Translate the errors of a decoder into words that quote no value."""
    try:
        yield
    except RowsUnreadable:
        raise
    except Exception as error:  # a decoder raises almost anything if the bytes are not of its format
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the store; those of gzip and pyarrow have no errno
        raise RowsUnreadable(f"the rows after row {rows_before} cannot be read ({type(error).__name__})") from None


def _json_lines(file: IO[bytes], schema: Mapping[str, type]) -> Iterator[Row]:
    fields = {f"c{number}": name for number, name in enumerate(schema)}
    row = msgspec.defstruct(
        "Row",
        [(field, kind | None) for field, kind in zip(fields, schema.values(), strict=True)],
        bases=(PrivateStruct,),
        frozen=True,
        rename=fields,
        forbid_unknown_fields=True,
        gc=False,
    )
    decoder = msgspec.json.Decoder(row)
    rows_before = 0
    lines = _complete_lines(file)
    while True:
        with _translate_errors(rows_before):
            text = next(lines, None)
            if text is None:
                return
            if not rows_before:
                _check_columns(list(msgspec.json.decode(text[: text.index(b"\n")], type=dict)), list(schema))
            rows = list(map(msgspec.structs.astuple, decoder.decode_lines(text)))
        rows_before += len(rows)
        yield from rows


def _complete_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the file in chunks that end at the end of a line."""
    rest = b""
    while chunk := file.read(CHUNK_BYTES):
        head, end, tail = chunk.rpartition(b"\n")
        if end:
            yield rest + head + end
            rest = tail
        else:
            rest += chunk
        if len(rest) > MAX_ROW_BYTES:
            raise RowsUnreadable("a row is too long")
    if rest:
        raise RowsUnreadable("the last row is cut off")


def _safe_csv(file: IO[bytes], schema: Mapping[str, type]) -> Iterator[Row]:
    texts = [kind is str for kind in schema.values()]
    for row in _csv(file, {escape_formula(name): kind for name, kind in schema.items()}):
        yield tuple(
            unescape_formula(value) if is_text and value is not None else value
            for is_text, value in zip(texts, row, strict=True)
        )


def _csv(file: IO[bytes], schema: Mapping[str, type]) -> Iterator[Row]:
    # The limit is one for the whole process, a guard against a quotation mark that never closes, so it is only raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES))
    text = io.TextIOWrapper(cast("io.BufferedReader", file), "utf-8", newline="")
    parsers = [_PARSERS[kind] for kind in schema.values()]
    rows_before = 0
    try:
        lines = csv.reader(_complete_text_lines(text), strict=True)
        with _translate_errors(rows_before):
            _check_columns(next(lines, []), list(schema))
        while True:
            with _translate_errors(rows_before):
                cells = list(islice(lines, BATCH_ROWS))
                if not cells:
                    return
                texts = zip(*cells, strict=True)
                columns = [list(map(parse, column)) for parse, column in zip(parsers, texts, strict=True)]
            rows_before += len(cells)
            yield from zip(*columns, strict=True)
    finally:
        with suppress(ValueError):  # the caller closed the file before the last row
            text.detach()


def _complete_text_lines(text: IO[str]) -> Iterator[str]:
    """Yield the lines, and check that the last one is complete."""
    line = ""
    while following := text.readline(MAX_ROW_BYTES):
        line = following
        yield line
    if line and not line.endswith("\r\n"):
        raise RowsUnreadable("the last row is cut off")


def _parquet(file: IO[bytes], schema: Mapping[str, type]) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    rows_before = 0
    with _translate_errors(rows_before):
        opened = pyarrow.parquet.ParquetFile(file)
        _check_columns(opened.schema_arrow.names, list(schema))
        if opened.schema_arrow.types != arrow_schema(schema).types:
            raise RowsUnreadable("the types of its columns differ from its manifest")
    batches = opened.iter_batches(batch_size=BATCH_ROWS, use_threads=False)
    while True:
        with _translate_errors(rows_before):
            batch = next(batches, None)
            if batch is None:
                return
            columns = [
                column_values(pyarrow, name, kind, column, rows_before)
                for (name, kind), column in zip(schema.items(), batch.columns, strict=True)
            ]
        rows_before += batch.num_rows
        yield from zip(*columns, strict=True)


def column_values(pyarrow: Any, name: str, kind: type, column: Any, rows_before: int) -> list[Any]:
    """Return the values of a column of Parquet.

    :param pyarrow: the module
    :param name: name of the column, for the error
    :param kind: its type
    :param column: an array, or several in one
    :param rows_before: rows of the file before it, for the error
    :raises RowsUnreadable: a value is out of the range of Python's
    """
    try:
        return _instants(pyarrow, column) if kind is datetime else cast("list[Any]", column.to_pylist())
    except (OverflowError, ValueError):
        # The file is intact, but Parquet has times outside the range of Python's.
        raise RowsUnreadable(
            f"column {name!r} has a value that is out of range in rows {rows_before + 1} to {rows_before + len(column)}"
        ) from None


def _instants(pyarrow: Any, column: Any) -> list[datetime | None]:
    """Return instants in ``datetime.timezone.utc``; pyarrow's own zones differ from release to release."""
    naive = column.cast(pyarrow.timestamp("us")).to_pylist()
    return [None if instant is None else instant.replace(tzinfo=UTC) for instant in naive]


def _check_columns(found: Sequence[str], expected: Sequence[str]) -> None:
    """Check names and order. The error does not repeat the names, because the first row may hold data."""
    if list(found) != list(expected):
        raise RowsUnreadable(f"its {len(found)} columns are not the {len(expected)} that its manifest names")


def _parse_instant(text: str) -> datetime | None:
    if not text:
        return None
    if not text.endswith("Z"):
        raise ValueError("an instant must be written in UTC")
    return datetime.fromisoformat(text)


#: Type of a column -> parser of its cells in a CSV file.
_PARSERS: Mapping[type, Callable[[str], Any]] = {
    str: lambda text: text or None,
    int: lambda text: int(text) if text else None,
    float: lambda text: float(text) if text else None,
    bool: {"": None, "true": True, "false": False}.__getitem__,
    datetime: _parse_instant,
    date: lambda text: date.fromisoformat(text) if text else None,
}
