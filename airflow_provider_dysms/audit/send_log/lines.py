"""Stores the lines of a send log on disk, so that memory does not grow with the log, and groups them.

A *group* is all lines of one number, all lines of one message id, or a single line that cannot be queried.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, overload

import msgspec

from airflow_provider_dysms.model.phone_numbers.number import PhoneNumber
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.temporary_database import Buckets, open_temporary_database

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
_encoder = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(_Packed).decode
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

#: Lines that are stored as one chunk, or fewer if they are large.
_LINES_PER_CHUNK = 1_000
_BYTES_PER_CHUNK = 4 * 1024**2

#: Buckets in which the keys of groups are compared, each in memory, and keys that are written at once.
_KEY_BUCKETS, _KEYS_PER_WRITE = 64, 10_000

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


class LineKeys(PrivateStruct, frozen=True, array_like=True, gc=False):
    """The number and the ids of a line: the beginning of a stored line, which is read faster than the whole.

    :param digits: of the phone number, normalised
    """

    file: int
    number: int
    raw_number: str | None
    stored_digits: str | None
    country: str | None
    message_id: str | None
    biz_id: str | None
    out_id: str | None

    @property
    def digits(self) -> str | None:
        return _digits_of(self.stored_digits, self.raw_number)


class Lines(Sequence[Line]):
    """A sequence of lines on disk. Each access makes a new object; iteration is much faster than access by index."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._database = open_temporary_database()
        self._database.execute("CREATE TABLE chunks (first INTEGER PRIMARY KEY, content BLOB)")
        self._database.execute("CREATE TABLE repeated (first INTEGER, position INTEGER)")
        self._database.execute("CREATE TABLE followers (first INTEGER, position INTEGER, content BLOB)")
        self._pending = bytearray()
        self._stored = self._count = 0
        self._chunk: tuple[int, list[msgspec.Raw]] = (0, [])
        self._keys: Buckets[tuple[int | str, int]] = Buckets(tuple[int | str, int])
        self._pending_keys: defaultdict[int, list[tuple[int | str, int]]] = defaultdict(list)
        self._grouped = 0
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
        _encoder.encode_into(packed, self._pending, -1)
        if (key := _group_key(line)) is not None:
            self._pending_keys[hash(key) % _KEY_BUCKETS].append((key, self._count))
        self._count += 1
        if self._count - self._stored == _LINES_PER_CHUNK or len(self._pending) > _BYTES_PER_CHUNK:
            self._insert()
        if self._count % _KEYS_PER_WRITE == 0:
            self._write_keys()

    def groups(self) -> Iterator[list[Line]]:
        """Yield the lines of each group, in the order in which their first lines appear."""
        for group in self._groups(_Packed):
            yield [self._line(group[0])] if len(group) == 1 else [*map(self._line, group)]

    def keys_of_groups(self) -> Iterator[list[LineKeys]]:
        """Yield what the lines of each group are found by, in the order of :meth:`groups`."""
        return self._groups(LineKeys)

    def _groups(self, kind: Any) -> Iterator[list[Any]]:
        self._find_followers()
        decode = msgspec.msgpack.Decoder(kind).decode
        by_first = self._database.execute("SELECT first, content FROM followers ORDER BY first, position")
        followers = groupby(by_first, itemgetter(0))
        in_groups = self._database.execute("SELECT position FROM followers ORDER BY position")
        (skipped,), (first, others) = next(in_groups, (None,)), next(followers, (None, ()))
        for position, line in enumerate(self._contents(kind)):
            if position == skipped:
                (skipped,) = next(in_groups, (None,))
            elif position == first:
                yield [line, *[decode(content) for _, content in others]]
                first, others = next(followers, (None, ()))
            else:
                yield [line]

    @property
    def rejected(self) -> Sequence[Line]:
        """The lines that cannot be queried."""
        return _Selection(self, self._rejected)

    def pieces(self) -> Iterator[bytes]:
        """Yield bytes that are equal for equal lines and differ for different lines, for a digest."""
        yield _encoder.encode((self._names, len(self)))
        yield from self._contents(msgspec.Raw)

    def __iter__(self) -> Iterator[Line]:
        return map(self._line, self._contents(_Packed))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, position: int) -> Line: ...

    @overload
    def __getitem__(self, position: slice) -> list[Line]: ...

    def __getitem__(self, position: int | slice) -> Line | list[Line]:
        if isinstance(position, slice):
            return [self[index] for index in range(*position.indices(len(self)))]
        position = range(len(self))[position]
        first, contents = self._chunk
        if not first <= position < first + len(contents):
            self._insert()
            found = self._database.execute(
                "SELECT first, content FROM chunks WHERE first <= ? ORDER BY first DESC LIMIT 1", (position,)
            )
            first, content = found.fetchone()
            contents = _split(content)
            self._chunk = first, contents
        return self._line(_decode(contents[position - first]))

    def _contents(self, kind: Any) -> Iterator[Any]:
        self._insert()
        decode = msgspec.msgpack.Decoder(list.__class_getitem__(kind)).decode
        for (content,) in self._database.execute("SELECT content FROM chunks ORDER BY first"):
            yield from decode(content)

    def _find_followers(self) -> None:
        """Find the lines that are not the first of their group, and store them with the position of the first."""
        if self._grouped == self._count:
            return
        self._write_keys()
        self._database.execute("BEGIN")
        self._database.execute("DELETE FROM repeated")
        for bucket in range(_KEY_BUCKETS):
            first: dict[int | str, int] = {}
            places = ((first.setdefault(key, position), position) for key, position in self._keys.read(bucket))
            self._database.executemany(
                "INSERT INTO repeated VALUES (?, ?)", (place for place in places if place[0] != place[1])
            )
        self._database.execute("DELETE FROM followers")
        self._database.executemany("INSERT INTO followers VALUES (?, ?, ?)", self._followers())
        self._database.execute("COMMIT")
        self._grouped = self._count

    def _followers(self) -> Iterator[tuple[int, int, bytes]]:
        contents = enumerate(self._contents(msgspec.Raw))
        for first, follower in self._database.execute("SELECT first, position FROM repeated ORDER BY position"):
            content = next(content for position, content in contents if position == follower)
            yield first, follower, bytes(content)

    def _write_keys(self) -> None:
        self._keys.write(self._pending_keys)
        self._pending_keys.clear()

    def _insert(self) -> None:
        if count := self._count - self._stored:
            content = b"\xdd" + count.to_bytes(4, "big") + self._pending  # a list in msgpack, with its length
            self._database.execute("INSERT INTO chunks VALUES (?, ?)", (self._stored, content))
            self._stored = self._count
            self._pending.clear()

    def _line(self, packed: _Packed) -> Line:
        file, number, raw, digits, country, message_id, biz_id, out_id, sent_at, carried, rejection = packed
        phone = None
        if (digits := _digits_of(digits, raw)) is not None and country is not None:
            phone = PhoneNumber(digits, country)
        return Line(self._names[file], number, phone, raw, message_id, biz_id, out_id, sent_at, carried, rejection)


def _digits_of(stored: str | None, raw: str | None) -> str | None:
    return raw if stored == _SAME_AS_RAW and raw else stored


def _group_key(line: Line) -> int | str | None:
    """Return what the lines of a group have in common: text for a message id, a number otherwise; ``None`` for none."""
    if line.rejection is not None:
        return None
    if line.message_id is not None:
        return line.message_id
    return int(line.phone.digits) if line.phone else None


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
