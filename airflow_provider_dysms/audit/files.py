"""Opens one file of a send log as a table: CSV, JSON Lines, Parquet or text, each also gzipped.

A file is read in one pass and a few rows at a time. What cannot be read is an error that names the file and the line,
and never what stands there.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from airflow_provider_dysms.api.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Cells = Sequence[object]
    Read = Callable[[Sequence[str | None]], Iterator[tuple[int, Cells]]]

_PARQUET_ROWS = 8192
_LIKE_DATA = re.compile(r"(?:\d[ ().-]*){7,}|【")


@dataclass(slots=True)
class Table:
    """A file that is open for reading.

    :param columns: its columns; ``None`` where every line has its own (JSON Lines)
    :param read: yields the line number, from 1, and the cells of the wanted columns; ``None`` wants an empty cell
    :param seen: JSON Lines: the keys that were met so far
    :param choose: JSON Lines: returns the first of the wanted columns anew when it is told of further keys
    :param headless: whether there are no columns at all, but one number a line
    """

    columns: list[str] | None
    read: Read
    seen: set[str] = field(default_factory=set)
    choose: Callable[[Iterable[str]], list[str | None]] | None = None
    headless: bool = False


def open_table(name: str, file: BinaryIO) -> Table:
    """Open a file of a send log; its name says what it is.

    :param name: its name or path; ``.csv``, ``.jsonl``, ``.ndjson``, ``.json``, ``.parquet`` or ``.txt``, also with
        ``.gz`` behind
    :param file: open for reading; it is left open
    :raises DysmsInputError: it is of no known kind, or cannot be read
    """
    bare = name.lower()
    zipped = bare.endswith(".gz")
    suffix = "." + bare.removesuffix(".gz").rpartition(".")[2]
    if suffix not in _KINDS:
        known = ", ".join(_KINDS)
        raise DysmsInputError("sent_uri", f"has a file of an unknown kind, {name}; known are {known}, each also .gz")
    if zipped:
        file = gzip.GzipFile(fileobj=file, mode="rb")  # type: ignore[assignment]
    return _KINDS[suffix](name, file)


def shown(columns: Sequence[str]) -> str:
    """Return columns as an error may show them: a file without its header line has data there."""
    if any(map(_LIKE_DATA.search, columns)):
        return f"{len(columns)} columns with data in the place of their names"
    return ", ".join(column[:40] for column in columns[:20]) or "none"


def _csv(name: str, file: BinaryIO) -> Table:
    rows = _csv_rows(name, file)
    _, header = next(rows, (0, []))
    columns = [column.strip() for column in header]
    named = [column for column in columns if column]
    if not named:
        raise _unreadable(name, "has no header line; its first line names the columns")
    if len(set(named)) < len(named):
        raise _unreadable(name, f"has two columns of one name: {shown(columns)}")

    def read(wanted: Sequence[str | None]) -> Iterator[tuple[int, Cells]]:
        places = [None if column is None else columns.index(column) for column in wanted]
        for number, cells in rows:
            if len(cells) != len(columns):
                raise _unreadable(f"{name}:{number}", f"has {len(cells)} cells, and the header {len(columns)}")
            yield number, [None if place is None else cells[place] or None for place in places]

    return Table(columns, read)


def _csv_rows(name: str, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    with _as_text(name, file) as text:
        reader = csv.reader(text, strict=True)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _unreadable(f"{name}:{number}", f"is no CSV ({error})") from None
            if cells:
                yield number, cells


def _text(name: str, file: BinaryIO) -> Table:
    def read(wanted: Sequence[str | None]) -> Iterator[tuple[int, Cells]]:
        blanks = [None] * (len(wanted) - 1)
        with _as_text(name, file) as text:
            for number, line in enumerate(text, 1):
                if line.strip():
                    yield number, [line.strip(), *blanks]

    return Table([], read, headless=True)


def _json_lines(name: str, file: BinaryIO) -> Table:
    decoder = msgspec.json.Decoder(dict[str, Any])

    def read(wanted: Sequence[str | None]) -> Iterator[tuple[int, Cells]]:
        with _whole(name):
            for number, line in enumerate(file, 1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if not text.strip():
                    continue
                try:
                    record = decoder.decode(text)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    problem = "is no JSON object in UTF-8; write one object a line"
                    raise _unreadable(f"{name}:{number}", problem) from None
                if new := record.keys() - table.seen:
                    table.seen |= new
                    if table.choose:
                        ours = table.choose(sorted(new))
                        wanted = [*ours, *wanted[len(ours) :]]
                yield number, [None if column is None else record.get(column) for column in wanted]

    table = Table(None, read)
    return table


def _parquet(name: str, file: BinaryIO) -> Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DysmsInputError(
            "sent_uri", f"has a Parquet file, {name}, and pyarrow is missing: install airflow-provider-dysms[parquet]"
        ) from None
    with _whole(name):
        source = io.BytesIO(file.read()) if isinstance(file, gzip.GzipFile) else file
    try:
        parquet = pq.ParquetFile(source)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        _raise_if_of_the_store(error)
        raise _unreadable(name, "is no Parquet file, or only a part of one") from None
    columns: list[str] = parquet.schema_arrow.names

    def read(wanted: Sequence[str | None]) -> Iterator[tuple[int, Cells]]:
        names = list(dict.fromkeys(column for column in wanted if column is not None))
        if twice := [column for column in names if columns.count(column) > 1]:
            raise _unreadable(name, f"has two columns of one name: {shown(twice)}")
        number = 0
        try:
            for batch in parquet.iter_batches(_PARQUET_ROWS, columns=names):
                lists = {column: _python_values(pa, batch.column(column)) for column in names}
                blank = [None] * batch.num_rows
                for cells in zip(*(blank if column is None else lists[column] for column in wanted), strict=True):
                    number += 1
                    yield number, cells
        except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
            _raise_if_of_the_store(error)
            raise _unreadable(f"{name}:{number + 1}", "cannot be read; the Parquet file is damaged") from None

    return Table(columns, read)


def _raise_if_of_the_store(error: Exception) -> None:
    """Arrow's word for a damaged file is a bare ``OSError``; a store's has a number or a class of its own."""
    if isinstance(error, OSError) and (type(error) is not OSError or error.errno is not None):
        raise error


def _python_values(pa: Any, column: Any) -> list[object]:
    """Nanoseconds have no place in ``datetime``, and a zone by name would need a time zone database."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC" if column.type.tz else None), safe=False)
    values: list[object] = column.to_pylist()
    return values


@contextlib.contextmanager
def _as_text(name: str, file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        with _whole(name):
            yield text
    except UnicodeDecodeError:
        raise _unreadable(name, "is not in UTF-8; save it as UTF-8") from None
    finally:
        with contextlib.suppress(ValueError):  # the caller may have closed his file by now
            text.detach()  # else it would be closed with the wrapper


@contextlib.contextmanager
def _whole(name: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise _unreadable(name, "is no gzip file, or only a part of one") from None


def _unreadable(where: str, problem: str) -> DysmsInputError:
    return DysmsInputError("sent_uri", f"cannot be read: {where} {problem}")


_KINDS: dict[str, Callable[[str, BinaryIO], Table]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_lines,
    ".parquet": _parquet,
    ".txt": _text,
}
