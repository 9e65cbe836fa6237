"""Places to write to: a local folder, moto's S3 server and light ones; and a process that writes and may be killed."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.crash.places import Folder, Place
from support.light_places import DAY, light_bucket, light_place, naps

__all__ = ["light_bucket", "light_place", "naps"]


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
