"""A day's rows on their way to a file: checked, encoded, in a nameless local file, whatever their number.

The file is unlinked when it is opened, so that a task that dies leaves no number behind. ``TMPDIR`` says where it lies.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_dysms.storage.encoders import COLUMN_TYPES, open_encoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

#: Rows that are checked and encoded at once, however they come in: the bytes depend on the rows alone.
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a finished spool holds."""

    file: IO[bytes]
    size: int
    sha256: str
    md5: str
    rows: int


class RowSpool:
    """Takes rows while there is an event loop or none: it writes to a local file and to nothing else.

    :param schema: column -> ``str``, ``int``, ``float``, ``bool``, ``datetime`` (aware, UTC) or ``date``
    :param csv_safe: CSV: spreadsheets show every text, and compute none
    """

    def __init__(
        self, file_format: str, compression: str | None, schema: Mapping[str, type], *, csv_safe: bool = False
    ) -> None:
        if not schema or not set(schema.values()) <= COLUMN_TYPES.keys():
            raise TypeError(f"a schema has columns, of {', '.join(kind.__name__ for kind in COLUMN_TYPES)}")
        self.schema = dict(schema)
        self._pending: list[tuple[Any, ...]] = []
        self._rows = 0
        self._content: Content | None = None
        self._file = tempfile.TemporaryFile(prefix="dysms-")  # noqa: SIM115 - closed in __exit__
        try:
            self._encoder = open_encoder(file_format, compression, self.schema, self._file, csv_safe=csv_safe)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> RowSpool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with self._file, suppress(Exception):  # an unfinished encoder would complain when it is collected
            self._encoder.close()

    def write(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take rows, each with a value or ``None`` for every column of the schema, in its order.

        :raises TypeError: a row that does not fit the schema; the value is not repeated
        """
        if self._content is not None:
            raise ValueError("the spool was committed; open a new one")
        incoming = iter(rows)
        while more := list(islice(incoming, BATCH - len(self._pending))):
            self._pending += more
            if len(self._pending) == BATCH:
                self._encode()

    def finish(self) -> Content:
        """End the file and return what it holds; a second call returns the same."""
        if self._content is None:
            if self._pending:
                self._encode()
            self._encoder.close()
            self._file.flush()
            size = self._file.tell()
            self._content = Content(self._file, size, self._digest("sha256"), self._digest("md5"), self._rows)
        return self._content

    def _encode(self) -> None:
        columns = list(self._columns())
        try:
            self._encoder.write(columns)
        except (TypeError, ValueError, OverflowError) as error:  # an encoder's own words may quote a value
            raise TypeError(f"rows cannot be encoded ({type(error).__name__})") from None
        self._rows += len(self._pending)
        self._pending = []

    def _columns(self) -> Iterator[Sequence[Any]]:
        try:
            columns = list(zip(*self._pending, strict=True))
        except ValueError:
            columns = []
        if len(columns) != len(self.schema):
            raise TypeError(f"each row has {len(self.schema)} values, one for each column of the schema")
        for (name, kind), values in zip(self.schema.items(), columns, strict=True):
            if not all(_fits(found, kind) for found in set(map(type, values))):
                raise TypeError(f"column {name!r} takes {kind.__name__} or None")
            if kind is datetime and not {value.tzinfo for value in values if value is not None} <= {UTC}:
                raise TypeError(f"column {name!r} takes instants in datetime.timezone.utc")
            yield values

    def _digest(self, name: str) -> str:
        self._file.seek(0)
        return hashlib.file_digest(self._file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()


def _fits(found: type, kind: type) -> bool:
    """Exactly, because a bool is an int for Python and no encoder agrees; a ``StrEnum`` is a text for all of them."""
    return found in (kind, type(None)) or (kind is str and issubclass(found, StrEnum))
