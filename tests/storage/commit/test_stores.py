"""The verbs of a folder and of a bucket, one by one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_provider_dysms.storage.object_store.stores import LocalFolder, ObjectStore, store_at


def test_a_file_that_is_there_with_another_content_or_not_at_all_is_not_held(place):
    sha256, md5 = hashlib.sha256(b"abc").hexdigest(), hashlib.md5(b"abc").hexdigest()
    assert not place.store.holds("a/b", 3, sha256)
    with written(b"abc") as file:
        place.store.upload("a/b", file)
    assert place.store.holds("a/b", 3, sha256)
    assert place.store.holds("a/b", 3, sha256, md5)
    assert place.store.holds("a/b", 3, sha256, "0" * 32)
    assert not place.store.holds("a/b", 4, sha256, md5)
    assert not place.store.holds("a/b", 3, "0" * 64)
    assert place.store.keys("a") == ["a/b"]
    place.store.remove("a/b")
    place.store.remove("a/b")
    assert place.store.read("a/b") is None


@contextlib.contextmanager
def written(content):
    """An open file that has a descriptor and is not at its start."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file


def test_an_md5_spares_reading_what_was_put_in_one_piece_and_nothing_else(bucket, monkeypatch):
    sha256, md5 = hashlib.sha256(b"abc").hexdigest(), hashlib.md5(b"abc").hexdigest()
    bucket.store.write("a/b", b"abc")
    opened: list[str] = []
    files = type(bucket.root.fs)
    really = files.open
    monkeypatch.setattr(files, "open", lambda self, *at, **how: (opened.append("b"), really(self, *at, **how))[1])
    assert bucket.store.holds("a/b", 3, "not looked at", md5)
    assert bucket.store.holds("a/b", 3, sha256, None)
    monkeypatch.setattr(files, "whole", False)
    assert bucket.store.holds("a/b", 3, sha256, md5)
    assert not bucket.store.holds("a/b", 3, "0" * 64, md5)
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
    bucket, monkeypatch, error, raised
):
    bucket.store.write("a/b", b"abc")

    def busy(*at, **how):
        raise error

    monkeypatch.setattr(type(bucket.root.fs), "open", busy)
    if raised:
        with pytest.raises(type(error)):
            bucket.store.holds("a/b", 3, "0" * 64)
    else:
        assert not bucket.store.holds("a/b", 3, "0" * 64)


def test_keys_are_those_below_the_folder_alone(bucket, monkeypatch):
    for key in ("a/c", "a/b", "ab/x", "a/d/e"):
        bucket.store.write(key, b"")
    assert bucket.store.keys("a") == ["a/b", "a/c", "a/d/e"]
    files = type(bucket.root.fs)
    found = files.find
    monkeypatch.setattr(files, "find", lambda self, path: [*found(self, path), f"{path}/", path, f"{path}b/x"])
    assert bucket.store.keys("a") == ["a/b", "a/c", "a/d/e"]


def test_what_was_listed_before_is_not_believed(bucket, monkeypatch):
    forgotten: list[int] = []
    monkeypatch.setattr(type(bucket.root.fs), "invalidate_cache", lambda self, path=None: forgotten.append(1))
    bucket.store.keys("a")
    bucket.store.holds("a", 1, "")
    assert len(forgotten) == 2


def test_a_local_file_is_whole_on_the_disk_before_its_name_is_and_so_are_its_folders(tmp_path, monkeypatch):
    done: list[str] = []
    really_sync, really_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        done.append(f"sync {path.relative_to(tmp_path).parts[-1] if path.is_dir() else path.read_bytes().decode()}")
        really_sync(descriptor)

    def replace(source: Path, target: Path) -> None:
        assert source.parent == target.parent
        assert source.name.startswith(f".{target.name}.")
        assert source.name.endswith(".tmp")
        done.append("replace")
        really_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    LocalFolder(tmp_path / "out").write("a/b/c", b"content")
    assert done == ["sync content", "replace", "sync b", "sync a", "sync out"]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["c"]


def test_a_local_file_that_cannot_be_put_in_its_place_leaves_nothing_beside_the_old(tmp_path, monkeypatch):
    folder = LocalFolder(tmp_path)
    folder.write("a/b", b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="full"):
        folder.write("a/b", b"new")
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == {"b": b"old"}


def test_what_killed_writers_left_beside_a_file_goes_with_the_next_one_and_nothing_else_does(tmp_path):
    (tmp_path / "a").mkdir()
    for name, minutes in {".b.0123.tmp": 61, ".b.4567.tmp": 59, ".c.0123.tmp": 61, ".b.notes": 61}.items():
        (tmp_path / "a" / name).write_bytes(b"left")
        os.utime(tmp_path / "a" / name, (0, time.time() - 60 * minutes))
    LocalFolder(tmp_path).write("a/b", b"x")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [".b.4567.tmp", ".b.notes", ".c.0123.tmp", "b"]


def test_a_folder_that_vanishes_while_a_file_is_made_is_made_again(tmp_path, monkeypatch):
    really, met = Path.open, 0

    def vanishing(self, *how, **more):
        nonlocal met
        met += 1
        if met < 100:
            self.parent.rmdir()
        return really(self, *how, **more)

    monkeypatch.setattr(Path, "open", vanishing)
    LocalFolder(tmp_path).write("a/b", b"x")
    assert met == 100
    met = -10
    with pytest.raises(FileNotFoundError):
        LocalFolder(tmp_path).write("c/d", b"x")
    assert met == 90


def test_a_listing_goes_on_where_a_folder_vanishes_and_not_where_it_cannot_be_read(tmp_path, monkeypatch):
    def refusing(kind):
        def walk(top, onerror):
            onerror(kind(1, "as planned"))
            yield str(top), [], ["z", "b"]

        return walk

    monkeypatch.setattr(os, "walk", refusing(FileNotFoundError))
    assert LocalFolder(tmp_path).keys("a") == ["a/b", "a/z"]
    monkeypatch.setattr(os, "walk", refusing(PermissionError))
    with pytest.raises(PermissionError):
        LocalFolder(tmp_path).keys("a")


def test_the_store_is_a_folder_where_the_protocol_is_local_and_else_objects(tmp_path):
    for protocol, kind in (("file", LocalFolder), ("local", LocalFolder), ("s3", ObjectStore)):
        assert type(store_at(SimpleNamespace(fs=None, path=str(tmp_path), protocol=protocol))) is kind
    local = store_at(SimpleNamespace(path=str(tmp_path), protocol="file"))
    local.write("a/b", b"x")
    assert (tmp_path / "a" / "b").read_bytes() == b"x"


def test_a_folder_is_cleared_with_all_that_is_in_it_and_nothing_beside_it(place, tmp_path):
    for key in ("spool/a/1", "spool/a/b/2", "spool/ab/3"):
        place.store.write(key, b"x")
    place.store.clear("spool/a")
    place.store.clear("spool/a")
    place.store.clear("never/there")
    assert set(place.files()) == {"spool/ab/3"}
    place.store.clear("spool/ab")
    assert place.files() == {}
    assert not (tmp_path / "out" / "spool").exists()


def test_what_was_listed_before_is_not_believed_where_data_are_fetched(bucket, monkeypatch):
    forgotten: list[int] = []
    monkeypatch.setattr(type(bucket.root.fs), "invalidate_cache", lambda self, path=None: forgotten.append(1))
    with tempfile.TemporaryFile() as file:
        assert not bucket.store.fetch("a", file)
    assert forgotten == [1]


@pytest.mark.parametrize("end", ["", "/", "/MAX", "/MAX/"])
def test_a_root_may_end_in_a_slash_or_any_letter(bucket, end):
    store = store_at(SimpleNamespace(fs=bucket.root.fs, path=f"{bucket.root.path}{end}", protocol="s3"))
    store.write("a/b", b"x")
    assert store.keys("a") == ["a/b"]
    assert bucket.files() == {f"{end.strip('/')}/a/b".lstrip("/"): b"x"}


def test_a_probe_of_a_bucket_writes_an_empty_object(bucket, monkeypatch):
    written: list[tuple[str, bytes]] = []
    monkeypatch.setattr(type(bucket.root.fs), "pipe_file", lambda self, *what: written.append(what))
    bucket.store.probe("a")
    assert written == [(f"{bucket.root.path}/a/.probe", b"")]


def test_a_probe_bears_another_that_removes_its_file_and_a_writer_that_moves_in(tmp_path, monkeypatch):
    really = Path.open

    def meddled(self, *how, **more):
        file = really(self, *how, **more)
        if self.name == ".probe":
            self.unlink()
            (self.parent / "theirs").touch()
        return file

    monkeypatch.setattr(Path, "open", meddled)
    LocalFolder(tmp_path).probe("a/b")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["theirs"]


def test_what_is_not_there_is_not_fetched(place):
    with tempfile.TemporaryFile() as file:
        assert not place.store.fetch("a/b", file)
        place.store.write("a/b", b"x")
        assert place.store.fetch("a/b", file)


def test_what_a_killed_writer_left_beside_a_file_goes_after_an_hour_and_a_sweep_bears_others(tmp_path, monkeypatch):
    folder = LocalFolder(tmp_path)
    folder.write("a/b", b"x")
    old, new = (tmp_path / "a" / f".b.{name}.tmp" for name in ("0" * 16, "1" * 16))
    for path, age in ((old, 3_700), (new, 3_500)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    folder.write("a/b", b"y")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [new.name, "b"]
    os.utime(new, (0, 0))
    really = Path.unlink

    def gone(self, missing_ok=False):
        really(self, missing_ok)
        if self == new:
            raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "unlink", gone)
    folder.write("a/b", b"z")
    assert folder.read("a/b") == b"z"
