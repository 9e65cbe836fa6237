"""The lines of a send log, a million of them in 20 to 40 bytes each.

As objects they would need twenty times as much for as long as the audit takes. So they are packed, some at a time, and
a line is an object only while it is looked at.
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

#: Lines that are compressed together: more would be smaller still, and take longer to find one line in.
_TOGETHER = 32

#: Lines of one number often stand apart, in two or three places of the log that are walked through side by side.
_UNPACKED = 8

# Lines are much alike; what the higher levels find besides is not worth their time.
_LEVEL = 1

#: In the place of a number's digits, where they are what is written.
_AS_WRITTEN = ""

#: The key of a line that belongs to no other.
ALONE = 0

#: Digits of a number are a key as they stand. From here on a key is a hash, of a message id, and equal ones may differ.
HASHED = 1 << 62


class Line(PrivateStruct, frozen=True, gc=False):
    """One line of a send log.

    :param file: the file it stands in, for people
    :param number: its line within the file, from 1
    :param phone: the number, normalised
    :param raw_number: the number as it is written
    :param sent_at: when it was sent, in UTC
    :param carried: the carried columns, as text
    :param rejection: why it cannot be asked: a reason code and a clause, or ``None``
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
        """Where it stands, for people: ``file:line``."""
        return f"{self.file}:{self.number}"


class Lines(Sequence[Line]):
    """Lines, packed; each access makes a new object of one. One after the other is the fast way to look at them.

    :param keys: for each line a number that lines of one number, or of one message id, have in common
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.keys = array("q")
        self._blocks: list[bytes] = []
        self._unpacked: dict[int, bytes] = {}
        self._last = bytearray()  # of the last block, which is not full and not compressed yet
        self._ends = array("q")  # of each line, as if nothing were compressed
        self._rejected = array("q")
        self._files: dict[str, int] = {}
        self._names: list[str] = []
        for line in lines:
            self.append(line)

    def append(self, line: Line) -> None:
        """Put a line behind the others."""
        file = self._files.get(line.file)
        if file is None:
            file = self._files[line.file] = len(self._names)
            self._names.append(line.file)
        digits = country = None
        if line.phone is not None:
            digits = _AS_WRITTEN if line.phone.digits == line.raw_number else line.phone.digits
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
        if len(self._ends) % _TOGETHER == 0:
            self._blocks.append(zlib.compress(self._last, _LEVEL))
            self._last = bytearray()

    @property
    def rejected(self) -> Sequence[Line]:
        """The lines that cannot be asked."""
        return _Some(self, self._rejected)

    def pieces(self) -> Iterator[bytes | bytearray]:
        """Yield bytes that are the same for the same lines, and for no others."""
        yield _encode((self._names, len(self)))
        yield from map(self._block, range(len(self._blocks) + 1))

    def __iter__(self) -> Iterator[Line]:
        for block in range(len(self._blocks) + 1):
            count = min(_TOGETHER, len(self) - block * _TOGETHER)
            as_many = _encode([None] * count)  # whose beginning is that of every list of this length
            yield from map(self._line, _decode_all(as_many[: len(as_many) - count] + self._block(block)))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> Line: ...

    @overload
    def __getitem__(self, place: slice) -> list[Line]: ...

    def __getitem__(self, place: int | slice) -> Line | list[Line]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        block = place // _TOGETHER
        first, start = (self._ends[at - 1] if at else 0 for at in (block * _TOGETHER, place))
        return self._line(_decode(self._block(block)[start - first : self._ends[place] - first]))

    def _block(self, block: int) -> bytes | bytearray:
        if block == len(self._blocks):
            return self._last
        if block not in self._unpacked:
            if len(self._unpacked) == _UNPACKED:
                del self._unpacked[next(iter(self._unpacked))]
            self._unpacked[block] = zlib.decompress(self._blocks[block])
        return self._unpacked[block]

    def _line(self, packed: _Packed) -> Line:
        file, number, raw, digits, country, message_id, biz_id, out_id, sent_at, carried, rejection = packed
        phone = None
        if digits is not None and country is not None:
            phone = PhoneNumber(raw if digits == _AS_WRITTEN and raw else digits, country)
        return Line(self._names[file], number, phone, raw, message_id, biz_id, out_id, sent_at, carried, rejection)


def _key(line: Line) -> int:
    if line.rejection is not None:
        return ALONE
    if line.message_id is not None:
        return hash(line.message_id) % HASHED + HASHED
    return int(line.phone.digits) if line.phone else ALONE


class _Some(Sequence[Line]):
    """Lines at some places of others."""

    def __init__(self, lines: Lines, places: Sequence[int]) -> None:
        self._lines = lines
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Line: ...

    @overload
    def __getitem__(self, place: slice) -> list[Line]: ...

    def __getitem__(self, place: int | slice) -> Line | list[Line]:
        if isinstance(place, slice):
            return [self._lines[each] for each in self._places[place]]
        return self._lines[self._places[place]]
