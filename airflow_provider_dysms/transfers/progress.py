"""Says every few seconds in the task log how far an audit is."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_dysms.api.caller import Counters
    from airflow_provider_dysms.audit.tally import Tally

#: Seconds between two lines.
INTERVAL = 5.0


class Progress:
    """Logs lines done, rows, requests a second, throttled answers and the time left, while it is entered.

    :param log: the task's logger
    :param what: names the work
    :param lines: how many lines there are in all
    :param tally: what is done
    :param counters: what the client did
    """

    def __init__(self, log: Any, what: str, lines: int, tally: Tally, counters: Counters) -> None:
        self._log = log
        self._what = what
        self._lines = lines
        self._tally = tally
        self._counters = counters

    def __enter__(self) -> None:
        self._started = self._last = time.monotonic()
        self._last_requests = self._counters.requests
        self._next()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._say()

    def _next(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tick)

    def _tick(self) -> None:
        self._say()
        self._next()

    def _say(self) -> None:
        now, requests, done = time.monotonic(), self._counters.requests, self._tally.lines
        rate = (requests - self._last_requests) / max(now - self._last, 1e-9)
        left = "unknown" if not done else f"{(self._lines - done) * (now - self._started) / done:.0f} s"
        self._log.info(
            "%s: %s of %s lines, %s rows, %.0f requests/s, %s throttled, time left %s",
            self._what,
            done,
            self._lines,
            self._tally.rows,
            rate,
            self._counters.throttled,
            left,
        )
        self._last, self._last_requests = now, requests
