"""Stores the lines of a send log on disk, so that memory does not grow with the log, and groups them.

A *group* is all lines of one number, all lines of one message id, or a single line that cannot be queried.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import overload

import msgspec

from airflow_provider_dysms.model.phone_numbers.number import PhoneNumber
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.temporary_database import open_temporary_database

_Packed = tuple[
    int,
    int,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    datetime | None,
    tuple[str | None, ...],
    tuple[str, str] | None,
]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode

#: Lines that are inserted at once, or fewer if they are large.
_LINES_PER_INSERT = 1_000
_BYTES_PER_INSERT = 4 * 1024**2

#: Stored instead of the digits of a number if the log has exactly these digits.
_SAME_AS_RAW = ""


class Line(PrivateStruct, frozen=True, gc=False):
    """One line of a send log.

    :param file: the name of its file, for messages
    :param number: its line number in the file, from 1
    :param phone: the phone number, normalised
    :param raw_number: the phone number as in the log
    :param sent_at: when the message was sent, in UTC
    :param carried: the cells of the carried columns, as text
    :param rejection: why it cannot be queried: a reason code and a clause; ``None`` if it can
    """

    file: str
    number: int
    phone: PhoneNumber | None = None
    raw_number: str | None = None
    message_id: str | None = None
    biz_id: str | None = None
    out_id: str | None = None
    sent_at: datetime | None = None
    carried: tuple[str | None, ...] = ()
    rejection: tuple[str, str] | None = None

    _repr_fields = ("where",)

    @property
    def where(self) -> str:
        """The place of the line, for messages: ``file:line``."""
        return f"{self.file}:{self.number}"


class Lines(Sequence[Line]):
    """A sequence of lines on disk. Each access makes a new object; iteration is much faster than access by index."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._database = open_temporary_database()
        self._database.execute("CREATE TABLE lines (position INTEGER PRIMARY KEY, group_key, content BLOB)")
        self._pending: list[tuple[int, int | str, bytes]] = []
        self._pending_bytes = 0
        self._count = 0
        self._rejected = array("q")
        self._files: dict[str, int] = {}
        self._names: list[str] = []
        for line in lines:
            self.append(line)

    def append(self, line: Line) -> None:
        """Append a line."""
        file = self._files.get(line.file)
        if file is None:
            file = self._files[line.file] = len(self._names)
            self._names.append(line.file)
        digits = country = None
        if line.phone is not None:
            digits = _SAME_AS_RAW if line.phone.digits == line.raw_number else line.phone.digits
            country = line.phone.country
        if line.rejection is not None:
            self._rejected.append(self._count)
        packed = (
            file,
            line.number,
            line.raw_number,
            digits,
            country,
            line.message_id,
            line.biz_id,
            line.out_id,
            line.sent_at,
            line.carried,
            line.rejection,
        )
        content = _encode(packed)
        self._pending.append((self._count, _group_key(line, self._count), content))
        self._pending_bytes += len(content)
        self._count += 1
        if len(self._pending) == _LINES_PER_INSERT or self._pending_bytes > _BYTES_PER_INSERT:
            self._insert()

    def groups(self) -> Iterator[list[Line]]:
        """Yield the lines of each group, in the order in which their first lines appear."""
        self._insert()
        grouped = self._database.execute(
            "SELECT MIN(position) OVER (PARTITION BY group_key) AS first, content FROM lines ORDER BY first, position"
        )
        for _, rows in groupby(grouped, itemgetter(0)):
            yield [self._line(content) for _, content in rows]

    @property
    def rejected(self) -> Sequence[Line]:
        """The lines that cannot be queried."""
        return _Selection(self, self._rejected)

    def pieces(self) -> Iterator[bytes]:
        """Yield bytes that are equal for equal lines and differ for different lines, for a digest."""
        yield _encode((self._names, len(self)))
        yield from self._contents()

    def __iter__(self) -> Iterator[Line]:
        return map(self._line, self._contents())

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, position: int) -> Line: ...

    @overload
    def __getitem__(self, position: slice) -> list[Line]: ...

    def __getitem__(self, position: int | slice) -> Line | list[Line]:
        if isinstance(position, slice):
            return [self[index] for index in range(*position.indices(len(self)))]
        self._insert()
        found = self._database.execute("SELECT content FROM lines WHERE position = ?", (range(len(self))[position],))
        return self._line(*found.fetchone())

    def _contents(self) -> Iterator[bytes]:
        self._insert()
        return (content for (content,) in self._database.execute("SELECT content FROM lines ORDER BY position"))

    def _insert(self) -> None:
        if self._pending:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO lines VALUES (?, ?, ?)", self._pending)
            self._database.execute("COMMIT")
            self._pending.clear()
            self._pending_bytes = 0

    def _line(self, content: bytes) -> Line:
        file, number, raw, digits, country, message_id, biz_id, out_id, sent_at, carried, rejection = _decode(content)
        phone = None
        if digits is not None and country is not None:
            phone = PhoneNumber(raw if digits == _SAME_AS_RAW and raw else digits, country)
        return Line(self._names[file], number, phone, raw, message_id, biz_id, out_id, sent_at, carried, rejection)


def _group_key(line: Line, position: int) -> int | str:
    """Return what the lines of a group have in common: text for a message id, a number otherwise."""
    if line.rejection is not None:
        return -1 - position
    if line.message_id is not None:
        return line.message_id
    return int(line.phone.digits) if line.phone else -1 - position


class _Selection(Sequence[Line]):
    """The lines at some positions of other lines."""

    def __init__(self, lines: Lines, positions: Sequence[int]) -> None:
        self._lines = lines
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, position: int) -> Line: ...

    @overload
    def __getitem__(self, position: slice) -> list[Line]: ...

    def __getitem__(self, position: int | slice) -> Line | list[Line]:
        if isinstance(position, slice):
            return [self._lines[position] for position in self._positions[position]]
        return self._lines[self._positions[position]]
