"""Stores the lines of a send log compressed in memory: a line takes 20 to 40 bytes, even in a log of a million lines.

As objects, they would need twenty times as much memory during the whole audit. So they are compressed in blocks, and a
line is an object only while it is used.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import overload

import msgspec

from airflow_provider_dysms.model.phone_numbers.number import PhoneNumber
from airflow_provider_dysms.model.private_struct import PrivateStruct

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
_decode_all = msgspec.msgpack.Decoder(list[_Packed]).decode

#: Lines per compressed block. Larger blocks would be smaller in total, but access to a single line would take longer.
_LINES_PER_BLOCK = 32

#: Decompressed blocks that are kept. The lines of one number are often in two or three distant parts of the log, and
#: these parts are read in parallel.
_MAX_CACHED_BLOCKS = 8

# Lines are very similar, so higher levels save little and take longer.
_COMPRESSION_LEVEL = 1

#: Stored instead of the digits of a number if the log has exactly these digits.
_SAME_AS_RAW = ""

#: The group key of a line that belongs to no other line.
UNGROUPED = 0

#: The lowest group key that is a hash of a message id; different ids may have the same hash. Lower keys are the digits
#: of a number.
MIN_HASH = 1 << 62


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
    """A compressed sequence of lines. Each access makes a new object; iteration is much faster than access by index.

    :param keys: the group key of each line: lines of one number, or of one message id, have equal keys
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.keys = array("q")
        self._blocks: list[bytes] = []
        self._cached: dict[int, bytes] = {}
        self._last = bytearray()  # the last block, which is not full and not compressed yet
        self._ends = array("q")  # the end of each line in the uncompressed bytes of all blocks
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
            self._rejected.append(len(self._ends))
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
        self.keys.append(_key(line))
        encoded = _encode(packed)
        self._last += encoded
        self._ends.append(len(encoded) + (self._ends[-1] if self._ends else 0))
        if len(self._ends) % _LINES_PER_BLOCK == 0:
            self._blocks.append(zlib.compress(self._last, _COMPRESSION_LEVEL))
            self._last = bytearray()

    @property
    def rejected(self) -> Sequence[Line]:
        """The lines that cannot be queried."""
        return _Selection(self, self._rejected)

    def pieces(self) -> Iterator[bytes | bytearray]:
        """Yield bytes that are equal for equal lines and differ for different lines, for a digest."""
        yield _encode((self._names, len(self)))
        yield from map(self._block, range(len(self._blocks) + 1))

    def __iter__(self) -> Iterator[Line]:
        for block in range(len(self._blocks) + 1):
            count = min(_LINES_PER_BLOCK, len(self) - block * _LINES_PER_BLOCK)
            nulls = _encode([None] * count)
            list_header = nulls[: len(nulls) - count]  # msgpack: the same for every list of this length
            yield from map(self._line, _decode_all(list_header + self._block(block)))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, position: int) -> Line: ...

    @overload
    def __getitem__(self, position: slice) -> list[Line]: ...

    def __getitem__(self, position: int | slice) -> Line | list[Line]:
        if isinstance(position, slice):
            return [self[index] for index in range(*position.indices(len(self)))]
        position = range(len(self))[position]
        block = position // _LINES_PER_BLOCK
        first, start = (self._ends[at - 1] if at else 0 for at in (block * _LINES_PER_BLOCK, position))
        return self._line(_decode(self._block(block)[start - first : self._ends[position] - first]))

    def _block(self, block: int) -> bytes | bytearray:
        if block == len(self._blocks):
            return self._last
        if block not in self._cached:
            if len(self._cached) == _MAX_CACHED_BLOCKS:
                del self._cached[next(iter(self._cached))]
            self._cached[block] = zlib.decompress(self._blocks[block])
        return self._cached[block]

    def _line(self, packed: _Packed) -> Line:
        file, number, raw, digits, country, message_id, biz_id, out_id, sent_at, carried, rejection = packed
        phone = None
        if digits is not None and country is not None:
            phone = PhoneNumber(raw if digits == _SAME_AS_RAW and raw else digits, country)
        return Line(self._names[file], number, phone, raw, message_id, biz_id, out_id, sent_at, carried, rejection)


def _key(line: Line) -> int:
    if line.rejection is not None:
        return UNGROUPED
    if line.message_id is not None:
        return hash(line.message_id) % MIN_HASH + MIN_HASH
    return int(line.phone.digits) if line.phone else UNGROUPED


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
