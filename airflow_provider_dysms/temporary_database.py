"""Opens a private SQLite database on the disk of this machine, for what would fill the memory.

Its file has no name once it is open, so a task that dies leaves no phone number behind. ``TMPDIR`` says in which folder
it is made.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Item = TypeVar("Item")

#: Memory of a database (KiB). Pages beyond it are on the disk.
CACHE = 8_192


class _TemporaryDatabase(sqlite3.Connection):
    def __del__(self) -> None:  # from Python 3.13 on, SQLite warns of a database that is collected open
        self.close()


def open_temporary_database(cache: int | None = None) -> sqlite3.Connection:
    """Return a new, empty database without transactions of its own; it ends when it is closed or collected.

    :param cache: its memory in KiB; default: :data:`CACHE`
    """
    # What it belongs to may be collected, and so close it, in another thread.
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False, factory=_TemporaryDatabase)
    for pragma in (f"cache_size = -{cache or CACHE}", "journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
        database.execute(f"PRAGMA {pragma}")
    return database


class Buckets(Generic[Item]):
    """Items on disk, each in a bucket with a number.

    Millions of items are matched with millions of others by putting both into buckets by their key, and looking at one
    bucket after the other: they are written and read many at once, while an index would be read at a million places.

    :param kind: type of an item, for the decoder
    """

    def __init__(self, kind: Any) -> None:
        self._database = open_temporary_database(CACHE // 8)  # it is read once, from the start of a bucket to its end
        self._database.execute("CREATE TABLE chunks (bucket INTEGER, content BLOB)")
        self._database.execute("CREATE INDEX by_bucket ON chunks (bucket)")
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: Any = msgspec.msgpack.Decoder(list.__class_getitem__(kind)).decode

    def write(self, chunks: Mapping[int, Sequence[Any]]) -> None:
        """Add items to some buckets; together a few thousand or more, because each bucket is a write of its own.

        :param chunks: number of a bucket -> the items that are added to it
        """
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO chunks VALUES (?, ?)", ((bucket, self._encode(items)) for bucket, items in chunks.items())
        )
        self._database.execute("COMMIT")

    def read(self, bucket: int) -> Iterator[Item]:
        """Yield the items of a bucket, in the order in which they were added."""
        chunks = self._database.execute("SELECT content FROM chunks WHERE bucket = ? ORDER BY rowid", (bucket,))
        for (content,) in chunks:
            yield from self._decode(content)

    def close(self) -> None:
        """Remove them from the disk."""
        self._database.close()
