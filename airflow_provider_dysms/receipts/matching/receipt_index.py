"""Keeps millions of receipts on disk, and finds those of one message.

Receipts of one part are merged before they are written, so that a message that is reported ten million times needs a
few entries. Memory does not grow with the archive, but for one bit per entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.receipts.matching.keys import biz_key, digits_of, key_of, message_key, out_key
from airflow_provider_dysms.receipts.matching.merge import Message, PartReceipts, merged, message_of
from airflow_provider_dysms.temporary_database import open_temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from airflow_provider_dysms.receipts.receipt import Receipt

#: Receipts that are merged in memory before they are written.
BATCH = 20_000

#: Entries of one key that are looked at: more would be a message of which thousands of versions were reported.
MAX_ENTRIES = 100_000

#: Keys of one query: SQLite takes 32,766 unless it was built for more.
MAX_KEYS = 30_000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PartReceipts).decode


class ReceiptIndex:
    """Receipts by message id, (number, BizId) and (number, OutId). All must be added before the first look-up."""

    def __init__(self) -> None:
        self._database = open_temporary_database()
        self._database.execute("CREATE TABLE receipts (position INTEGER PRIMARY KEY, key INTEGER, content BLOB)")
        self._is_empty = True
        self._indexed: set[str] = set()
        self._used = bytearray()
        self._fetched: dict[int, list[tuple[int, bytes]]] = {}

    def __enter__(self) -> ReceiptIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._database.close()

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Add receipts, in any order."""
        batch: dict[tuple[int, int], PartReceipts] = {}
        for count, receipt in enumerate(receipts, 1):
            place = key_of(receipt), receipt.part
            known = batch.get(place)
            batch[place] = PartReceipts(receipt) if known is None else merged(known, PartReceipts(receipt))
            if count % BATCH == 0:
                self._insert(batch)
        self._insert(batch)

    def fetch(self, keys: Iterable[int]) -> None:
        """Read the receipts of many messages at once, for the look-ups that follow: that takes half the time.

        :param keys: of these messages; more than :data:`MAX_KEYS` are looked up one by one
        """
        wanted = set(keys)
        self._fetched = {}
        if self._is_empty or not wanted or len(wanted) > MAX_KEYS:
            return
        self._fetched = {key: [] for key in wanted}
        self._index_once("receipts")
        marks = ",".join("?" * len(self._fetched))
        query = f"SELECT key, position, content FROM receipts WHERE key IN ({marks})"  # noqa: S608 - marks alone
        for count, (key, position, content) in enumerate(self._database.execute(query, [*self._fetched])):
            self._fetched[key].append((position, content))
            if count > MAX_ENTRIES:  # the look-ups read on their own, and say which bound is exceeded
                self._fetched.clear()
                return

    def by_message_id(self, vendor: str, message_id: str) -> Message | None:
        """Return what the receipts of a message id say, and mark them as used; ``None`` if there are none."""
        entries = self._entries(message_key(vendor, message_id))
        return self._message([each for each in entries if each[1].best.message_id == message_id])

    def by_biz_id(self, digits: str, biz_id: str) -> Message | None:
        """Return what the receipts of a number and a BizId say, and mark them as used; ``None`` if there are none."""
        return self._message(self._entries_of_biz_id(digits, biz_id))

    def by_out_id(self, digits: str, out_id: str, *, without_biz_id: bool = False) -> list[Message]:
        """Return the messages of a number and an OutId, the earliest first, and mark their receipts as used.

        A message whose BizId another line has used already is left out.

        :param without_biz_id: whether only receipts without a BizId count
        """
        found: dict[str, list[tuple[int, PartReceipts]]] = {}
        by_out_id = self._entries if without_biz_id else self._entries_of_out_id
        for position, parts in by_out_id(out_key(digits, out_id)):
            if parts.best.out_id == out_id and _is_of(parts.best, digits) and not self._is_used(position):
                found.setdefault(parts.best.biz_id or "", []).append((position, parts))
        messages = []
        for biz_id in sorted(found):
            entries = self._entries_of_biz_id(digits, biz_id) if biz_id else found[biz_id]
            message = message_of([parts for _, parts in entries])
            if message.deciding.out_id == out_id:  # receipts of one BizId may contradict each other in this too
                self._use(entries)
                messages.append(message)
        return sorted(messages, key=lambda message: str(message.deciding.sent_at or ""))

    def find(
        self, vendor: str, message_id: str | None, number: str | None, biz_id: str | None, out_id: str | None
    ) -> Message | None:
        """Return what the receipts of a message say that has no line.

        :param number: as a receipt has it
        """
        if message_id is not None:
            return self.by_message_id(vendor, message_id)
        digits = digits_of(number or "")
        if biz_id is not None:
            return self.by_biz_id(digits, biz_id)
        found = self.by_out_id(digits, out_id or "", without_biz_id=True)
        return found[0] if found else None

    def unused(self) -> Iterator[PartReceipts]:
        """Yield the receipts that no look-up has found."""
        for position, content in self._database.execute("SELECT position, content FROM receipts ORDER BY position"):
            if not self._is_used(position):
                yield _decode(content)

    def _message(self, entries: list[tuple[int, PartReceipts]]) -> Message | None:
        if not entries:
            return None
        self._use(entries)
        return message_of([parts for _, parts in entries])

    def _entries_of_biz_id(self, digits: str, biz_id: str) -> list[tuple[int, PartReceipts]]:
        return [
            (position, parts)
            for position, parts in self._entries(biz_key(digits, biz_id))
            if (best := parts.best).biz_id == biz_id and (best.phone_number == digits or _is_of(best, digits))
        ]

    def _entries(self, key: int) -> list[tuple[int, PartReceipts]]:
        """Return the receipts of a message's own key, in the order in which they were added."""
        if self._is_empty:
            return []
        if (fetched := self._fetched.get(key)) is not None:
            return [(position, _decode(content)) for position, content in fetched]
        self._index_once("receipts")
        return self._read("SELECT position, content FROM receipts WHERE key = ? LIMIT ?", key)

    def _entries_of_out_id(self, key: int) -> list[tuple[int, PartReceipts]]:
        """Return the receipts of a number and an OutId, also those that have a BizId."""
        if self._is_empty:
            return []
        if "out_ids" not in self._indexed:
            self._database.execute("CREATE TABLE out_ids (key INTEGER, receipt INTEGER)")
            stored = self._database.execute("SELECT position, content FROM receipts")
            keys = ((_out_key(_decode(content).best), position) for position, content in stored)
            self._database.executemany("INSERT INTO out_ids VALUES (?, ?)", (each for each in keys if each[0]))
            self._index_once("out_ids")
        return self._read(
            "SELECT position, content FROM out_ids JOIN receipts ON position = receipt WHERE out_ids.key = ? LIMIT ?",
            key,
        )

    def _index_once(self, table: str) -> None:
        if table not in self._indexed:
            self._database.execute(f"CREATE INDEX by_key_of_{table} ON {table} (key)")
            self._indexed.add(table)

    def _read(self, query: str, key: int) -> list[tuple[int, PartReceipts]]:
        found = self._database.execute(query, (key, MAX_ENTRIES + 1)).fetchall()
        if len(found) > MAX_ENTRIES:
            raise DysmsInputError(
                "receipts_uri", f"has more than {MAX_ENTRIES:,} different receipts under one id; check what writes it"
            )
        return [(position, _decode(content)) for position, content in found]

    def _insert(self, batch: dict[tuple[int, int], PartReceipts]) -> None:
        if not batch:
            return
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO receipts (key, content) VALUES (?, ?)",
            ((place[0], _encode(parts)) for place, parts in batch.items()),
        )
        self._database.execute("COMMIT")
        self._used.extend(bytes(len(batch) // 8 + 1))
        self._is_empty = False
        batch.clear()

    def _use(self, entries: Iterable[tuple[int, PartReceipts]]) -> None:
        for position, _ in entries:
            self._used[position >> 3] |= 1 << (position & 7)

    def _is_used(self, position: int) -> bool:
        return bool(self._used[position >> 3] & 1 << (position & 7))


def _is_of(receipt: Receipt, digits: str) -> bool:
    return digits_of(receipt.phone_number or "") == digits


def _out_key(receipt: Receipt) -> int | None:
    if receipt.message_id is not None or receipt.out_id is None:
        return None
    return out_key(digits_of(receipt.phone_number or ""), receipt.out_id)
