"""Keeps values by number on the disk instead of in memory, in a private database that ends with the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.temporary_database import open_temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


class DiskIndex:
    """Values (bytes) by number. All values must be put before the first look-up."""

    def __init__(self) -> None:
        self._database = open_temporary_database()
        self._database.execute("CREATE TABLE entries (key INTEGER, content BLOB)")
        self._is_empty = True
        self._is_sorted = False

    def __enter__(self) -> DiskIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._database.close()

    def put(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Add values.

        :param entries: number and value; a number from -2**63 to 2**63 - 1, which may have several values
        """
        self._database.execute("BEGIN")
        inserted = self._database.executemany("INSERT INTO entries VALUES (?, ?)", entries)
        self._is_empty = self._is_empty and inserted.rowcount < 1
        self._database.execute("COMMIT")

    def get(self, key: int) -> list[bytes]:
        """Return the values of a number, in the order in which they were put."""
        if self._is_empty:
            return []
        if not self._is_sorted:
            self._database.execute("CREATE INDEX by_key ON entries (key)")
            self._is_sorted = True
        found = self._database.execute("SELECT content FROM entries WHERE key = ? ORDER BY rowid", (key,))
        return [content for (content,) in found]
