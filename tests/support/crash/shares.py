"""The work of one process of `make crash`: its share of all kills, rounds and faults."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from support.crash.forgetting import KINDS as FORGETTING
from support.crash.forgetting import Forgetting
from support.crash.lanes import Lane
from support.crash.places import Folder, S3Server
from support.crash.reports import Report
from support.crash.sends import KINDS, Sends
from support.crash.trials import SCENARIOS, Trials

#: Processes side by side, each with an emulator, an S3 server and victims of its own.
LANES = 2

#: The share of timed kills that goes to S3, where one takes four times as long.
S3_SHARE = 0.1

#: Kills into one place, until it is another's turn.
TURN = 25

#: How often eight write at once.
ROUNDS = 100

#: Days of the archives from which a person is erased, or days that expire: work on a few days is killed at every
#: boundary. A kill of work on many days takes seconds, so one run notes every state that a kill can leave, a few kills
#: show that they leave these, and a second run goes on from each.
FEW_DAYS, MANY_DAYS = 3, 60
KILLS_COMPARED = 40

#: Problems that a lane prints.
MAX_SHOWN = 40

#: Seconds between two lines about how far it is.
TOLD = 60


@dataclass
class Share:
    """A share of everything, with an emulator, an S3 server and victims of its own, until it is done or time is up.

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
        self._shown = 0

    def run(self, folder: Path) -> Report:
        with Sends(folder / f"{self.number}-sends", self.report) as sends:
            self._disturb(sends)
        with S3Server() as s3, Lane(folder / f"{self.number}", s3.connection) as lane:
            folders = itertools.count()

            def new_folder() -> Folder:
                return Folder(lane.folder / f"out-{next(folders)}")

            on_disk = Trials(lane, new_folder, self.report)
            on_s3 = Trials(lane, s3.new_bucket, self.report)
            self._do(on_disk, on_s3)
            self._kill_each(Forgetting(lane, new_folder, self.report, days=FEW_DAYS))
            self._resume_each(Forgetting(lane, new_folder, self.report, days=MANY_DAYS))
            self._kill_each(Forgetting(lane, s3.new_bucket, self.report, days=FEW_DAYS))
        self._show_problems()
        return self.report

    def _do(self, on_disk: Trials, on_s3: Trials) -> None:
        work = [(trials, trials.enumerated(scenario)) for trials in (on_disk, on_s3) for scenario in SCENARIOS]
        kills, rounds = self._part(self.crashes), self._part(ROUNDS)
        self.report.planned.update({"kills": kills, "rounds of 8 at once": rounds, "rounds of 4 at once": rounds})
        for _, enumeration in work:
            self.report.planned[f"faults of {enumeration.title}"] = self._part(len(enumeration.faults))
        on_disk.at_once(rounds, self._in_time)
        on_disk.at_once(rounds, self._in_time, logs=(0, 0, 1, 1))
        for trials, enumeration in work:
            mine = enumeration.faults[self.number :: LANES]
            trials.boundaries(enumeration, itertools.takewhile(self._in_time, mine))
        random = Random(f"{self.seed}/{self.number}")
        while self.report.counts["kills"] < kills and self._in_time():
            turn = min(self.report.counts["kills"] + TURN, kills)
            wanted = partial(self._wanted, turn)
            (on_s3 if random.random() < S3_SHARE else on_disk).timed(random, wanted)

    def _kill_each(self, forgetting: Forgetting) -> None:
        """Kill work on an archive at each boundary."""
        for kind in FORGETTING:
            enumeration = forgetting.enumerated(kind)
            mine = enumeration.faults()[self.number :: LANES]
            self.report.planned[f"faults of {enumeration.title}"] = len(mine)
            forgetting.disturb(enumeration, itertools.takewhile(self._in_time, mine))

    def _resume_each(self, forgetting: Forgetting) -> None:
        """Go on from each state that a kill of work on an archive can leave; some kills show that they leave these."""
        for kind in FORGETTING:
            enumeration = forgetting.enumerated(kind, with_states=True)
            mine = enumeration.states[self.number :: LANES]
            faults = enumeration.faults()
            some = faults[:: max(1, len(faults) // KILLS_COMPARED)][self.number :: LANES]
            self.report.planned[f"states of {enumeration.title}"] = len(mine)
            self.report.planned[f"states of {enumeration.title} that real kills left"] = len(some)
            forgetting.compare(enumeration, itertools.takewhile(self._in_time, some))
            forgetting.resume(enumeration, itertools.takewhile(self._in_time, mine))

    def _disturb(self, sends: Sends) -> None:
        work = [sends.enumerated(kind) for kind in KINDS]
        for enumeration in work:
            mine = list(enumeration.faults())[self.number :: LANES]
            self.report.planned[f"faults of {enumeration.kind}"] = len(mine)
        for enumeration in work:
            mine = list(enumeration.faults())[self.number :: LANES]
            sends.disturb(enumeration, itertools.takewhile(self._in_time, mine))

    def _part(self, of: int) -> int:
        return len(range(self.number, of, LANES))

    def _wanted(self, kills: int) -> bool:
        return self._in_time() and self.report.counts["kills"] < kills

    def _show_problems(self) -> None:
        for kind, sentence in self.report.problems[self._shown : MAX_SHOWN]:
            print(f"{kind}: {sentence}", flush=True)
        self._shown = len(self.report.problems)

    def _in_time(self, *_: object) -> bool:
        self._show_problems()
        now = time.monotonic()
        if now > self._told + TOLD:
            self._told = now
            print(f"lane {self.number}: {progress(self.report)}", flush=True)
        whole = multiprocessing.parent_process()
        return now < self.deadline and (whole is None or whole.is_alive())


def progress(report: Report) -> str:
    """Say how much is done of all that is planned, and of what has begun."""
    begun = [
        f"{report.counts[what]} of {many} {what}"
        for what, many in report.planned.items()
        if 0 < report.counts[what] < many
    ]
    left = report.left_out().total()
    return ", ".join([f"{left} of {report.planned.total()} left", *begun])
