"""Runs one load in a new triggerer, and computes the figures of the run."""

from __future__ import annotations

import math
import random
import time
from bisect import bisect
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from figures import Spread, percentile, slope, spread, worst_second
from loads import ScriptProcess

if TYPE_CHECKING:
    from loads import SleepingLoad

#: How long to wait after a run for its last events (s); the runner reports to its supervisor once per second.
DRAIN_SECONDS = 4.0


@dataclass(frozen=True)
class Run:
    """The measurements of one load.

    :param start: duration of the start phase in seconds, from the first trigger on
    :param seconds: duration of the steady phase that follows
    :param report: see triggerer.py
    :param counts: the counts of the service
    :param ends: when each message gets its outcome, seconds since 1970
    :param steady_from: start of the steady phase, seconds since 1970
    """

    load: SleepingLoad
    start: float
    seconds: float
    report: dict[str, Any]
    counts: dict[str, int]
    ends: list[float]
    steady_from: float

    def lag(self, *, steady: bool, own: bool) -> Spread:
        """Return how late the runner's event loop was, in ms.

        :param steady: in the steady phase rather than in the start phase
        :param own: whether to exclude time in which the runner was ready but the machine ran something else
        """
        first, last = self._window(steady)
        return spread(
            [
                max(late - stolen * own, 0) * 1000
                for instant, late, stolen in self.report["lags"]
                if first <= instant < last
            ]
        )

    def worst_second(self, *, steady: bool) -> int:
        """Return the most requests that were written in any second of a phase; the steady phase ends with the run."""
        steady_start = self._window(steady=True)[0]
        return worst_second([instant for instant in self.report["written"] if (instant >= steady_start) is steady])

    @property
    def cpu(self) -> float:
        """CPU of the runner's process in the steady phase, in cores."""
        return slope(self.report["cpu"], *self._window(steady=True))

    @property
    def throttled(self) -> float:
        """The share of requests above the quota."""
        return self.counts["throttled"] / max(self.counts["requests"], 1)

    @property
    def failed(self) -> int:
        """The number of waits that ended without the outcome of their message."""
        return len(self.report["failures"]) + sum(self.load.failed(payload) for *_, payload in self.report["events"])

    @cached_property
    def latencies(self) -> list[tuple[float, float]]:
        """For each message that got its outcome in the steady phase: its latency and the poll interval at that time.

        The latency is the number of seconds until the supervisor had the event. The poll interval follows from the
        number of waits that were still open.
        """
        reported_at = {position: at for position, at, _ in self.report["events"]}
        ordered = sorted(reported_at.values())
        return [
            (reported_at.get(position, math.inf) - end, self.load.poll_interval(len(self.ends) - bisect(ordered, end)))
            for position, end in enumerate(self.ends)
            if self.steady_from <= end < self.steady_from + self.seconds
        ]

    @property
    def beyond_poll_interval(self) -> float:
        """The 99th percentile of the seconds by which an event was later than one poll interval."""
        return percentile([latency - interval for latency, interval in self.latencies], 0.99)

    def _window(self, steady: bool) -> tuple[float, float]:
        first = float(self.report["created_at"]) + self.start * steady
        return first, first + (self.seconds if steady else self.start)


def measure(load: SleepingLoad, waits: int, *, start: float, seconds: float, core: str, log: IO[bytes]) -> Run:
    """Run a load in a new triggerer.

    :param waits: number of waits; their messages get their outcome at random times within the start phase and twice
        the steady phase
    :param core: CPU core that is reserved for the trigger runner; empty: none
    :param log: receives the log of the triggerer
    """
    with load, ScriptProcess("triggerer.py", core, log=log) as triggerer:
        triggerer.receive()
        now = time.time() + 1  # the approximate time at which the first trigger is created
        rng = random.Random(waits)
        ends = [now + rng.uniform(2, start + 2 * seconds) for _ in range(waits)]
        triggerer.request({"triggers": load.triggers(ends), "connections": load.connections})
        time.sleep(start + seconds + load.poll_interval(waits) + DRAIN_SECONDS)
        return Run(load, start, seconds, triggerer.request({}), load.counts(), ends, now + start)
