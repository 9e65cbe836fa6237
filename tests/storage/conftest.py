"""Places to write to: a local folder, moto's S3 server and light ones; and a process that writes and may be killed.

A light place is a folder or a bucket in memory, whose store can be met between its steps. It does not import Airflow,
so that its tests can run for every mutant of a commit.
"""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from support.crash.places import Folder, Place

from airflow_provider_dysms.storage.object_store.bucket import Bucket
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder
from airflow_provider_dysms.storage.partition import Partition

if TYPE_CHECKING:
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.storage.object_store.store import Store

DAY = "send_date=2025-06-01"


@pytest.fixture(params=["file", "s3"])
def place(request, tmp_path):
    if request.param == "file":
        return Folder(tmp_path / "output")
    return request.getfixturevalue("new_bucket")()


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "output")


@pytest.fixture
def bucket(new_bucket):
    return new_bucket()


class Writer:
    """The process of writer.py; its temporary files lie in a folder of their own."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        script = Path(__file__).with_name("writer.py")
        self._write = runpy.run_path(str(script))["write"]
        self._process = subprocess.Popen(
            [sys.executable, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        while (line := self._process.stdout.readline()) != "ready\n":  # Airflow logs before
            assert line

    def __call__(self, place: Place, *, file_format: str = "jsonl", **order: object) -> dict:
        order = {"root": place.uri, "partition": DAY, "file_format": file_format, **order}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def here(self, place: Place, *, writer: int, file_format: str = "jsonl", rows: int = 3) -> dict:
        """Write the same in this process."""
        order = {"root": place.uri, "partition": DAY, "file_format": file_format, "rows": rows}
        return self._write(order, writer)["manifest"]

    def close(self) -> None:
        with self._process:
            self._process.stdin.close()


@pytest.fixture(scope="session")
def writer(s3):
    with tempfile.TemporaryDirectory(prefix="spools-") as temporary:
        process = Writer(Path(temporary))
        yield process
        process.close()


SCHEMA = {"name": str, "count": int}
ROWS = [("甲", 1), ("b", None)]


@dataclass
class Root:
    """As much of an object storage path as a store and a message need."""

    fs: Any
    path: str
    protocol: str


class MemoryBucket(MemoryFileSystem):
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
class LightPlace:
    """Where a partition lies: the store under test, and the file system below it."""

    root: Root
    store: Store

    def steps(self) -> Steps:
        return Steps(self.store)

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
        uri = f"{self.root.protocol}://{self.root.path}"
        guarded = GuardedStore(store or self.store, "output_uri", uri)
        return Partition(self.root, name, file_format, compression, extension, guarded)  # type: ignore[arg-type]

    def commit(self, rows: Any = ROWS, *, run: Any = (), result: Any = (), **where: Any) -> Manifest:
        target = self.partition(**where)
        with target.open_spool(SCHEMA) as spool:
            spool.write(rows)
            return target.commit(spool, dict(result), dict(run))


@pytest.fixture
def light_bucket() -> LightPlace:
    root = Root(MemoryBucket(), f"/{uuid.uuid4().hex}", "s3")
    return LightPlace(root, Bucket(root))  # type: ignore[arg-type]


@pytest.fixture(params=["folder", "bucket"])
def light_place(request: pytest.FixtureRequest, tmp_path: Path, light_bucket: LightPlace) -> LightPlace:
    if request.param == "bucket":
        return light_bucket
    return LightPlace(Root(fsspec.filesystem("file"), str(tmp_path / "out"), "file"), LocalFolder(tmp_path / "out"))


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without making them."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept
