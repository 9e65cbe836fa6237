"""Checks and encodes the rows of a day into a temporary file of this machine, until they are committed.

The file has no name once it is open, so a task that dies leaves no phone number behind. ``TMPDIR`` says in which folder
it is made.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.storage.encoders import open_encoder
from airflow_provider_dysms.storage.file_formats import COLUMN_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from io import BufferedRandom
    from types import TracebackType

_zone_of = attrgetter("tzinfo")

#: Rows that are checked and encoded at once. It is fixed, so that the bytes depend only on the rows.
BATCH_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """The encoded rows: an open temporary file and its facts."""

    file: BufferedRandom
    size: int
    sha256: str
    rows: int

    def md5(self) -> str:
        """Return the MD5, by which some stores know their objects."""
        return _digest(self.file, "md5")


class RowSpool:
    """Collects rows in a temporary file. It does no other I/O, so it may be used inside and outside an event loop.

    :param file_format: ``jsonl``, ``csv`` or ``parquet``
    :param compression: one that the format has, see :data:`~.file_formats.EXTENSIONS`
    :param schema: column -> ``str``, ``int``, ``float``, ``bool``, ``datetime`` (aware, UTC) or ``date``
    :param csv_safe: for CSV: spreadsheets show texts that look like formulas, and do not compute them
    """

    def __init__(
        self, file_format: str, compression: str | None, schema: Mapping[str, type], *, csv_safe: bool = False
    ) -> None:
        if not schema or not set(schema.values()) <= COLUMN_TYPES.keys():
            raise TypeError(
                f"a schema must have columns of the types {', '.join(kind.__name__ for kind in COLUMN_TYPES)}"
            )
        self.schema = dict(schema)
        self._pending: list[tuple[Any, ...]] = []
        self._rows = 0
        self._spooled: SpooledFile | None = None
        self._file = tempfile.TemporaryFile(prefix="dysms-")  # noqa: SIM115 - closed in __exit__
        try:
            self._encoder = open_encoder(file_format, compression, self.schema, self._file, csv_safe=csv_safe)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> RowSpool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with self._file, suppress(Exception):  # an encoder that is not closed warns when it is collected
            self._encoder.close()

    def write(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows.

        :param rows: each with a value or ``None`` for every column of the schema, in its order
        :raises TypeError: a row does not fit the schema; the message does not repeat the value
        :raises ValueError: :meth:`finish` was called before
        """
        if self._spooled is not None:
            raise ValueError("the spool is finished; open a new one")
        for row in rows:
            self._pending.append(row)
            if len(self._pending) == BATCH_ROWS:
                self._encode()

    def finish(self) -> SpooledFile:
        """Finish the file and return it; a second call returns the same."""
        if self._spooled is None:
            if self._pending:
                self._encode()
            self._encoder.close()
            self._file.flush()
            size = self._file.tell()
            self._spooled = SpooledFile(self._file, size, _digest(self._file, "sha256"), self._rows)
        return self._spooled

    def _encode(self) -> None:
        columns = list(self._columns())
        try:
            self._encoder.write(columns)
        except (TypeError, ValueError, OverflowError) as error:  # the message of an encoder may quote a value
            raise TypeError(f"rows cannot be encoded ({type(error).__name__})") from None
        self._rows += len(self._pending)
        self._pending = []

    def _columns(self) -> Iterator[Sequence[Any]]:
        try:
            columns = list(zip(*self._pending, strict=True))
        except ValueError:
            columns = []
        if len(columns) != len(self.schema):
            raise TypeError(f"each row must have {len(self.schema)} values, one for each column of the schema")
        for (name, kind), values in zip(self.schema.items(), columns, strict=True):
            if not all(_fits(found, kind) for found in set(map(type, values))):
                raise TypeError(f"column {name!r} must be {kind.__name__} or None")
            if kind is datetime and not set(map(_zone_of, filter(None, values))) <= {UTC}:
                raise TypeError(f"column {name!r} must be an instant in datetime.timezone.utc")
            yield values


def _digest(file: BufferedRandom, name: str) -> str:
    file.seek(0)
    return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()


def _fits(found: type, kind: type) -> bool:
    """Return whether a type fits a column: exactly, because a bool is not an int here; a ``StrEnum`` counts as text."""
    return found in (kind, type(None)) or (kind is str and issubclass(found, StrEnum))
