"""Kills exports, breaks them at every boundary, lets eight write at once; prints counts last: `make crash`.

Exit code 1 says that something was not right: it is printed, case by case, above the counts; 2, that something was left
out, because time was up: the last line says what.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from lanes import Lane
from places import Folder, S3Server
from reports import WRONG, Report
from trials import SCENARIOS, Trials

#: Processes side by side, each with an emulator, an S3 server and victims of its own.
LANES = 2

#: The share of timed kills that goes to S3, which is ten times slower here.
S3_SHARE = 0.2

#: Kills into one place, until it is another's turn.
TURN = 25

#: How often eight write at once.
ROUNDS = 100

#: Seconds between two lines about how far it is.
TOLD = 60

#: Problems that are printed.
MOST_SHOWN = 40


@dataclass
class Part:
    """What one lane does: its share of everything, until it is done or time is up.

    :param crashes: timed kills, of all lanes
    :param deadline: of the monotonic clock
    """

    number: int
    crashes: int
    seed: int
    deadline: float

    def __post_init__(self) -> None:
        self.report = Report()
        self._told = time.monotonic()

    def run(self, folder: Path) -> Report:
        with S3Server() as s3, Lane(folder / f"{self.number}", s3.connection) as lane:
            folders = itertools.count()
            on_disk = Trials(lane, lambda: Folder(lane.folder / f"out-{next(folders)}"), self.report)
            on_s3 = Trials(lane, s3.new_bucket, self.report)
            self._do(on_disk, on_s3)
        return self.report

    def _do(self, on_disk: Trials, on_s3: Trials) -> None:
        work = [(trials, trials.enumerated(scenario)) for trials in (on_disk, on_s3) for scenario in SCENARIOS]
        kills, rounds = self._share(self.crashes), self._share(ROUNDS)
        self.report.planned.update({"kills": kills, "rounds of 8 at once": rounds, "rounds of 4 at once": rounds})
        for _, enumeration in work:
            self.report.planned[f"faults of {enumeration.title}"] = self._share(len(enumeration.faults))
        random = Random(f"{self.seed}/{self.number}")
        while self.report.counts["kills"] < kills and self._in_time():
            turn = min(self.report.counts["kills"] + TURN, kills)
            wanted = partial(self._wanted, turn)
            (on_s3 if random.random() < S3_SHARE else on_disk).timed(random, wanted)
        on_disk.at_once(rounds, self._in_time)
        on_disk.at_once(rounds, self._in_time, logs=(0, 0, 1, 1))
        for trials, enumeration in work:
            mine = enumeration.faults[self.number :: LANES]
            trials.boundaries(enumeration, itertools.takewhile(self._in_time, mine))

    def _share(self, of: int) -> int:
        return len(range(self.number, of, LANES))

    def _wanted(self, kills: int) -> bool:
        return self._in_time() and self.report.counts["kills"] < kills

    def _in_time(self, *_: object) -> bool:
        now = time.monotonic()
        if now > self._told + TOLD:
            self._told = now
            say(f"lane {self.number}: {progress(self.report)}")
        return now < self.deadline


def progress(report: Report) -> str:
    """Say how much is done of what is planned, where something is."""
    return ", ".join(
        f"{report.counts[what]} of {many} {what}" for what, many in report.planned.items() if report.counts[what]
    )


def summary(report: Report) -> list[str]:
    """Return the counts, the most telling last."""
    counts = report.counts
    named = [
        f"{title}: {many} boundaries, {counts[f'faults of {title}']} of {report.planned[f'faults of {title}']} faults"
        for title, many in report.boundaries.items()
    ]
    broken = ", ".join(f"{counts[f'{kind} at a boundary']} {kind}" for kind in ("kill", "error", "full"))
    phases = ", ".join(f"{many} {what}" for what, many in report.phases.most_common())
    wrong = ", ".join(f"{counts[kind]} {kind}" for kind in WRONG)
    left_out = ", ".join(f"{many} {what}" for what, many in report.left_out().items())
    return [
        *named,
        f"{sum(report.boundaries.values())} boundaries, before and after each: {broken}",
        f"{counts['rounds of 8 at once']} rounds of 8 at once, {counts['rounds of 4 at once']} of 2 tries of 2 tasks",
        f"{counts['looks']} looks of readers",
        f"{counts['siblings']} hidden files of the killed beside the data, which later runs took away, "
        f"and {counts['empty']} empty ones of SQLite in TMPDIR",
        f"{counts['retries']} retries asked {counts['asked again']} of {counts['to be asked']} questions again, "
        f"with {counts['segments']} segments kept for them",
        f"{counts['kills']} kills: {counts['before']} before the commit, {counts['after']} after; {phases}; {wrong}",
        f"NOT COMPLETE, left out: {left_out}" if left_out else "complete: nothing was left out",
    ]


def say(sentence: str) -> None:
    print(sentence, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--crashes", type=int, default=5_000, help="timed kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=7_200, help="time limit of all")
    arguments = parser.parse_args()
    begun = time.monotonic()
    parts = [Part(lane, arguments.crashes, arguments.seed, begun + arguments.seconds) for lane in range(LANES)]
    report = Report()
    spawning = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="crash-") as folder,
        ProcessPoolExecutor(LANES, spawning) as pool,
    ):
        for done in [pool.submit(part.run, Path(folder)) for part in parts]:
            report.add(done.result())
    for kind, sentence in report.problems[:MOST_SHOWN]:
        say(f"{kind}: {sentence}")
    for line in (f"{time.monotonic() - begun:.0f} s", *summary(report)):
        say(line)
    return 1 if report.problems else 2 if report.left_out() else 0


if __name__ == "__main__":
    sys.exit(main())
