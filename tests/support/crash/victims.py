"""A process that holds Airflow and forks a victim for each export that it is told to make.

Importing Airflow takes seconds, forking milliseconds. It reads one order a line (JSON) from its input: a list of
exports that begin together; and answers with a line: what became of each. No thread and no event loop runs before a
fork; a victim has its own.
"""

from __future__ import annotations

import csv
import gc
import importlib
import json
import mmap
import os
import select
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dysms import temporary_database
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number
from airflow_provider_dysms.operators.stored_numbers.retention import (
    DysmsErasePhoneNumbersOperator,
    DysmsExpireArchiveOperator,
)
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.storage.row_spool import SpooledFile
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from support.crash.boundaries import Boundaries, Fault
from support.crash.states import StateRecorder
from support.known_archives import put_day, verdict

#: Seconds after which a victim counts as hanging.
PATIENCE = 120.0

#: Queries per checkpoint, and KiB of memory before an index goes to the disk: so small that there are some of both.
checkpoints.MAX_QUERIES, temporary_database.CACHE = 8, 1

#: How many bytes of the name of a boundary are kept for a victim that cannot tell any more.
NAME = 256


@dataclass
class Victim:
    """A forked child, seen from its parent."""

    pid: int
    answers: int
    mark: mmap.mmap
    armed: int
    begun: float
    kill_after: float | None
    armed_at: int | None

    def end(self) -> dict[str, Any]:
        """Kill it when its time has come; else wait for it."""
        descriptor = os.pidfd_open(self.pid)
        if self.armed_at is not None:
            select.select([descriptor, self.armed], [], [], PATIENCE)
        told, ended = self._read_until_it_ends(descriptor)
        if not ended:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        seconds = time.monotonic() - self.begun
        os.close(descriptor)
        os.close(self.armed)
        with os.fdopen(self.answers, "rb") as pipe:
            told += pipe.read()
        answer = json.loads(told) if told else {}
        for name in answer.pop("imported", ()):  # no later victim has to
            with suppress(ImportError):
                importlib.import_module(name)
        last = self.mark[:NAME].rstrip(b"\0").decode(errors="replace")
        self.mark.close()
        if not ended and self.kill_after is None:
            answer = {"failed": f"it hung for {PATIENCE:g} s"}
        died = os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        return {**answer, "died": died, "last": last, "seconds": seconds}

    def _read_until_it_ends(self, descriptor: int) -> tuple[bytes, bool]:
        """Read the answer while it comes, because a pipe holds only a part of a long one."""
        told, deadline = b"", time.monotonic() + (PATIENCE if self.kill_after is None else self.kill_after)
        watched = [descriptor, self.answers]
        while ready := select.select(watched, [], [], max(0.0, deadline - time.monotonic()))[0]:
            if self.answers in ready:
                piece = os.read(self.answers, 1 << 16)
                told += piece
                watched = watched if piece else [descriptor]
            elif descriptor in ready:
                return told, True
        return told, False


def begin(order: dict[str, Any]) -> Victim:
    """Fork a victim.

    Of the order: it is killed ``kill_after`` seconds later, counted from the fork, or from the boundary ``armed_at``.
    """
    mark = mmap.mmap(-1, NAME)
    answers, told = os.pipe()
    armed, arm = os.pipe()
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(answers)
            os.write(told, json.dumps(suffer(order, mark, arm)).encode())
        finally:
            os._exit(0)
    os.close(told)
    os.close(arm)
    return Victim(pid, answers, mark, armed, begun, order.get("kill_after"), order.get("armed_at"))


def suffer(order: dict[str, Any], mark: mmap.mmap, arm: int) -> dict[str, Any]:
    """Make one export, and say how it went."""
    recorder = StateRecorder(Path(order["states_of"])) if order.get("states_of") else None

    def told(number: int, name: str) -> None:
        if recorder:
            recorder.note(number, name)
        mark[:NAME] = name.encode()[:NAME].ljust(NAME, b"\0")
        if number == order.get("armed_at"):
            os.write(arm, b"!")

    if order.get("naive"):
        Partition.commit = commit_naively  # type: ignore[assignment]
    fault = Fault(**order["fault"]) if order.get("fault") else None
    boundaries = Boundaries(order["watched"], fault, told)
    boundaries.install()
    known = set(sys.modules)
    work = {"export": export, "archive": put_archive, "erase": erase, "expire": expire}[order.get("work", "export")]
    try:
        answer: dict[str, Any] = {"manifest": work(order)}
    except AirflowFailException as error:
        answer = {"refused": str(error)}
    except Exception as error:
        answer = {"failed": f"{type(error).__name__}: {error}"}
    names = boundaries.names if order.get("names") else []
    if recorder:
        told(len(names), "")
        answer["states"] = recorder.changes
    return {**answer, "boundaries": names, "imported": sorted(sys.modules.keys() - known)}


def export(order: dict[str, Any]) -> dict[str, Any]:
    operator = DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri=order["sent_uri"],
        output_uri=order["output_uri"],
        send_date=date.fromisoformat(order["day"]),
        file_format=order["file_format"],
        carry=["campaign"],
        refresh=order["refresh"],
        max_missing_rate=1,
    )
    task = SimpleNamespace(dag_id="crash", run_id=order["run"], task_id="audit", map_index=-1, try_number=1)
    return operator.execute({"ti": task, "task_instance": task, "run_id": order["run"]})  # type: ignore[typeddict-item]


def put_archive(order: dict[str, Any]) -> dict[str, Any]:
    """Write the days of an archive; the person is in each of them."""
    for day in map(date.fromisoformat, order["days"]):
        rows = [verdict(day, number, second=place) for place, number in enumerate(order["numbers"])]
        put_day(order["output_uri"], day, rows, file_format=order["file_format"])
    return {}


def erase(order: dict[str, Any]) -> dict[str, Any]:
    operator = DysmsErasePhoneNumbersOperator(
        task_id="erase", output_uri=order["output_uri"], phone_numbers=order["numbers"]
    )
    return operator.execute({})


def expire(order: dict[str, Any]) -> dict[str, Any]:
    operator = DysmsExpireArchiveOperator(
        task_id="expire", output_uri=order["output_uri"], keep_days=order["keep_days"]
    )
    return operator.execute({})


def commit_naively(self: Partition, spool: Any, result: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """The null control: the manifest first, then the data in place, piece by piece."""
    content: SpooledFile = spool.finish()
    data = f"{self.name}/part-0.{self.extension}"
    manifest = {"version": 1, "result": {**result, "data": data, "bytes": content.size, "sha256": content.sha256}}
    manifest["run"] = run
    self.store.write(f"_manifests/{self.name}.json", json.dumps(manifest).encode())
    content.file.seek(0)
    with open(f"{self.root.path}/{data}", "wb") as file:
        while piece := content.file.read(content.size // 20):
            file.write(piece)
            file.flush()
            time.sleep(0.005)
    return manifest


def warm_up(log: str) -> None:
    """Import and look up what every victim would.

    :param log: a file with the numbers that are asked for: reading them compiles the expressions of their countries
    """
    importlib.import_module("airflow.providers.amazon.aws.fs.s3")
    loader = botocore.session.create_loader()  # keeps what it has read; a client reads a megabyte of JSON
    botocore.session.create_loader = lambda *_: loader
    botocore.session.get_session().create_client("s3", region_name="us-east-1")
    Partition.resolve("file:///", partition="a=b")
    for connection in ("dysms_default", "aws_test"):
        BaseHook.get_connection(connection)
    with open(log, newline="") as lines:
        for line in csv.DictReader(lines):
            with suppress(DysmsInputError):
                parse_number(line["phone_number"])
    tempfile.gettempdir()  # tries the folder out with a file of its own, once a process
    gc.collect()
    gc.freeze()  # what is collected in a child would be copied there


if __name__ == "__main__":
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to standard output
    warm_up(sys.argv[1])
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        begun = [begin(order) for order in json.loads(line)]
        print(json.dumps([victim.end() for victim in begun]), file=replies, flush=True)
