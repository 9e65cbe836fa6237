"""Opens a private SQLite database, or buckets of items, on the disk of this machine, for what would fill the memory.

Its file has no name once it is open, so a task that dies leaves no phone number behind. ``TMPDIR`` says in which folder
it is made.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import tempfile
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Item = TypeVar("Item")

#: The beginning of a chunk of a bucket: the place of the chunk before it, and its length.
_CHUNK, _NO_CHUNK = struct.Struct("<qq"), -1

#: Bytes that all buckets keep in memory until they are written as one chunk each.
MAX_PENDING = 4 * 1024**2

#: Memory of a database (KiB). Pages beyond it are on the disk.
CACHE = 8_192


class _TemporaryDatabase(sqlite3.Connection):
    def __del__(self) -> None:  # from Python 3.13 on, SQLite warns of a database that is collected open
        self.close()


def open_temporary_database() -> sqlite3.Connection:
    """Return a new, empty database without transactions of its own; it ends when it is closed or collected."""
    # What it belongs to may be collected, and so close it, in another thread.
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False, factory=_TemporaryDatabase)
    for pragma in (f"cache_size = -{CACHE}", "journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
        database.execute(f"PRAGMA {pragma}")
    return database


class Buckets(Generic[Item]):
    """Items on disk, each in a bucket with a number, in a file without a name.

    Millions of items are matched with millions of others by putting both into buckets by their key, and looking at one
    bucket after the other: they are written and read many at once, while an index would be read at a million places.

    :param kind: type of an item, for the decoder
    """

    def __init__(self, kind: Any) -> None:
        self._file = tempfile.TemporaryFile(prefix="dysms-")  # noqa: SIM115 - closed in close
        self._size = 0
        #: Place of the last chunk of each bucket. A chunk has the place of the one before it.
        self._last: dict[int, int] = {}
        #: Number of a bucket -> the bytes of each list of items that is not written yet.
        self._pending: defaultdict[int, list[bytes]] = defaultdict(list)
        self._pending_bytes = 0
        self._encode = msgspec.msgpack.Encoder().encode
        lists = list.__class_getitem__(list.__class_getitem__(kind))
        self._decode: Any = msgspec.msgpack.Decoder(lists).decode

    def write(self, chunks: Mapping[int, Sequence[Any]]) -> None:
        """Add items to some buckets.

        :param chunks: number of a bucket -> the items that are added to it
        """
        for bucket, items in chunks.items():
            content = self._encode(items)
            self._pending[bucket].append(content)
            self._pending_bytes += len(content)
        if self._pending_bytes > MAX_PENDING:
            self._flush()

    def read(self, bucket: int) -> Iterator[Item]:
        """Yield the items of a bucket, in the order in which they were added."""
        self._flush()
        file, place = self._file.fileno(), self._last.get(bucket, _NO_CHUNK)
        chunks = []
        while place != _NO_CHUNK:
            before, length = _CHUNK.unpack(os.pread(file, _CHUNK.size, place))
            chunks.append((place + _CHUNK.size, length))
            place = before
        for place, length in reversed(chunks):
            for items in self._decode(os.pread(file, length, place)):
                yield from items

    def _flush(self) -> None:
        for bucket, contents in self._pending.items():
            head = b"\xdd" + len(contents).to_bytes(4, "big")  # a list in msgpack, with its length
            chunk = b"".join((head, *contents))
            self._file.write(_CHUNK.pack(self._last.get(bucket, _NO_CHUNK), len(chunk)))
            self._file.write(chunk)
            self._last[bucket] = self._size
            self._size += _CHUNK.size + len(chunk)
        self._pending.clear()
        self._pending_bytes = 0
        self._file.flush()

    def close(self) -> None:
        """Remove them from the disk."""
        with suppress(OSError):  # of what a full disk did not take, which has been told
            self._file.close()

    def __del__(self) -> None:  # Python warns of a file that is collected open
        self.close()
