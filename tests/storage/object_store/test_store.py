"""The operations of a store, in a folder and in a bucket."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from types import SimpleNamespace

import pytest

from airflow_provider_dysms.storage.object_store.bucket import Bucket
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder
from airflow_provider_dysms.storage.object_store.store import open_store


def test_a_file_that_is_there_with_another_content_or_not_at_all_is_not_held(light_place):
    sha256, md5 = hashlib.sha256(b"abc").hexdigest(), hashlib.md5(b"abc").hexdigest
    assert not light_place.store.matches("a/b", 3, sha256)
    with written(b"abc") as file:
        light_place.store.upload("a/b", file)
    assert light_place.store.matches("a/b", 3, sha256)
    assert light_place.store.matches("a/b", 3, sha256, md5)
    assert light_place.store.matches("a/b", 3, sha256, lambda: "0" * 32)
    assert not light_place.store.matches("a/b", 4, sha256, md5)
    assert not light_place.store.matches("a/b", 3, "0" * 64)
    assert light_place.store.keys("a") == ["a/b"]
    light_place.store.remove("a/b")
    light_place.store.remove("a/b")
    assert light_place.store.read("a/b") is None


@contextlib.contextmanager
def written(content):
    """An open file that has a descriptor and is not at its start."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file


def test_the_store_is_a_folder_where_the_protocol_is_local_and_else_objects(tmp_path):
    for protocol, kind in (("file", LocalFolder), ("local", LocalFolder), ("s3", Bucket)):
        assert type(open_store(SimpleNamespace(fs=None, path=str(tmp_path), protocol=protocol))) is kind
    local = open_store(SimpleNamespace(path=str(tmp_path), protocol="file"))
    local.write("a/b", b"x")
    assert (tmp_path / "a" / "b").read_bytes() == b"x"


def test_a_folder_is_cleared_with_all_that_is_in_it_and_nothing_beside_it(light_place, tmp_path):
    for key in ("spool/a/1", "spool/a/b/2", "spool/ab/3"):
        light_place.store.write(key, b"x")
    light_place.store.clear("spool/a")
    light_place.store.clear("spool/a")
    light_place.store.clear("never/there")
    assert set(light_place.files()) == {"spool/ab/3"}
    light_place.store.clear("spool/ab")
    assert light_place.files() == {}
    assert not (tmp_path / "out" / "spool").exists()


@pytest.mark.parametrize("end", ["", "/", "/MAX", "/MAX/"])
def test_a_root_may_end_in_a_slash_or_any_letter(light_bucket, end):
    store = open_store(SimpleNamespace(fs=light_bucket.root.fs, path=f"{light_bucket.root.path}{end}", protocol="s3"))
    store.write("a/b", b"x")
    assert store.keys("a") == ["a/b"]
    assert light_bucket.files() == {f"{end.strip('/')}/a/b".lstrip("/"): b"x"}


def test_what_is_not_there_is_not_fetched(light_place):
    with tempfile.TemporaryFile() as file:
        assert not light_place.store.fetch("a/b", file)
        light_place.store.write("a/b", b"x")
        assert light_place.store.fetch("a/b", file)


def test_the_root_lists_every_key(light_place):
    for key in ("a", "b/c", "b/.d/e"):
        light_place.put(key)
    assert light_place.store.keys("") == ["a", "b/.d/e", "b/c"]


@pytest.mark.parametrize("how", [{}, {"in_parts": True}])
def test_a_file_is_opened_for_reading_at_any_place_of_it(light_place, how):
    assert light_place.store.open("a/b", **how) is None
    light_place.store.write("a/b", b"\r\n\xff")
    with light_place.store.open("a/b", **how) as file:
        assert file.read() == b"\r\n\xff"
        file.seek(1)
        assert file.read() == b"\n\xff"
