"""Keeps millions of receipts on disk, and finds those of one message.

Receipts of one part are merged before they are written, so that a message that is reported ten million times needs a
few entries. :meth:`ReceiptIndex.arrange` puts them into the order of the look-ups that follow; others are made one by
one, in an index that is made when it is needed. Memory does not grow with the archive, but for one byte per entry.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.model.dates import EPOCH
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import one_line
from airflow_provider_dysms.receipts.matching.keys import (
    biz_key,
    digits_of,
    identity_of,
    key_of,
    message_key,
    out_key,
)
from airflow_provider_dysms.receipts.matching.merge import Message, PartReceipts, merged, message_of
from airflow_provider_dysms.receipts.matching.receipt_batches import BUCKETS, MAX_ENTRIES, ReceiptBatches
from airflow_provider_dysms.temporary_database import Buckets, open_temporary_database

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence
    from types import TracebackType

    from airflow_provider_dysms.receipts.matching.keys import Identity
    from airflow_provider_dysms.receipts.matching.receipt_batches import Entry, StoredEntry
    from airflow_provider_dysms.receipts.receipt import Receipt

#: Different entries that are merged in memory before they are written.
MAX_MERGED = 1_000

_decode = msgspec.msgpack.Decoder(PartReceipts).decode


class ReceiptIndex:
    """Receipts by message id, (number, BizId) and (number, OutId). All must be added before the first look-up."""

    def __init__(self) -> None:
        self._receipts: Buckets[StoredEntry] = Buckets(tuple[int, int, msgspec.Raw])
        self._database = open_temporary_database()
        self._count = 0
        self._indexed: set[str] = set()
        self._used = bytearray()
        self._batches: ReceiptBatches | None = None
        #: Whether there are receipts that only an OutId finds.
        self.has_out_keys = False
        self._open_groups = range(0)
        self._found: dict[int, list[Entry]] = {}

    def __enter__(self) -> ReceiptIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._database.close()
        self._receipts.close()
        if self._batches is not None:
            self._batches.close()

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Add receipts, in any order."""
        batch: dict[tuple[Hashable, ...], PartReceipts] = {}
        for receipt in receipts:
            place: tuple[Hashable, ...] = key_of(receipt), receipt.part
            if receipt.biz_id is None and receipt.message_id is None:
                self.has_out_keys = True
                place = *place, receipt.sent_at  # another time is another message
            parts = PartReceipts(receipt)
            if (known := batch.setdefault(place, parts)) is not parts:
                batch[place] = merged(known, parts)
            elif len(batch) == MAX_MERGED:
                self._insert(batch)
        self._insert(batch)

    def arrange(self, keys_of_groups: Iterable[Iterable[int]]) -> None:
        """Put the receipts into the order in which groups of messages look them up; look-ups in another order are slow.

        :param keys_of_groups: the keys of the messages of each group
        """
        if self._batches is not None:
            self._batches.close()
        self._open_groups, self._found = range(0), {}
        self._batches = ReceiptBatches(self._receipts, keys_of_groups)

    def open_group(self, number: int) -> None:
        """Read the receipts of a group and of its neighbours, for the look-ups that follow.

        :param number: of the group, from 0, as they were arranged
        """
        if number not in self._open_groups:
            assert self._batches is not None
            self._open_groups, self._found = self._batches.of_group(number)

    def by_message_id(self, vendor: str, message_id: str) -> Message | None:
        """Return what the receipts of a message id say, and mark them as used; ``None`` if there are none."""
        entries = self._entries(message_key(vendor, message_id))
        return self._message([each for each in entries if each[2].best.message_id == message_id])

    def by_biz_id(self, digits: str, biz_id: str) -> Message | None:
        """Return what the receipts of a number and a BizId say, and mark them as used; ``None`` if there are none."""
        return self._message(self._entries_of_biz_id(digits, biz_id))

    def by_out_id(self, digits: str, out_id: str, *, without_biz_id: bool = False) -> list[tuple[Message, list[Entry]]]:
        """Return the messages of a number and an OutId, the earliest first, with the receipts of each, for :meth:`use`.

        A message whose BizId another line has used already is left out.

        :param without_biz_id: whether only receipts without a BizId count
        """
        if without_biz_id and not self.has_out_keys:
            return []
        found: dict[Identity, list[Entry]] = {}
        by_out_id = self._entries if without_biz_id else self._entries_of_out_id
        for entry in by_out_id(out_key(digits, out_id)):
            _, position, parts = entry
            if parts.best.out_id == out_id and _is_of(parts.best, digits) and not self._used[position]:
                found.setdefault(identity_of(parts.best), []).append(entry)
        messages = []
        for some in found.values():
            biz_id = some[0][2].best.biz_id
            entries = self._entries_of_biz_id(digits, biz_id) if biz_id else some
            message = message_of([parts for _, _, parts in entries])
            if message.deciding.out_id == out_id:  # receipts of one BizId may contradict each other in this too
                messages.append((message, entries))
        return sorted(messages, key=lambda found: (found[0].deciding.sent_at or EPOCH, found[0].deciding.biz_id or ""))

    def use(self, entries: Iterable[Entry]) -> None:
        """Mark receipts as used: their message has a line."""
        for _, position, _ in entries:
            self._used[position] = 1

    def unused(self) -> Iterator[list[PartReceipts]]:
        """Yield the receipts of each message that no look-up has used."""
        used = self._used
        if 0 not in used:
            return
        for bucket in range(BUCKETS):
            counts = Counter(key for key, position, _ in self._receipts.read(bucket) if not used[position])
            several: defaultdict[Identity, list[PartReceipts]] = defaultdict(list)
            for key, position, content in self._receipts.read(bucket):
                if used[position]:
                    continue
                parts = _decode(content)
                if counts[key] == 1:  # nearly always
                    yield [parts]
                elif counts[key] > MAX_ENTRIES:
                    raise _too_many(parts.best)
                else:
                    several[identity_of(parts.best)].append(parts)
            yield from several.values()

    def _message(self, entries: Sequence[Entry]) -> Message | None:
        if not entries:
            return None
        if len(entries) == 1:  # nearly always
            _, position, parts = entries[0]
            self._used[position] = 1
            return message_of((parts,))
        self.use(entries)
        return message_of([entry[2] for entry in entries])

    def _entries_of_biz_id(self, digits: str, biz_id: str) -> list[Entry]:
        entries = self._entries(biz_key(digits, biz_id))
        for _, _, parts in entries:
            best = parts.best
            if best.biz_id != biz_id or (best.phone_number != digits and not _is_of(best, digits)):  # keys may be equal
                return [each for each in entries if each[2].best.biz_id == biz_id and _is_of(each[2].best, digits)]
        return entries

    def _entries(self, key: int) -> list[Entry]:
        """Return the receipts of a message's own key, in the order in which they were added."""
        if (found := self._found.get(key)) is not None:
            return found
        if not self._count:
            return []
        self._store()
        return self._read("SELECT position, content FROM receipts WHERE key = ? LIMIT ?", key)

    def _entries_of_out_id(self, key: int) -> list[Entry]:
        """Return the receipts of a number and an OutId, also those that have a BizId."""
        if not self._count:
            return []
        self._store()
        if "out_ids" not in self._indexed:
            self._database.execute("CREATE TABLE out_ids (key INTEGER, row INTEGER)")
            stored = self._database.execute("SELECT rowid, content FROM receipts")
            keys = ((_out_key(_decode(content).best), row) for row, content in stored)
            self._database.executemany("INSERT INTO out_ids VALUES (?, ?)", (each for each in keys if each[0]))
            self._index_once("out_ids")
        return self._read(
            "SELECT position, content FROM out_ids JOIN receipts ON receipts.rowid = row WHERE out_ids.key = ? LIMIT ?",
            key,
        )

    def _store(self) -> None:
        """Make the table in which receipts are found one by one."""
        if "receipts" not in self._indexed:
            self._database.execute("CREATE TABLE receipts (position INTEGER, key INTEGER, content BLOB)")
            for bucket in range(BUCKETS):
                entries = ((position, key, bytes(content)) for key, position, content in self._receipts.read(bucket))
                self._database.execute("BEGIN")
                self._database.executemany("INSERT INTO receipts VALUES (?, ?, ?)", entries)
                self._database.execute("COMMIT")
            self._index_once("receipts")

    def _index_once(self, table: str) -> None:
        if table not in self._indexed:
            self._database.execute(f"CREATE INDEX by_key_of_{table} ON {table} (key)")
            self._indexed.add(table)

    def _read(self, query: str, key: int) -> list[Entry]:
        found = self._database.execute(query, (key, MAX_ENTRIES + 1)).fetchall()
        if len(found) > MAX_ENTRIES:
            raise _too_many(_decode(found[0][1]).best)
        return [(key, position, _decode(content)) for position, content in found]

    def _insert(self, batch: dict[tuple[Any, ...], PartReceipts]) -> None:
        chunks: defaultdict[int, list[tuple[int, int, PartReceipts]]] = defaultdict(list)
        for position, ((key, *_), parts) in enumerate(batch.items(), self._count):
            chunks[key % BUCKETS].append((key, position, parts))
        self._receipts.write(chunks)
        self._count += len(batch)
        self._used.extend(bytes(len(batch)))
        batch.clear()


def _is_of(receipt: Receipt, digits: str) -> bool:
    return receipt.phone_number == digits or digits_of(receipt.phone_number or "") == digits


def _out_key(receipt: Receipt) -> int | None:
    if receipt.message_id is not None or receipt.out_id is None:
        return None
    return out_key(digits_of(receipt.phone_number or ""), receipt.out_id)


def _too_many(receipt: Receipt) -> DysmsInputError:
    # An OutId is the sender's own, and may hold a number.
    own_id = receipt.message_id or receipt.biz_id
    where = f"the id {one_line(own_id)}" if own_id else "one OutId"
    return DysmsInputError(
        "receipts_uri",
        f"has more than {MAX_ENTRIES:,} different receipts under {where}; check who can push to the receiver, and "
        "remove them from the archive",
    )
