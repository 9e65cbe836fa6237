"""Keeps bytes by number beside the memory, whatever their amount: in a nameless local file.

It is a private database of SQLite's, whose file has no name once it is open and goes with the process. ``TMPDIR`` says
where it lies.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

#: SQLite's own memory (KiB); the rest is on the disk.
CACHE = 8_192


class DiskIndex:
    """Bytes by number: all are put there first, and looked up then."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in (f"cache_size = -{CACHE}", "journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE shelf (key INTEGER, content BLOB)")
        self._is_empty = True
        self._is_sorted = False

    def __enter__(self) -> DiskIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._database.close()

    def put(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Take what belongs to numbers from -2**63 to 2**63 - 1; a number may come more than once."""
        self._database.execute("BEGIN")
        put = self._database.executemany("INSERT INTO shelf VALUES (?, ?)", entries)
        self._is_empty = self._is_empty and put.rowcount < 1
        self._database.execute("COMMIT")

    def get(self, key: int) -> list[bytes]:
        """Return everything that was put under a number, in that order."""
        if self._is_empty:
            return []
        if not self._is_sorted:
            self._database.execute("CREATE INDEX by_key ON shelf (key)")
            self._is_sorted = True
        found = self._database.execute("SELECT content FROM shelf WHERE key = ? ORDER BY rowid", (key,))
        return [content for (content,) in found]
