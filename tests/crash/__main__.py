"""Kills exports, breaks them at every boundary, lets eight write at once; prints counts last: `make crash`.

Exit code 1 says that something was not right: it is printed, case by case, above the counts.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

from lanes import Lane
from places import Bucket, Folder, s3_server
from reports import WRONG, Report
from trials import SCENARIOS, Trials

#: Emulators and forking processes side by side.
LANES = 2

#: The share of timed kills that goes to S3, which is ten times slower here.
S3_SHARE = 0.2

#: Kills into one place, until it is another's turn.
TURN = 25

#: How often eight write at once.
ROUNDS = 100

#: Problems that are printed.
MOST_SHOWN = 40


class Work:
    """All there is to do, shared by the lanes, until it is done or time is up."""

    def __init__(self, crashes: int, seed: int, seconds: float) -> None:
        self.report = Report()
        self._crashes = crashes
        self._seed = seed
        self._deadline = time.monotonic() + seconds
        self._told = time.monotonic()

    def run(self, number: int, lane: Lane, s3: Any) -> None:
        """Do one lane's part."""
        folders = itertools.count()
        on_disk = Trials(lane, lambda: Folder(lane.folder / f"out-{next(folders)}"), self.report)
        on_s3 = Trials(lane, lambda: Bucket(s3), self.report)
        random = Random(f"{self._seed}/{number}")
        while self._wanted():
            self._timed(on_s3 if random.random() < S3_SHARE else on_disk, random)
        on_disk.at_once(ROUNDS // LANES, self._in_time)
        on_disk.at_once(ROUNDS // LANES, self._in_time, logs=(0, 0, 1, 1))
        for trials, scenario in itertools.product((on_disk, on_s3), SCENARIOS):
            trials.boundaries(scenario, lambda faults: itertools.takewhile(self._in_time, faults[number::LANES]))

    def _timed(self, trials: Trials, random: Random) -> None:
        left = TURN

        def wanted() -> bool:
            nonlocal left
            left -= 1
            return left >= 0 and self._wanted()

        trials.timed(random, wanted)

    def _wanted(self) -> bool:
        return self._in_time() and self.report.counts["kills"] < self._crashes

    def _in_time(self, *_: object) -> bool:
        now = time.monotonic()
        if now > self._told + 30:
            self._told = now
            counts = self.report.counts
            done = ("kills", "kill at a boundary", "error at a boundary", "full at a boundary", "rounds of 8 at once")
            say(", ".join(f"{counts[what]} {what}" for what in done if counts[what]))
        return now < self._deadline


def summary(report: Report) -> list[str]:
    """Return the counts, the most telling last."""
    counts = report.counts
    named = [f"{what}: {many}" for what, many in sorted(counts.items()) if what.startswith("boundaries of")]
    broken = ", ".join(f"{counts[f'{kind} at a boundary']} {kind}" for kind in ("kill", "error", "full"))
    phases = ", ".join(f"{many} {what}" for what, many in report.phases.most_common())
    wrong = ", ".join(f"{counts[kind]} {kind}" for kind in WRONG)
    return [
        *named,
        f"at every boundary, before and after: {broken}",
        f"{counts['rounds of 8 at once']} rounds of 8 at once, {counts['rounds of 4 at once']} of 2 tries of 2 tasks",
        f"{counts['looks']} looks of readers",
        f"{counts['siblings']} hidden files of the killed beside the data, which later runs took away, "
        f"and {counts['empty']} empty ones of SQLite in TMPDIR",
        f"{counts['retries']} retries asked {counts['asked again']} of {counts['to be asked']} questions again, "
        f"with {counts['segments']} segments kept for them",
        f"{counts['kills']} kills: {counts['before']} before the commit, {counts['after']} after; {phases}; {wrong}",
    ]


def say(sentence: str) -> None:
    print(sentence, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--crashes", type=int, default=5_000, help="timed kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3_600, help="time limit of all")
    arguments = parser.parse_args()
    begun = time.monotonic()
    work = Work(arguments.crashes, arguments.seed, arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="crash-") as folder, s3_server() as (s3, aws), ExitStack() as stack:
        lanes = [stack.enter_context(Lane(Path(folder) / f"{number}", aws)) for number in range(LANES)]
        with ThreadPoolExecutor(LANES) as pool:
            for done in [pool.submit(work.run, number, lane, s3) for number, lane in enumerate(lanes)]:
                done.result()
    report = work.report
    for kind, sentence in report.problems[:MOST_SHOWN]:
        say(f"{kind}: {sentence}")
    for line in (f"{time.monotonic() - begun:.0f} s", *summary(report)):
        say(line)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
