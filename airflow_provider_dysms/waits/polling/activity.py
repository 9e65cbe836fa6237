"""Adds up what the polls of one event loop and connection do, and reports it every few seconds, for metrics."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.api.counters import Counters

    #: Takes a report; it is called on the event loop, so it must not block.
    Report = Callable[["Activity"], None]

#: Seconds between two reports while polls run. Thousands of waits must not cause thousands of reports.
INTERVAL = 10.0


@dataclass(frozen=True, slots=True)
class Activity:
    """The polls since the last report, and the number of waits that are open now.

    :param open_waits: waits of the event loop, through every connection
    :param requests: requests since the last report
    :param throttled: how many of them the service throttled
    :param max_lag: seconds by which the latest of the polls was late; ``None`` if there was no poll
    """

    open_waits: int
    requests: int
    throttled: int
    max_lag: float | None


class ActivityMeter:
    """Collects the polls through one connection, and reports them.

    :param counters: count the requests of the connection
    :param count_waits: returns how many waits of the event loop are open
    :param report: takes each report
    """

    def __init__(self, counters: Counters, count_waits: Callable[[], int], report: Report) -> None:
        self._counters = counters
        self._count_waits = count_waits
        self._report = report
        self._requests = self._throttled = 0
        self._max_lag: float | None = None
        self._next_report = float("-inf")

    def add_poll(self, lag: float) -> None:
        """Record that a poll begins.

        :param lag: seconds since it was due
        """
        self._max_lag = max(lag, self._max_lag or 0.0)
        self.report_if_due()

    def report_if_due(self) -> None:
        """Report, unless that has happened a short time ago."""
        if asyncio.get_running_loop().time() >= self._next_report:
            self.report()

    def report(self) -> None:
        """Report now."""
        self._next_report = asyncio.get_running_loop().time() + INTERVAL
        requests, throttled = self._counters.requests, self._counters.throttled
        activity = Activity(
            open_waits=self._count_waits(),
            requests=requests - self._requests,
            throttled=throttled - self._throttled,
            max_lag=self._max_lag,
        )
        self._requests, self._throttled, self._max_lag = requests, throttled, None
        self._report(activity)
