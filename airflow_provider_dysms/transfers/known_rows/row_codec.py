"""Converts verdicts to rows and back, and packs rows with their hidden counts for a later attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.results import HiddenCounts
from airflow_provider_dysms.audit.verdict import from_row, output_columns, to_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_dysms.audit.verdict import Verdict

Row = tuple[Any, ...]


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
