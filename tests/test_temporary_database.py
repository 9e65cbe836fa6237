"""A temporary database leaves no file with a name, needs little memory, and a full disk is told as one."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from airflow_provider_dysms.exceptions import airflow_errors
from airflow_provider_dysms.temporary_database import CACHE, Buckets, open_temporary_database


def test_its_file_has_no_name() -> None:
    before = _open_files()
    database = open_temporary_database()
    database.execute("CREATE TABLE filled (content BLOB)")
    for _ in range(32):
        database.execute("INSERT INTO filled VALUES (zeroblob(?))", (CACHE * 1024 // 8,))
    (file,) = _open_files() - before
    assert file.endswith(" (deleted)"), "it is on disk, without a name"
    database.close()
    assert _open_files() == before


def test_one_that_is_dropped_in_another_thread_is_closed() -> None:
    gc.collect()  # those of other tests
    before = _open_files()
    made = []
    thread = threading.Thread(target=lambda: made.append(open_temporary_database()))
    thread.start()
    thread.join()
    made[0].execute("CREATE TABLE filled (content BLOB)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.clear()
        gc.collect()
    assert _open_files() == before


def test_items_of_a_bucket_come_in_their_order_and_leave_no_file() -> None:
    before = _open_files()
    buckets: Buckets[tuple[str, int]] = Buckets(tuple[str, int])
    for round_ in range(3):
        buckets.write({bucket: [("a", round_), ("b", round_)] for bucket in range(2 + round_)})
    assert list(buckets.read(0)) == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert list(buckets.read(3)) == [("a", 2), ("b", 2)]
    assert list(buckets.read(4)) == []
    buckets.close()
    assert _open_files() == before


def _open_files() -> set[str]:
    return {str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}


FILL = """
import resource, signal
from airflow_provider_dysms.exceptions import airflow_errors
from airflow_provider_dysms.temporary_database import Buckets, open_temporary_database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
with airflow_errors():
"""
FILL_DATABASE = """
    database = open_temporary_database()
    database.execute("CREATE TABLE filled (content BLOB)")
    for _ in range(100):
        database.execute("INSERT INTO filled VALUES (zeroblob(1000000))")
"""
FILL_BUCKETS = """
    buckets = Buckets(bytes)
    for _ in range(100):
        buckets.write({0: [bytes(1000000)]})
"""


@pytest.mark.slow
@pytest.mark.parametrize("fill", [FILL_DATABASE, FILL_BUCKETS])
def test_a_disk_without_room_is_told_as_such(fill: str) -> None:
    ended = subprocess.run([sys.executable, "-c", FILL + fill], capture_output=True, text=True, check=False)
    assert "DysmsTaskError: The folder for temporary files" in ended.stderr
    assert "set TMPDIR" in ended.stderr
    assert "ignored" not in ended.stderr


def test_other_errors_of_a_database_stay() -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), airflow_errors():
        open_temporary_database().execute("SELECT * FROM missing")
