"""A commit, step by step: over a folder and over a bucket in memory, with other writers and failures between its steps.

Airflow is not imported here: these tests run for every mutant of the commit.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_dysms.api.errors import DysmsError, DysmsInputError, DysmsStorageError
from airflow_provider_dysms.storage import partition as partitions
from airflow_provider_dysms.storage.manifests import Manifest, decode, explained
from airflow_provider_dysms.storage.partition import TRIES, Partition
from airflow_provider_dysms.storage.stores import LocalFolder, ObjectStore, Store

DAY = "send_date=2025-06-01"
DATA, MANIFEST = f"{DAY}/part-0.jsonl", f"_manifests/{DAY}.json"
SCHEMA = {"name": str, "count": int}
ROWS = [("甲", 1), ("b", None)]
WRITTEN = '{"name":"甲","count":1}\n{"name":"b","count":null}\n'.encode()


@dataclass
class Root:
    """As much of an object storage path as a store and a message need."""

    fs: Any
    path: str
    protocol: str


class Bucket(MemoryFileSystem):
    """fsspec's memory, with an ETag where something was put in one piece, as S3 has it."""

    whole = True
    cachable = False

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        found = super().info(path, **options)
        if found["type"] == "file":
            digest = hashlib.md5(self.cat_file(path)).hexdigest()
            found["ETag"] = f'"{digest}"' if self.whole else f'"{digest}-2"'
        return found


class Steps:
    """A store whose every change can be met by something: ``before`` and ``after`` are given its name and its key."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.taken: list[str] = []
        self.before: Callable[[str, str], None] = lambda verb, key: None
        self.after: Callable[[str, str], None] = lambda verb, key: None

    def __getattr__(self, verb: str) -> Any:
        def step(key: str, *arguments: Any) -> Any:
            self.before(verb, key)
            if verb in ("upload", "write", "remove"):
                self.taken.append(f"{verb} {key}")
            told = getattr(self.store, verb)(key, *arguments)
            self.after(verb, key)
            return told

        return step


@dataclass
class Place:
    root: Root
    store: Store

    def files(self) -> dict[str, bytes]:
        """Everything that lies there, seen without the code under test."""
        found = self.root.fs.find(self.root.path)
        return {key[len(self.root.path) + 1 :]: self.root.fs.cat_file(key) for key in found}

    def put(self, key: str, content: bytes = b"mine") -> None:
        self.root.fs.makedirs(f"{self.root.path}/{key}".rpartition("/")[0], exist_ok=True)
        self.root.fs.pipe_file(f"{self.root.path}/{key}", content)

    def partition(self, *, name: str = DAY, extension: str = "jsonl", store: Any = None) -> Partition:
        compression = "gzip" if extension.endswith(".gz") else None
        file_format = extension.removesuffix(".gz")
        return Partition(self.root, name, file_format, compression, extension, store or self.store)  # type: ignore[arg-type]

    def commit(self, rows: Any = ROWS, *, run: Any = (), result: Any = (), **where: Any) -> Manifest:
        target = self.partition(**where)
        with target.spool(SCHEMA) as spool:
            spool.write(rows)
            return target.commit(spool, dict(result), dict(run))


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "folder":
        yield Place(Root(fsspec.filesystem("file"), str(tmp_path / "out"), "file"), LocalFolder(tmp_path / "out"))
        return
    root = Root(Bucket(), f"/{uuid.uuid4().hex}", "s3")
    yield Place(root, ObjectStore(root))  # type: ignore[arg-type]
    root.fs.rm(root.path, recursive=True) if root.fs.exists(root.path) else None


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without making them."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_the_data_file_is_put_first_and_the_manifest_that_describes_it_after_it(place: Place) -> None:
    steps = Steps(place.store)
    manifest = place.commit(store=steps, result={"b": "甲", "a": 1}, run={"requests": 7})
    assert steps.taken == [f"upload {DATA}", f"write {MANIFEST}"]
    files = place.files()
    assert files[DATA] == WRITTEN
    assert files[MANIFEST].decode() == (
        '{\n  "result": {\n    "a": 1,\n    "b": "甲",\n'
        f'    "bytes": {len(WRITTEN)},\n'
        '    "columns": [\n'
        '      {\n        "name": "name",\n        "type": "string"\n      },\n'
        '      {\n        "name": "count",\n        "type": "integer"\n      }\n'
        "    ],\n"
        f'    "data": "{DATA}",\n    "rows": 2,\n    "sha256": "{hashlib.sha256(WRITTEN).hexdigest()}"\n  }},\n'
        '  "run": {\n    "requests": 7\n  },\n  "version": 1\n}\n'
    )
    assert json.loads(files[MANIFEST]) == manifest == place.partition().committed()


def test_nothing_is_committed_where_nothing_was(place: Place) -> None:
    assert place.partition().committed() is None
    assert place.store.keys(DAY) == []


def test_what_the_caller_counted_cannot_take_the_place_of_what_is_there(place: Place) -> None:
    manifest = place.commit(result={"data": "elsewhere", "rows": 9})
    assert (manifest["result"]["data"], manifest["result"]["rows"]) == (DATA, 2)


def test_another_format_takes_the_place_of_the_last_and_the_manifest_says_so(place: Place) -> None:
    place.commit()
    steps = Steps(place.store)
    manifest = place.commit(extension="csv.gz", store=steps, run={"requests": 1})
    assert manifest["run"] == {"requests": 1, "replaced": [DATA]}
    assert steps.taken == [f"upload {DAY}/part-0.csv.gz", f"write {MANIFEST}", f"remove {DATA}"]
    assert set(place.files()) == {f"{DAY}/part-0.csv.gz", MANIFEST}


def test_a_second_commit_of_equal_rows_gives_equal_bytes(place: Place) -> None:
    place.commit()
    before = place.files()
    place.commit()
    assert place.files() == before


@pytest.mark.parametrize("key", [f"{DAY}/part-1.jsonl", f"{DAY}/deeper/x", f"{DAY}/part-0.csv"])
def test_a_data_file_that_nothing_explains_is_refused_by_name_and_stays(place: Place, key: str) -> None:
    place.put(key)
    with pytest.raises(DysmsInputError) as refused:
        place.commit()
    assert (refused.value.argument, refused.value.problem) == (
        "output_uri",
        f"holds a data file that no manifest explains: {place.root.protocol}://{place.root.path}/{key}; a partition "
        "has one data file: move it away, or write elsewhere",
    )
    with pytest.raises(DysmsInputError, match="no manifest explains"):
        place.partition().probe()
    assert place.files() == {key: b"mine"}


def test_of_several_unexplained_files_the_first_is_named(place: Place) -> None:
    for key in ("b", "a", "c"):
        place.put(f"{DAY}/{key}")
    with pytest.raises(DysmsInputError, match=f"{DAY}/a;"):
        place.commit()


def test_a_file_that_comes_while_the_partition_is_written_is_refused_too_and_stays(place: Place) -> None:
    steps = Steps(place.store)
    steps.after = lambda verb, key: place.put(f"{DAY}/theirs.jsonl") if verb == "write" else None
    with pytest.raises(DysmsInputError, match="no manifest explains"):
        place.commit(store=steps)
    assert set(place.files()) == {DATA, MANIFEST, f"{DAY}/theirs.jsonl"}


def test_what_readers_skip_and_what_lies_beside_is_nobodys_business(place: Place) -> None:
    beside = [f"{DAY}/_SUCCESS", f"{DAY}/.crc", f"{DAY}/_deep/x", f"{DAY}/.deep/x", f"{DAY}1/part-0.csv", "x.txt"]
    for key in beside:
        place.put(key)
    place.partition().probe()
    place.commit(extension="csv")
    place.commit()
    assert set(place.files()) == {*beside, DATA, MANIFEST}


def test_a_probe_leaves_nothing_where_nothing_was_and_all_where_something_was(place: Place, tmp_path: Path) -> None:
    place.partition().probe()
    assert place.files() == {}
    assert not (tmp_path / "out").exists()
    place.commit()
    before = place.files()
    steps = Steps(place.store)
    probed: list[str] = []
    steps.before = lambda verb, key: probed.append(key) if verb == "probe" else None
    place.partition(store=steps).probe()
    assert probed == [DAY, "_manifests"]
    assert place.files() == before


def test_a_probe_of_a_nested_partition_looks_where_its_manifest_will_lie(place: Place) -> None:
    name = f"app=shop/{DAY}"
    steps = Steps(place.store)
    probed: list[str] = []
    steps.before = lambda verb, key: probed.append(key) if verb == "probe" else None
    place.partition(name=name, store=steps).probe()
    assert probed == [name, "_manifests/app=shop"]
    place.commit(name=name)
    assert set(place.files()) == {f"{name}/part-0.jsonl", f"_manifests/{name}.json"}


@pytest.mark.parametrize("column", ["name", "count"])
def test_a_column_named_like_a_folder_of_the_partition_is_refused(place: Place, column: str) -> None:
    with pytest.raises(DysmsInputError) as refused:
        place.partition(name=f"send_date=2025-06-01/{column}=1").spool(SCHEMA)
    assert (refused.value.argument, refused.value.problem) == (
        "partition",
        f"names '{column}', which is a column of the data; rename one",
    )
    place.partition(name=column).spool(SCHEMA).__exit__(None, None, None)


@pytest.mark.parametrize("result", [{"at": object()}, {"rate": float("nan")}])
@pytest.mark.parametrize("part", ["result", "run"])
def test_what_is_no_json_is_refused_before_anything_is_put(place: Place, part: str, result: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        place.commit(**{part: result})
    assert place.files() == {}


# Others at work


def other(place: Place, *, rows: Any = (("other", 2),), extension: str = "jsonl") -> Callable[[], object]:
    """Another writer, who is refused where he finds the data of a change of format that has no manifest yet."""

    def write() -> None:
        with contextlib.suppress(DysmsInputError):
            place.commit(rows, extension=extension, result={"writer": "other"})

    return write


def once(action: Callable[[], object], verb: str, count: int = 1) -> Callable[[str, str], None]:
    """Do something at the n-th time that the verb is met."""
    met = 0

    def meet(met_verb: str, key: str) -> None:
        nonlocal met
        met += met_verb == verb
        if met_verb == verb and met == count:
            action()

    return meet


def fits(place: Place) -> bool:
    files = place.files()
    result = json.loads(files.pop(MANIFEST))["result"]
    (data,) = files.items()
    return data == (result["data"], data[1]) and hashlib.sha256(data[1]).hexdigest() == result["sha256"]


@pytest.mark.parametrize("extension", ["jsonl", "csv"])
@pytest.mark.parametrize("verb", ["upload", "write", "remove", "keys", "read", "holds"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_whenever_another_writer_comes_between_one_file_is_left_and_the_manifest_fits_it(
    place: Place, naps: list[float], extension: str, verb: str, count: int, moment: str
) -> None:
    place.commit(extension="csv")
    steps = Steps(place.store)
    setattr(steps, moment, once(other(place, extension=extension), verb, count))
    place.commit(store=steps)
    assert fits(place)


def test_where_the_other_came_last_and_is_whole_the_manifest_that_is_told_is_the_others(place: Place) -> None:
    steps = Steps(place.store)
    steps.after = once(other(place), "write")
    assert place.commit(store=steps)["result"]["writer"] == "other"
    assert place.files()[DATA] == b'{"name":"other","count":2}\n'


def test_data_of_another_under_our_manifest_is_noticed_and_both_are_written_once_more(
    place: Place, naps: list[float]
) -> None:
    steps = Steps(place.store)
    steps.after = once(lambda: place.put(DATA, b'{"name":"x","count":3}\n'), "write")
    place.commit(store=steps)
    assert fits(place)
    assert place.files()[DATA] == WRITTEN
    assert steps.taken == [f"upload {DATA}", f"write {MANIFEST}"] * 2
    assert len(naps) == 1


def test_data_of_the_same_length_is_noticed_too_and_a_missing_file(place: Place, naps: list[float]) -> None:
    for meddle in (
        lambda: place.put(DATA, bytes(len(WRITTEN))),
        lambda: place.store.remove(DATA),
        lambda: place.store.remove(MANIFEST),
    ):
        steps = Steps(place.store)
        steps.after = once(meddle, "write")
        place.commit(store=steps)
        assert fits(place)
    assert len(naps) == 3


def test_a_writer_gives_up_on_others_that_never_rest_after_pauses_that_grow(
    place: Place, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float]] = []

    class Highest:
        def uniform(self, lowest: float, highest: float) -> float:
            drawn.append((lowest, highest))
            return highest

    monkeypatch.setattr(partitions.secrets, "SystemRandom", Highest)
    steps = Steps(place.store)
    steps.after = lambda verb, key: place.put(DATA, uuid.uuid4().bytes) if verb == "write" else None
    with pytest.raises(DysmsStorageError) as gave_up:
        place.commit(store=steps)
    assert gave_up.value.message == (
        f"{place.root.protocol}://{place.root.path}/{DATA}: data and manifest do not fit after 10 tries; other tasks "
        "keep writing this partition, let one at a time do so (max_active_tis_per_dag=1)"
    )
    assert drawn == [(0, 0.05 * 2**attempt) for attempt in range(TRIES)]
    assert naps == [highest for _, highest in drawn]


# What stores say


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            DysmsInputError,
            "(Permission denied); the task lists, reads,",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            DysmsStorageError,
            "(No space left on device); the store may be",
        ),
        (
            RuntimeError("secret"),
            DysmsInputError,
            "(RuntimeError); the task lists, reads, writes and deletes there: check",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["upload", "write", "read", "keys", "holds", "remove", "probe"])
def test_what_a_store_refuses_is_an_error_of_ours_and_the_old_file_or_the_new_is_there(
    place: Place, error: Exception, kind: type[DysmsError], told: str, verb: str
) -> None:
    place.commit(extension="csv")
    before = place.files()
    steps = Steps(place.store)

    def refuse(met: str, key: str) -> None:
        if met == verb:
            raise error

    steps.before = refuse
    target = place.partition(store=steps)
    with pytest.raises(kind) as refused, target.spool(SCHEMA) as spool:  # noqa: PT012
        target.probe()
        spool.write(ROWS)
        target.commit(spool, {}, {})
    assert f"output_uri cannot be written: {place.root.protocol}://{place.root.path} {told}" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert type(refused.value.__cause__) is type(error)
    after = place.files()
    assert after[MANIFEST] == before[MANIFEST] or after[DATA] == WRITTEN
    place.commit()
    assert fits(place)


def test_an_error_of_ours_stays_what_it_is(place: Place) -> None:
    steps = Steps(place.store)
    ours = DysmsStorageError("as it was")

    def refuse(met: str, key: str) -> None:
        raise ours

    steps.before = refuse
    with pytest.raises(DysmsStorageError) as refused:
        place.commit(store=steps)
    assert refused.value is ours


# The verbs


def test_a_file_that_is_there_with_another_content_or_not_at_all_is_not_held(place: Place) -> None:
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
def written(content: bytes) -> Iterator[IO[bytes]]:
    """An open file that has a descriptor and is not at its start."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file


@pytest.fixture
def bucket() -> Iterator[ObjectStore]:
    root = Root(Bucket(), f"/{uuid.uuid4().hex}/", "s3")
    yield ObjectStore(root)  # type: ignore[arg-type]
    if root.fs.exists(root.path):
        root.fs.rm(root.path, recursive=True)


def test_an_md5_spares_reading_what_was_put_in_one_piece_and_nothing_else(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256, md5 = hashlib.sha256(b"abc").hexdigest(), hashlib.md5(b"abc").hexdigest()
    bucket.write("a/b", b"abc")
    opened: list[str] = []
    really = Bucket.open
    monkeypatch.setattr(Bucket, "open", lambda self, *at, **how: (opened.append("b"), really(self, *at, **how))[1])
    assert bucket.holds("a/b", 3, "not looked at", md5)
    assert bucket.holds("a/b", 3, sha256, None)
    monkeypatch.setattr(Bucket, "whole", False)
    assert bucket.holds("a/b", 3, sha256, md5)
    assert not bucket.holds("a/b", 3, "0" * 64, md5)
    assert len(opened) == 3


@pytest.mark.parametrize(("number", "raised"), [(errno.EBUSY, False), (errno.EIO, True), (errno.EBUSY + 1, True)])
def test_an_object_that_changes_while_it_is_read_is_not_held_and_other_errors_are_told(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, number: int, raised: bool
) -> None:
    bucket.write("a/b", b"abc")

    def busy(self: Bucket, *at: Any, **how: Any) -> Any:
        raise OSError(number, "changed")

    monkeypatch.setattr(Bucket, "open", busy)
    if raised:
        with pytest.raises(OSError, match="changed"):
            bucket.holds("a/b", 3, "0" * 64)
    else:
        assert not bucket.holds("a/b", 3, "0" * 64)


def test_keys_are_those_below_the_folder_alone(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("a/c", "a/b", "ab/x", "a/d/e"):
        bucket.write(key, b"")
    assert bucket.keys("a") == ["a/b", "a/c", "a/d/e"]
    found = Bucket.find
    monkeypatch.setattr(Bucket, "find", lambda self, path: [*found(self, path), f"{path}/", path, f"{path}b/x"])
    assert bucket.keys("a") == ["a/b", "a/c", "a/d/e"]


def test_what_was_listed_before_is_not_believed(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[int] = []
    monkeypatch.setattr(Bucket, "invalidate_cache", lambda self, path=None: forgotten.append(1))
    bucket.keys("a")
    bucket.holds("a", 1, "")
    assert len(forgotten) == 2


def test_a_local_file_is_whole_on_the_disk_before_its_name_is_and_so_are_its_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_local_file_that_cannot_be_put_in_its_place_leaves_nothing_beside_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = LocalFolder(tmp_path)
    folder.write("a/b", b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="full"):
        folder.write("a/b", b"new")
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == {"b": b"old"}


def test_a_folder_that_vanishes_while_a_file_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, met = Path.open, 0

    def vanishing(self: Path, *how: Any, **more: Any) -> Any:
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


def test_a_listing_goes_on_where_a_folder_vanishes_and_not_where_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(kind: type[OSError]) -> Callable[..., Any]:
        def walk(top: Path, onerror: Callable[[OSError], None]) -> Iterator[Any]:
            onerror(kind(1, "as planned"))
            yield str(top), [], ["z", "b"]

        return walk

    monkeypatch.setattr(os, "walk", refusing(FileNotFoundError))
    assert LocalFolder(tmp_path).keys("a") == ["a/b", "a/z"]
    monkeypatch.setattr(os, "walk", refusing(PermissionError))
    with pytest.raises(PermissionError):
        LocalFolder(tmp_path).keys("a")


# The manifest


def stored(**changes: Any) -> bytes:
    manifest: dict[str, Any] = {
        "version": 1,
        "result": {"data": DATA, "bytes": 1, "sha256": "x"},
        "run": {"replaced": [f"{DAY}/part-0.csv"]},
    }
    for name, value in changes.items():
        part, _, inner = name.partition("__")
        if inner:
            manifest[part][inner] = value
        else:
            manifest[part] = value
    return json.dumps(manifest).encode()


def test_a_manifest_accounts_for_its_data_and_for_what_it_was_about_to_take_away() -> None:
    assert decode(None, DAY) is None
    assert explained(None) == set()
    assert explained(decode(stored(), DAY)) == {DATA, f"{DAY}/part-0.csv"}
    assert explained(decode(stored(run={}), DAY)) == {DATA}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        stored(version=2),
        stored(version=None),
        stored(result=None),
        stored(run=None),
        stored(result__data="../precious"),
        stored(result__data=f"{DAY}/precious.csv"),
        stored(result__data="send_date=2025-06-02/part-0.csv"),
        stored(result__bytes="1"),
        stored(result__sha256=None),
        stored(run__replaced=[f"{DAY}/precious.csv"]),
    ],
)
def test_a_manifest_that_is_none_of_ours_is_refused_and_nothing_it_names_is_touched(
    place: Place, content: bytes
) -> None:
    place.put(MANIFEST, content)
    place.put(f"{DAY}/precious.csv")
    before = place.files()
    for refused in (place.partition().committed, place.partition().probe, place.commit):
        with pytest.raises(DysmsInputError) as told:
            refused()
        assert (told.value.argument, told.value.problem) == (
            "output_uri",
            f"has no readable manifest at {MANIFEST} (version 1 of this package); move it away, or write with the "
            "release that wrote it",
        )
    assert place.files() == before
