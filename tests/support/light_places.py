"""Places without Airflow: a folder, or a bucket in memory, whose store can be met between its steps.

They are light enough for the tests of a commit to run for every mutant of it.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_dysms.storage.object_store.bucket import Bucket
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.local_folder import LocalFolder
from airflow_provider_dysms.storage.partition import Partition

if TYPE_CHECKING:
    from airflow_provider_dysms.storage.manifest import Manifest
    from airflow_provider_dysms.storage.object_store.store import Store

DAY = "send_date=2025-06-01"
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
