"""A file in a folder is replaced at once, what killed writers left is removed, and other writers do no harm."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder


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


def test_a_folder_that_vanishes_just_after_it_was_found_is_made_again(tmp_path, monkeypatch):
    really, vanished = Path.is_dir, []

    def vanishing(self, **how):
        if self.name == "a" and not vanished:
            vanished.append(self)
            self.rmdir()
        return really(self, **how)

    (tmp_path / "a").mkdir()
    monkeypatch.setattr(Path, "is_dir", vanishing)
    LocalFolder(tmp_path).write("a/b", b"x")
    assert vanished
    assert (tmp_path / "a" / "b").read_bytes() == b"x"


def test_a_file_that_another_writer_removes_with_its_folder_while_it_is_put_is_no_error(tmp_path, monkeypatch):
    """Two tries of one task have the same mark, and the first that is done removes it."""
    store, replace = LocalFolder(tmp_path), os.replace

    def replace_and_lose(source, target):
        replace(source, target)
        store.remove("marks/day/task.json")
        store.tidy("marks/day")

    monkeypatch.setattr(os, "replace", replace_and_lose)
    store.write("marks/day/task.json", b"{}")
    assert list(tmp_path.iterdir()) == []


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


def test_a_folder_is_tidied_of_old_files_of_writers_and_goes_when_it_is_empty(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    old, young = f".part-0.csv.{'0' * 16}.tmp", f".part-0.csv.{'1' * 16}.tmp"
    for name, minutes in {old: 61, young: 59, ".notes.tmp": 61, ".probe": 0}.items():
        (tmp_path / "a/b" / name).write_bytes(b"left")
        os.utime(tmp_path / "a/b" / name, (0, time.time() - 60 * minutes))
    folder = LocalFolder(tmp_path)
    assert folder.tidy("a/b") == [f"a/b/{young}"]
    assert sorted(path.name for path in (tmp_path / "a/b").iterdir()) == [".notes.tmp", young]
    (tmp_path / "a/b/.notes.tmp").unlink()
    (tmp_path / "a/b" / young).unlink()
    assert folder.tidy("a/b") == []
    assert list(tmp_path.iterdir()) == []
    assert folder.tidy("never/there") == []


def test_a_file_that_vanishes_while_its_folder_is_tidied_is_not_one_that_may_still_be_written(tmp_path, monkeypatch):
    really = Path.stat

    def vanishing(self, **how):
        if self.suffix == ".tmp":
            self.unlink()
        return really(self, **how)

    path = tmp_path / "a" / f".b.{'0' * 16}.tmp"
    path.parent.mkdir()
    path.touch()
    monkeypatch.setattr(Path, "stat", vanishing)
    assert LocalFolder(tmp_path).tidy("a") == []


def test_an_old_file_that_cannot_be_removed_does_not_keep_a_new_one_from_being_put(tmp_path, monkeypatch):
    folder = LocalFolder(tmp_path)
    folder.write("a/b", b"x")
    old = tmp_path / "a" / f".b.{'0' * 16}.tmp"
    old.touch()
    os.utime(old, (0, 0))
    really = Path.unlink

    def refuse(self, missing_ok=False):
        if self == old:
            raise PermissionError(self)
        really(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    folder.write("a/b", b"y")
    assert folder.read("a/b") == b"y"
    assert old.exists()


def test_a_temporary_file_stays_for_a_whole_hour(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / f".b.{'0' * 16}.tmp"
    path.touch()
    os.utime(path, (1_000, 1_000))
    for now, remaining in ((4_600, [f"a/{path.name}"]), (4_600.5, [])):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        assert LocalFolder(tmp_path).tidy("a") == remaining
