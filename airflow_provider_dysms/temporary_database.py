"""Opens a private SQLite database on the disk of this machine, for what would fill the memory.

Its file has no name once it is open, so a task that dies leaves no phone number behind. ``TMPDIR`` says in which folder
it is made.
"""

from __future__ import annotations

import sqlite3

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
