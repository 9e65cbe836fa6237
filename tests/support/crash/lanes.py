"""The surroundings of exports: an emulator with a day, send logs of that day, and a process that makes the exports.

The logs differ in a column that is carried to the output, and in nothing else: they ask the same questions and come out
as different bytes, row by row.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from support.crash.places import Place
from support.crash.readers import Files

#: Yesterday: no message becomes ``expired`` while a run goes on, even over midnight.
DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
PARTITION = f"send_date={DAY}"
MANIFEST = f"_manifests/{PARTITION}.json"

#: Messages of the day, and bytes of the column that is carried with each.
MESSAGES, WIDTH = 24, 400

#: Logs: one for each of those that write at once.
LOGS = 8

#: Questions in a segment: see victims.py.
SEGMENT = 8

#: No export waits for its budget.
PLENTY = {"QuerySendDetails": 50_000, "QueryMessage": 50_000, "QuerySendStatistics": 5_000}


#: What a result says of when it was asked.
TIMES = {"as_of", "oldest_answer"}


@dataclass(frozen=True)
class Expected:
    """The files that an undisturbed export leaves."""

    data: Files
    result: dict[str, Any]
    requests: int


class Lane:
    """One emulator, one process that forks victims, and a folder for both; as a context, they run.

    :param folder: an empty folder
    :param aws: the Airflow connection ``aws_test`` as JSON
    """

    def __init__(self, folder: Path, aws: str) -> None:
        self.folder = folder
        self.tmpdir = folder / "tmp"
        self._aws = aws
        self._runs = 0
        self._expected: dict[tuple[object, ...], Expected] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.tmpdir.mkdir(parents=True)
        with ExitStack() as stack:
            self.emulator = stack.enter_context(Emulator.start("--switch", "sites=joined"))
            self.emulator.quotas(**PLENTY)
            self.emulator.generate(
                send_date=DAY, messages=MESSAGES, seed=1, waiting=0.1, missing=0.05, log=self.folder / "generated.csv"
            )
            for number in range(LOGS):
                self._write_log(number)
            self._process = stack.enter_context(self._start())
            stack.callback(self._process.stdin.close)  # type: ignore[union-attr]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def new_run(self) -> str:
        """Return the id of a DAG run that there has not been: its tries resume each other, and no other's."""
        self._runs += 1
        return f"run-{self._runs}"

    def export(self, place: Place, log: int, run: str, **how: Any) -> dict[str, Any]:
        """Make one export, and return what became of it."""
        return self.exports(self.order(place, log, run, **how))[0]

    def order(
        self, place: Place, log: int, run: str, *, file_format: str = "jsonl", refresh: str = "all", **how: Any
    ) -> dict[str, Any]:
        """Return what to tell victims.py."""
        return {
            "sent_uri": f"file://{self.folder}/log-{log}.csv",
            "output_uri": place.uri,
            "watched": str(self.folder),
            "day": DAY.isoformat(),
            "file_format": file_format,
            "refresh": refresh,
            "run": run,
            **how,
        }

    def work(self, what: str, uri: str, **how: Any) -> dict[str, Any]:
        """Have something else than an export done, and return what became of it.

        :param what: ``archive``, ``erase`` or ``expire``
        """
        return self.exports({"work": what, "output_uri": uri, "watched": str(self.folder), **how})[0]

    def exports(self, *orders: dict[str, Any]) -> list[dict[str, Any]]:
        """Make exports that begin together."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(orders) + "\n")
        process.stdin.flush()
        answers: list[dict[str, Any]] = json.loads(process.stdout.readline())
        return answers

    def requests(self) -> int:
        """Return how many requests there were since this was asked last."""
        counts = self.emulator.requests()
        self.emulator.reset("requests")
        return sum(action["requests"] for action in counts.values())

    def expected(self, new_place: Callable[[], Place], log: int, **how: Any) -> Expected:
        """Export to an empty place, undisturbed; the result does not depend on the place.

        :param new_place: gives an empty place
        """
        key = (log, *sorted(how.items()))
        if key not in self._expected:
            place = new_place()
            self.requests()
            ended = self.export(place, log, self.new_run(), **how)
            if "manifest" not in ended:
                raise RuntimeError(f"an undisturbed export: {ended}")
            self._expected[key] = Expected(data_files(place), timeless(ended["manifest"]), self.requests())
        return self._expected[key]

    def take_left_behind(self) -> dict[str, int]:
        """Return name and size of what lies on the worker's disk, and remove it."""
        found = list(self.tmpdir.iterdir())
        sizes = {path.name: path.stat().st_size for path in found}
        for path in found:
            path.unlink()
        return sizes

    def _write_log(self, number: int) -> None:
        with (self.folder / "generated.csv").open(newline="") as generated:
            rows = list(csv.DictReader(generated))
        with (self.folder / f"log-{number}.csv").open("w", newline="") as log:
            writer = csv.DictWriter(log, rows[0])
            writer.writeheader()
            for line, row in enumerate(rows):
                writer.writerow({**row, "campaign": (f"{number}.{line} " * WIDTH)[:WIDTH]})

    def _start(self) -> subprocess.Popen[str]:
        extra = {"quota_share": 1, "quota": PLENTY, "privacy_secret": "k" * 32}
        process = subprocess.Popen(
            [sys.executable, "-m", "support.crash.victims", self.folder / "generated.csv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "AIRFLOW_HOME": str(self.folder / "airflow"),
                "AIRFLOW_CONN_AWS_TEST": self._aws,
                "AIRFLOW_CONN_DYSMS_DEFAULT": self.emulator.connection_json(**extra),
                "TMPDIR": str(self.tmpdir),
            },
        )
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "ready\n":  # Airflow logs before
            if not line:
                raise RuntimeError(f"victims.py ended with {process.wait()}")
        return process


def data_files(place: Place) -> Files:
    """Return what a reader would take for data of the partition, and its content."""
    files = {key: place.get(key) for key in place.keys(PARTITION) if key.startswith(f"{PARTITION}/part-")}
    return {key: content for key, content in files.items() if content is not None}


def timeless(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what two exports of the same have in common: all that was found, without when."""
    return {name: value for name, value in manifest["result"].items() if name not in TIMES}


def fits(place: Place) -> bool:
    """Whether there is one data file, and the manifest is of it."""
    stored = place.get(MANIFEST)
    if stored is None:
        return False
    result = json.loads(stored)["result"]
    digests = {key: hashlib.sha256(content).hexdigest() for key, content in data_files(place).items()}
    return digests == {result["data"]: result["sha256"]}
