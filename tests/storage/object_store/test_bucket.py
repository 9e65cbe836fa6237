"""An earlier listing or read of a bucket is not believed, and an md5 spares a read only if the object has one part.

Every call ends in time, and what is read ahead fits how a file is read.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import tempfile
import threading
from contextlib import nullcontext

import pytest
from fsspec.spec import AbstractBufferedFile

from airflow_provider_dysms.storage.object_store import timeouts
from airflow_provider_dysms.storage.object_store.bucket import open_object


def test_an_md5_spares_reading_what_was_put_in_one_piece_and_nothing_else(light_bucket, monkeypatch):
    sha256, md5 = hashlib.sha256(b"abc").hexdigest(), hashlib.md5(b"abc").hexdigest
    light_bucket.store.write("a/b", b"abc")
    opened: list[str] = []
    files = type(light_bucket.root.fs)
    really = files.open
    monkeypatch.setattr(files, "open", lambda self, *at, **how: (opened.append("b"), really(self, *at, **how))[1])
    assert light_bucket.store.matches("a/b", 3, "not looked at", md5)
    assert light_bucket.store.matches("a/b", 3, sha256, None)
    monkeypatch.setattr(files, "whole", False)
    assert light_bucket.store.matches("a/b", 3, sha256, md5)
    assert not light_bucket.store.matches("a/b", 3, "0" * 64, md5)
    assert len(opened) == 3


class FileExpired(OSError):
    """As s3fs raises it; it has the number of a 503, too."""


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (FileExpired(errno.EBUSY, "changed"), False),
        (OSError(errno.EBUSY, "changed"), True),
        (KeyError("changed"), True),
    ],
)
def test_an_object_that_changes_while_it_is_read_is_not_held_and_other_errors_are_told(
    light_bucket, monkeypatch, error, raised
):
    light_bucket.store.write("a/b", b"abc")

    def busy(*at, **how):
        raise error

    monkeypatch.setattr(type(light_bucket.root.fs), "open", busy)
    if raised:
        with pytest.raises(type(error)):
            light_bucket.store.matches("a/b", 3, "0" * 64)
    else:
        assert not light_bucket.store.matches("a/b", 3, "0" * 64)


def test_keys_are_those_below_the_folder_alone(light_bucket, monkeypatch):
    for key in ("a/c", "a/b", "ab/x", "a/d/e"):
        light_bucket.store.write(key, b"")
    assert light_bucket.store.keys("a") == ["a/b", "a/c", "a/d/e"]
    files = type(light_bucket.root.fs)
    found = files.find
    monkeypatch.setattr(files, "find", lambda self, path: [*found(self, path), f"{path}/", path, f"{path}b/x"])
    assert light_bucket.store.keys("a") == ["a/b", "a/c", "a/d/e"]


def test_what_was_listed_before_is_not_believed(light_bucket, monkeypatch):
    forgotten: list[int] = []
    monkeypatch.setattr(type(light_bucket.root.fs), "invalidate_cache", lambda self, path=None: forgotten.append(1))
    light_bucket.store.keys("a")
    light_bucket.store.matches("a", 1, "")
    assert len(forgotten) == 2


def test_what_was_listed_before_is_not_believed_where_data_are_fetched(light_bucket, monkeypatch):
    forgotten: list[int] = []
    monkeypatch.setattr(type(light_bucket.root.fs), "invalidate_cache", lambda self, path=None: forgotten.append(1))
    with tempfile.TemporaryFile() as file:
        assert not light_bucket.store.fetch("a", file)
    assert forgotten == [1]


def test_a_probe_of_a_bucket_writes_an_empty_object(light_bucket, monkeypatch):
    written: list[tuple[str, bytes]] = []
    monkeypatch.setattr(type(light_bucket.root.fs), "pipe_file", lambda self, *what: written.append(what))
    light_bucket.store.probe("a")
    assert written == [(f"{light_bucket.root.path}/a/.probe", b"")]


def upload(store):
    with tempfile.TemporaryFile() as file:
        file.write(b"abc")
        store.upload("a/b", file)


def fetch(store):
    with tempfile.TemporaryFile() as file:
        store.fetch("a/b", file)


@pytest.fixture
def never(monkeypatch):
    """A call that a store does not answer, and limits of time that differ: 0.05 s, 0.07 s a listing, 100 B/s a put."""
    monkeypatch.setattr(timeouts, "CALL_TIMEOUT", 0.05)
    monkeypatch.setattr(timeouts, "LISTING_TIMEOUT", 0.07)
    monkeypatch.setattr(timeouts, "MIN_UPLOAD_RATE", 100)
    ended = threading.Event()
    yield lambda *at, **how: ended.wait(2)
    ended.set()


@pytest.mark.parametrize(
    ("verb", "call", "seconds"),
    [
        ("cat_file", lambda store: store.read("a/b"), "0.05"),
        ("pipe_file", lambda store: store.write("a/b", b"abc"), "0.08"),
        ("put_file", upload, "0.08"),
        ("open", fetch, "0.05"),
        ("open", lambda store: store.open("a/b"), "0.05"),
        ("info", lambda store: store.matches("a/b", 3, ""), "0.05"),
        ("find", lambda store: store.keys("a"), "0.07"),
        ("rm_file", lambda store: store.remove("a/b"), "0.05"),
    ],
)
def test_a_call_that_a_bucket_does_not_answer_is_given_up(light_bucket, monkeypatch, never, verb, call, seconds):
    monkeypatch.setattr(type(light_bucket.root.fs), verb, never)
    with pytest.raises(TimeoutError, match=f"did not answer within {seconds} seconds"):
        call(light_bucket.store)


def test_a_read_that_a_bucket_does_not_answer_is_given_up(light_bucket, monkeypatch, never):
    stalled = io.BytesIO(b"abc")
    stalled.read = never
    monkeypatch.setattr(type(light_bucket.root.fs), "open", lambda self, *at, **how: stalled)
    with light_bucket.store.open("a/b") as file, pytest.raises(TimeoutError, match=r"within 0\.05 seconds"):
        file.read(1)


class RangedFile(AbstractBufferedFile):
    """A file that is read as s3fs reads one: in ranges, each with what is read ahead."""

    def _fetch_range(self, start, end):
        self.fs.asked.append((start, end))
        return self.fs.store[self.path].getvalue()[start:end]


def test_a_whole_file_is_read_far_ahead_and_parts_of_one_are_not(light_bucket, monkeypatch):
    light_bucket.put("a/b", bytes(10 << 20))
    fs, store, asked = light_bucket.root.fs, light_bucket.store, []
    monkeypatch.setattr(type(fs), "asked", asked, raising=False)
    monkeypatch.setattr(
        type(fs),
        "_open",
        lambda self, path, mode, block_size, **how: RangedFile(self, path, mode, block_size or "default"),
    )
    for opened in (
        store.open("a/b"),
        open_object(fs, f"{light_bucket.root.path}/a/b", nullcontext),
        store.open("a/b", in_parts=True),
    ):
        with opened:
            opened.read(1)
    assert asked == [(0, 9 << 20), (0, 9 << 20), (0, 128 << 10)]
    for whole in (fetch, lambda store: store.matches("a/b", 10 << 20, "")):
        asked.clear()
        whole(store)
        assert asked == [(0, 9 << 20), (9 << 20, 10 << 20)]


def test_an_upload_begins_at_the_start_of_a_file_whose_descriptor_keeps_its_place(light_bucket, monkeypatch):
    # On Linux /dev/fd opens the file again, on other systems it gives the same descriptor.
    def put_file(self, source, key):
        with os.fdopen(os.dup(int(source.rpartition("/")[2])), "rb") as file:
            self.pipe_file(key, file.read())

    monkeypatch.setattr(type(light_bucket.root.fs), "put_file", put_file)
    upload(light_bucket.store)
    assert light_bucket.files() == {"a/b": b"abc"}
