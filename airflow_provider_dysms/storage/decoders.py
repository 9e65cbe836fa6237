"""Bytes of one file format in, rows out: the inverse of :mod:`.encoders`, in bounded memory.

What is written again from the rows that were read has the same bytes. What a format cannot say comes back as nothing: a
CSV's empty text, a float of JSON Lines that is no number.
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
from airflow_provider_dysms.storage.encoders import COLUMN_TYPES, EXTENSIONS, arrow_schema, original_text, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: Bytes that are read at once.
CHUNK = 1 << 20

#: Bytes of a row, and of a text in it, beyond which a file is none of ours.
LONGEST_ROW = 64 << 20

#: Rows that are decoded at once.
BATCH = 5_000

Row = tuple[Any, ...]


class RowsUnreadable(ValueError):
    """The file does not hold rows of the schema. Its message repeats nothing of the file."""


def read_rows(
    file: IO[bytes], file_format: str, compression: str | None, schema: Mapping[str, type], *, csv_safe: bool = False
) -> Iterator[Row]:
    """Read the rows of a data file, each with a value or ``None`` for every column of the schema, in its order.

    :param file: open for reading, at its start; for Parquet it can be sought in. It stays open
    :param file_format: ``jsonl``, ``csv`` or ``parquet``
    :param compression: ``None`` or ``gzip``; Parquet says itself what it is compressed with
    :param schema: column -> ``str``, ``int``, ``float``, ``bool``, ``datetime`` or ``date``; instants come out in UTC
    :param csv_safe: CSV: texts were written with :func:`~.encoders.safe_text`
    :raises RowsUnreadable: the file has other columns, other types, or is torn; the rows before were handed out
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
    """Return the format and the compression of a data file, by its name.

    :param data: the file's name or key, as in ``send_date=2025-06-01/part-0.jsonl.gz``
    :raises RowsUnreadable: no format has this extension
    """
    extension = data.rpartition("/")[2].partition(".")[2]
    for (file_format, compression), known in EXTENSIONS.items():
        if known == extension:
            return file_format, compression
    raise RowsUnreadable("its extension is none of ours")


def schema_of(columns: Sequence[Mapping[str, str]]) -> dict[str, type]:
    """Return the schema that a manifest's ``columns`` describe.

    :param columns: name and type of each, as the manifest has them
    :raises RowsUnreadable: they describe no columns
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
def _readable(rows_before: int) -> Iterator[None]:
    """Put what a decoder found into words that can quote no value."""
    try:
        yield
    except RowsUnreadable:
        raise
    except Exception as error:  # over bytes that are not its format's a decoder raises what comes
        if isinstance(error, OSError) and error.errno is not None:
            raise  # it is the store's; those of gzip and pyarrow have no number
        raise RowsUnreadable(f"what follows {rows_before} rows cannot be read ({type(error).__name__})") from None


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
    done = 0
    lines = _whole_lines(file)
    while True:
        with _readable(done):
            text = next(lines, None)
            if text is None:
                return
            if not done:
                _check_columns(list(msgspec.json.decode(text[: text.index(b"\n")], type=dict)), list(schema))
            rows = list(map(msgspec.structs.astuple, decoder.decode_lines(text)))
        done += len(rows)
        yield from rows


def _whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the file in pieces that end where a line ends."""
    rest = b""
    while chunk := file.read(CHUNK):
        head, end, tail = chunk.rpartition(b"\n")
        if end:
            yield rest + head + end
            rest = tail
        else:
            rest += chunk
        if len(rest) > LONGEST_ROW:
            raise RowsUnreadable("a row has no end")
    if rest:
        raise RowsUnreadable("the last row has no end")


def _safe_csv(file: IO[bytes], schema: Mapping[str, type]) -> Iterator[Row]:
    texts = [kind is str for kind in schema.values()]
    for row in _csv(file, {safe_text(name): kind for name, kind in schema.items()}):
        yield tuple(
            original_text(value) if is_text and value is not None else value
            for is_text, value in zip(texts, row, strict=True)
        )


def _csv(file: IO[bytes], schema: Mapping[str, type]) -> Iterator[Row]:
    # The limit is the process's, and meant against quotes that never close; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))
    text = io.TextIOWrapper(cast("io.BufferedReader", file), "utf-8", newline="")
    readers = [_FROM_TEXT[kind] for kind in schema.values()]
    done = 0
    try:
        lines = csv.reader(_whole_texts(text), strict=True)
        with _readable(done):
            _check_columns(next(lines, []), list(schema))
        while True:
            with _readable(done):
                cells = list(islice(lines, BATCH))
                if not cells:
                    return
                texts = zip(*cells, strict=True)
                columns = [list(map(read, column)) for read, column in zip(readers, texts, strict=True)]
            done += len(cells)
            yield from zip(*columns, strict=True)
    finally:
        with suppress(ValueError):  # the file was closed before the last row
            text.detach()


def _whole_texts(text: IO[str]) -> Iterator[str]:
    """Yield the lines, of which the last one too must end."""
    line = ""
    while following := text.readline(LONGEST_ROW):
        line = following
        yield line
    if line and not line.endswith("\r\n"):
        raise RowsUnreadable("the last row has no end")


def _parquet(file: IO[bytes], schema: Mapping[str, type]) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    done = 0
    with _readable(done):
        opened = pyarrow.parquet.ParquetFile(file)
        _check_columns(opened.schema_arrow.names, list(schema))
        if opened.schema_arrow.types != arrow_schema(schema).types:
            raise RowsUnreadable("its columns are of other types than its manifest says")
    batches = opened.iter_batches(batch_size=BATCH, use_threads=False)
    while True:
        with _readable(done):
            batch = next(batches, None)
            if batch is None:
                return
            columns = [
                _values(pyarrow, name, kind, column, done)
                for (name, kind), column in zip(schema.items(), batch.columns, strict=True)
            ]
        done += batch.num_rows
        yield from zip(*columns, strict=True)


def _values(pyarrow: Any, name: str, kind: type, column: Any, rows_before: int) -> list[Any]:
    try:
        return _instants(pyarrow, column) if kind is datetime else cast("list[Any]", column.to_pylist())
    except (OverflowError, ValueError):
        # The file is whole: Parquet's times reach further than those of Python.
        raise RowsUnreadable(
            f"column {name!r} has a value out of range in rows {rows_before + 1} to {rows_before + len(column)}"
        ) from None


def _instants(pyarrow: Any, column: Any) -> list[datetime | None]:
    """In ``datetime.timezone.utc``: pyarrow has zones of its own, which differ from release to release."""
    naive = column.cast(pyarrow.timestamp("us")).to_pylist()
    return [None if instant is None else instant.replace(tzinfo=UTC) for instant in naive]


def _check_columns(found: Sequence[str], expected: Sequence[str]) -> None:
    """Refuse other names and another order; which ones are found is not said, the first row may be no header."""
    if list(found) != list(expected):
        raise RowsUnreadable(f"its {len(found)} columns are not the {len(expected)} that its manifest names")


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    if not text.endswith("Z"):
        raise ValueError("an instant is written in UTC")
    return datetime.fromisoformat(text)


#: Type of a column -> how its cell in a CSV file is read.
_FROM_TEXT: Mapping[type, Callable[[str], Any]] = {
    str: lambda text: text or None,
    int: lambda text: int(text) if text else None,
    float: lambda text: float(text) if text else None,
    bool: {"": None, "true": True, "false": False}.__getitem__,
    datetime: _instant,
    date: lambda text: date.fromisoformat(text) if text else None,
}
