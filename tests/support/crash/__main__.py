"""Kills exports, breaks them at every boundary, lets eight write at once; pauses and kills sends at every boundary;
kills erasures and expiries at every boundary; prints counts last: `make crash`.

Exit code 1 says that something was not right: it is printed when it is seen, case by case; 2, that something was left
out, because time was up: the last line says what.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from support.crash.reports import WRONG, Report
from support.crash.shares import LANES, Share


def summary(report: Report) -> list[str]:
    """Return the counts, the most telling last."""
    counts = report.counts
    named = [
        f"{title}: {many} boundaries, {', '.join(done(report, title))}" for title, many in report.boundaries.items()
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
        f"{counts['siblings']} hidden files of the killed next to the data, which later runs took away, "
        f"and {counts['empty']} empty ones of SQLite in TMPDIR",
        f"{counts['retries']} retries asked {counts['asked again']} of {counts['to be asked']} questions again, "
        f"with {counts['segments']} segments kept for them",
        f"forgetting: {counts['kills of erase']} kills of erasures, {counts['kills of expire']} of expiries",
        f"sends: {counts['pauses of sends']} pauses, {counts['kills of sends']} kills, {counts['twice']} sent twice",
        f"{counts['kills']} kills: {counts['before']} before the commit, {counts['after']} after; {phases}; {wrong}",
        f"NOT COMPLETE, left out: {left_out}" if left_out else "complete: nothing was left out",
    ]


def done(report: Report, title: str) -> list[str]:
    """Return how much was done at the boundaries of one piece of work."""
    what = {
        "faults": f"faults of {title}",
        "states that a kill leaves": f"states of {title}",
        "kills that left one of them": f"states of {title} that real kills left",
    }
    planned = report.planned
    return [f"{report.counts[key]} of {planned[key]} {words}" for words, key in what.items() if planned[key]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--crashes", type=int, default=5_000, help="timed kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=7_200, help="time limit of all")
    arguments = parser.parse_args()
    begun = time.monotonic()
    deadline = begun + arguments.seconds
    shares = [Share(lane, arguments.crashes, arguments.seed, deadline) for lane in range(LANES)]
    report = Report()
    spawning = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="crash-") as folder,
        ProcessPoolExecutor(LANES, spawning) as pool,
    ):
        for done in [pool.submit(share.run, Path(folder)) for share in shares]:
            report.add(done.result())
    for line in (f"{time.monotonic() - begun:.0f} s", *summary(report)):
        print(line)
    return 1 if report.problems else 2 if report.left_out() else 0


if __name__ == "__main__":
    sys.exit(main())
