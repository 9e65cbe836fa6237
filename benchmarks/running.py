"""One load in one fresh triggerer: starts it, waits, and keeps what was seen."""

from __future__ import annotations

import math
import random
import time
from bisect import bisect
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from figures import Spread, percentile, slope, spread, worst_second
from loads import Script

if TYPE_CHECKING:
    from loads import Sleeping

#: Seconds until what happened before the end of a run has been heard of: the runner tells its supervisor once a second.
DRAIN = 4.0


@dataclass(frozen=True)
class Run:
    """What was seen of one load.

    :param start: seconds from the first trigger that count as start
    :param seconds: after them, the steady ones
    :param report: see triggerer.py
    :param counts: the service's own
    :param ends: when each message ends, seconds since 1970
    :param steady_from: the same for the first steady second
    """

    load: Sleeping
    start: float
    seconds: float
    report: dict[str, Any]
    counts: dict[str, int]
    ends: list[float]
    steady_from: float

    def lag(self, *, steady: bool, own: bool) -> Spread:
        """Return how late the runner's loop was, in ms.

        :param own: without the time in which the runner was ready and the machine ran something else
        """
        first, last = self._window(steady)
        return spread(
            [
                max(late - held_up * own, 0) * 1000
                for instant, late, held_up in self.report["lags"]
                if first <= instant < last
            ]
        )

    def worst_second(self, *, steady: bool) -> int:
        """Return the most requests that were written within a second; the steady part ends with the run."""
        edge = self._window(steady=True)[0]
        return worst_second([instant for instant in self.report["written"] if (instant >= edge) is steady])

    @property
    def cpu(self) -> float:
        """CPU of the runner's process while steady, in cores."""
        return slope(self.report["cpu"], *self._window(steady=True))

    @property
    def throttled(self) -> float:
        """The share of requests beyond the quota."""
        return self.counts["throttled"] / max(self.counts["requests"], 1)

    @property
    def failed(self) -> int:
        """How many waits ended without knowing what became of their message."""
        return len(self.report["failures"]) + sum(self.load.failed(payload) for *_, payload in self.report["events"])

    @cached_property
    def latencies(self) -> list[tuple[float, float]]:
        """For each message that ended while steady: seconds until the supervisor had the event, and the gap then.

        The gap follows from how many waits were open, which is until the supervisor knows.
        """
        told = {position: at for position, at, _ in self.report["events"]}
        ordered = sorted(told.values())
        return [
            (told.get(position, math.inf) - end, self.load.gap(len(self.ends) - bisect(ordered, end)))
            for position, end in enumerate(self.ends)
            if self.steady_from <= end < self.steady_from + self.seconds
        ]

    @property
    def beyond_the_gap(self) -> float:
        """How much later than the gap explains an event was there, 99 of 100."""
        return percentile([latency - gap for latency, gap in self.latencies], 0.99)

    def _window(self, steady: bool) -> tuple[float, float]:
        first = float(self.report["created_at"]) + self.start * steady
        return first, first + (self.seconds if steady else self.start)


def measure(load: Sleeping, waits: int, *, start: float, seconds: float, core: str, log: IO[bytes]) -> Run:
    """Run a load in a fresh triggerer.

    :param waits: how many; their messages end at random times within the start and twice the steady seconds
    :param core: that the trigger runner has for itself; empty: none
    :param log: takes what the triggerer logs
    """
    with load, Script("triggerer.py", core, log=log) as triggerer:
        triggerer.hear()
        now = time.time() + 1  # about when the first trigger is created
        rng = random.Random(waits)
        ends = [now + rng.uniform(2, start + 2 * seconds) for _ in range(waits)]
        triggerer.ask({"triggers": load.triggers(ends), "connections": load.connections})
        time.sleep(start + seconds + load.gap(waits) + DRAIN)
        return Run(load, start, seconds, triggerer.ask({}), load.counts(), ends, now + start)
