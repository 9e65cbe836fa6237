"""Logs the progress of an audit every few seconds, and its requests and duration at the end.

The lines of the progress are one group, which Airflow's UI folds; what remains is the last line.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.api.counters import Counters
    from airflow_provider_dysms.audit.tally import Tally

#: Seconds between two log lines.
INTERVAL = 5.0

#: Shortest time in seconds for which a rate is stated: 500 requests in a third of a second are not 1,500 per second.
MIN_RATE_TIME = 1.0


class Progress:
    """Logs finished lines, rows, requests, throttled responses and the remaining time, while it is entered.

    :param log: the task's logger
    :param what: the name of the work
    :param lines: number of lines in all
    :param tally: counts finished lines and rows
    :param counters: count the client's requests
    :param clock: returns seconds that never go back
    """

    def __init__(
        self,
        log: Any,
        what: str,
        lines: int,
        tally: Tally,
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._what = what
        self._lines = lines
        self._tally = tally
        self._counters = counters
        self._clock = clock

    def __enter__(self) -> None:
        self._started = self._last = self._clock()
        self._first_requests = self._last_requests = self._counters.requests
        self._is_group_open = False
        self._next()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._is_group_open:
            self._log.info("::endgroup::")
        requests, seconds = self._counters.requests - self._first_requests, self._clock() - self._started
        rate = f", {requests / seconds:,.0f} requests/s" if seconds >= MIN_RATE_TIME else ""
        self._log_progress(f"{requests:,} requests in {seconds:,.1f} s{rate}", "")

    def _next(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def _tick(self) -> None:
        if not self._is_group_open:
            self._log.info("::group::%s: progress", self._what)
            self._is_group_open = True
        now, requests, done = self._clock(), self._counters.requests, self._tally.lines
        rate = (requests - self._last_requests) / max(now - self._last, MIN_RATE_TIME)
        remaining = f"about {(self._lines - done) * (now - self._started) / done:,.0f} s" if done else "unknown"
        self._log_progress(f"{rate:,.0f} requests/s", f", time left: {remaining}")
        self._last, self._last_requests = now, requests
        self._next()

    def _log_progress(self, requests: str, remaining: str) -> None:
        self._log.info(
            "%s: %s of %s lines, %s rows, %s, %s throttled%s",
            self._what,
            f"{self._tally.lines:,}",
            f"{self._lines:,}",
            f"{self._tally.rows:,}",
            requests,
            f"{self._counters.throttled:,}",
            remaining,
        )
