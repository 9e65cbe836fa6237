"""Converts verdicts to rows and back, and packs rows and hidden counts for a later attempt or audit."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.results import HiddenCounts
from airflow_provider_dysms.audit.verdict import from_row, output_columns, to_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_dysms.audit.verdict import Verdict

Row = tuple[Any, ...]

_HIDDEN_COUNTS = msgspec.msgpack.Decoder(list[tuple[int, HiddenCounts]])


class RowCodec:
    """Converts verdicts to rows and back, under the privacy arguments of one audit.

    :param carry: names of the carried columns
    :param content: whether the text of the message is kept
    :param phone_hash: a number -> its hash; default: numbers are written in clear
    """

    def __init__(self, carry: Sequence[str], *, content: bool, phone_hash: Callable[[str], str] | None) -> None:
        self.columns = output_columns(carry, content=content, hashed=phone_hash is not None)
        self._content = content
        self._phone_hash = phone_hash
        row = tuple.__class_getitem__(tuple(kind | None for kind in self.columns.values()))
        self._packer = msgspec.msgpack.Encoder()
        self._unpacker: msgspec.msgpack.Decoder[tuple[HiddenCounts, list[Row]]] = msgspec.msgpack.Decoder(
            tuple.__class_getitem__((HiddenCounts, list.__class_getitem__(row)))
        )

    def display_number(self, phone_number: str) -> str:
        """Return a number as the rows have it."""
        return self._phone_hash(phone_number) if self._phone_hash else phone_number

    def rows(self, verdicts: Sequence[Verdict], *, from_rows: bool = False) -> list[Row]:
        """Return a row for each verdict.

        :param from_rows: whether the verdicts were read from rows, so that numbers are hashed already
        """
        phone_hash = None if from_rows else self._phone_hash
        return [to_row(verdict, content=self._content, phone_hash=phone_hash) for verdict in verdicts]

    def verdict(self, row: Row) -> Verdict:
        """Return the verdict that a row was made from."""
        return from_row(row, content=self._content)

    def pack(self, hidden_counts: HiddenCounts, rows: Sequence[Row]) -> bytes:
        """Return the result of a group as bytes."""
        return self._packer.encode((hidden_counts, rows))

    def unpack(self, packed: bytes) -> tuple[HiddenCounts, list[Verdict]]:
        """Return the result of a group from its bytes."""
        hidden_counts, rows = self._unpacker.decode(packed)
        return hidden_counts, [self.verdict(row) for row in rows]


class HiddenCountsPacker:
    """Collects the hidden counts of groups, and packs them as they come: a list of a million would be larger."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._packed = bytearray()
        self._count = 0

    def add(self, position: int, hidden_counts: HiddenCounts) -> None:
        """Add the hidden counts of a group.

        :param position: of its first row
        """
        self._encoder.encode_into((position, hidden_counts), self._packed, -1)
        self._count += 1

    def text(self) -> str:
        """Return all of them as one text for the manifest, where it may be long and nobody reads it."""
        same_length = self._encoder.encode([None] * self._count)  # begins like every list of this length
        packed = same_length[: len(same_length) - self._count] + self._packed
        return base64.b64encode(zlib.compress(packed, 9)).decode()


def unpack_hidden_counts(packed: str) -> dict[int, HiddenCounts]:
    """Return the hidden counts of groups by the position of their first row.

    :param packed: as :meth:`HiddenCountsPacker.text` returned it
    :raises ValueError, zlib.error: it is something else
    """
    return dict(_HIDDEN_COUNTS.decode(zlib.decompress(base64.b64decode(packed))))
