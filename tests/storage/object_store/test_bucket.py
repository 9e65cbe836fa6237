"""An earlier listing or read of a bucket is not believed, and an md5 spares a read only if the object has one part."""

from __future__ import annotations

import errno
import hashlib
import tempfile

import pytest


def test_an_md5_spares_reading_what_was_put_in_one_piece_and_nothing_else(light_bucket, monkeypatch):
    sha256, md5 = hashlib.sha256(b"abc").hexdigest(), hashlib.md5(b"abc").hexdigest()
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
