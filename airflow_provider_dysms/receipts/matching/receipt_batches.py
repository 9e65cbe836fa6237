"""Puts receipts on disk into the order of the groups of lines that look them up.

An index on disk is read at another place for each look-up. Here receipts and look-ups are compared bucket by bucket,
and what was found is written once more, batch by batch, so that everything is read in large pieces.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.receipts.matching.merge import PartReceipts
from airflow_provider_dysms.temporary_database import Buckets

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Buckets of receipts: the keys of one are compared in memory.
BUCKETS = 64

#: Keys that are looked up in one batch, and entries that are read until those that are wanted are written.
MAX_KEYS, MAX_WRITTEN = 250, 20_000

#: Entries of one key, or of one batch, that are looked at in memory: more would be a message of which thousands of
#: versions were reported.
MAX_ENTRIES = 100_000

#: Key and position of an entry, and what it says.
Entry = tuple[int, int, PartReceipts]

#: The same, as bytes.
StoredEntry = tuple[int, int, msgspec.Raw]


class ReceiptBatches:
    """The receipts of each group of lines, in the order of the groups.

    :param receipts: the bucket of a key is its remainder by :data:`BUCKETS`
    :param keys_of_groups: what each group looks up
    """

    def __init__(self, receipts: Buckets[StoredEntry], keys_of_groups: Iterable[Iterable[int]]) -> None:
        self._first_groups = array("q", [0])  # of each batch, and then the number of all groups
        self._keys: Buckets[bytes] = Buckets(bytes)
        self._entries: Buckets[Entry] = Buckets(Entry)
        wanted: Buckets[tuple[int, list[int]]] = Buckets(tuple[int, list[int]])
        self._put_keys(wanted, keys_of_groups)
        self._put_entries(receipts, wanted)
        wanted.close()

    def of_group(self, number: int) -> tuple[range, dict[int, list[Entry]]]:
        """Return the receipts of a group and of its neighbours.

        :param number: of the group, from 0
        :returns: the numbers of the groups; and each key that they look up with its receipts, in the order in which
            they were added. It is empty if the receipts are too many for the memory
        """
        batch = bisect_right(self._first_groups, number) - 1
        return range(*self._first_groups[batch : batch + 2]), self._read(batch)

    def close(self) -> None:
        """Remove them from the disk."""
        self._keys.close()
        self._entries.close()

    def _put_keys(self, wanted: Buckets[tuple[int, list[int]]], keys_of_groups: Iterable[Iterable[int]]) -> None:
        keys: set[int] = set()
        count = 0
        for count, group in enumerate(keys_of_groups, 1):
            keys.update(group)
            if len(keys) >= MAX_KEYS:
                self._put_batch(wanted, keys)
                self._first_groups.append(count)
        self._put_batch(wanted, keys)
        self._first_groups.append(count)

    def _put_batch(self, wanted: Buckets[tuple[int, list[int]]], keys: set[int]) -> None:
        batch = len(self._first_groups) - 1
        chunks: defaultdict[int, list[int]] = defaultdict(list)
        for key in keys:
            chunks[key % BUCKETS].append(key)
        self._keys.write({batch: [array("q", keys).tobytes()]})
        wanted.write({bucket: [(batch, chunk)] for bucket, chunk in chunks.items()})
        keys.clear()

    def _put_entries(self, receipts: Buckets[StoredEntry], wanted: Buckets[tuple[int, list[int]]]) -> None:
        chunks: defaultdict[int, list[StoredEntry]] = defaultdict(list)
        count = 0
        for bucket in range(BUCKETS):
            batches: dict[int, int] = {}
            further: defaultdict[int, list[int]] = defaultdict(list)
            for batch, keys in wanted.read(bucket):
                for key in keys:
                    if batches.setdefault(key, batch) != batch:
                        further[key].append(batch)
            # An entry keeps the bytes of its neighbours in memory, so those that are not wanted count as well.
            for entry in receipts.read(bucket):
                count += 1
                if (first := batches.get(entry[0])) is not None:
                    chunks[first].append(entry)
                    for batch in further.get(entry[0], ()):
                        chunks[batch].append(entry)
                if count % MAX_WRITTEN == 0:
                    self._entries.write(chunks)
                    chunks.clear()
        self._entries.write(chunks)

    def _read(self, batch: int) -> dict[int, list[Entry]]:
        found: dict[int, list[Entry]] = {}
        for keys in self._keys.read(batch):
            found.update({key: [] for key in array("q", keys)})
        for count, entry in enumerate(self._entries.read(batch), 1):
            if count > MAX_ENTRIES:
                return {}
            found[entry[0]].append(entry)
        return found
