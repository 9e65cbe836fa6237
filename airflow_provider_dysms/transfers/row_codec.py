"""The rows of one audit: which columns they have, and how they are packed where they wait for a later try or audit."""

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
    """Makes rows of verdicts, and verdicts of rows, under the privacy switches of one audit.

    :param carry: names of the carried columns
    :param content: whether the text of the message is kept
    :param phone_hash: what a number is replaced by; default: it is written as it is
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

    def shown(self, phone_number: str) -> str:
        """Return a number as it stands in the rows."""
        return self._phone_hash(phone_number) if self._phone_hash else phone_number

    def of(self, verdicts: Sequence[Verdict], *, kept: bool = False) -> list[Row]:
        """Return a row for each verdict.

        :param kept: the verdicts come from rows themselves: a number in them stands as it is shown
        """
        phone_hash = None if kept else self._phone_hash
        return [to_row(verdict, content=self._content, phone_hash=phone_hash) for verdict in verdicts]

    def verdict(self, row: Row) -> Verdict:
        """Return the verdict that a row is of."""
        return from_row(row, content=self._content)

    def pack(self, unseen: HiddenCounts, rows: Sequence[Row]) -> bytes:
        """Return what is to be kept of a case."""
        return self._packer.encode((unseen, rows))

    def unpack(self, packed: bytes) -> tuple[HiddenCounts, list[Verdict]]:
        """Return what was kept of a case."""
        unseen, rows = self._unpacker.decode(packed)
        return unseen, [self.verdict(row) for row in rows]
