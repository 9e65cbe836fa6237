"""Limits the requests per second: grants a request now, or returns how long to wait before asking again.

It does no I/O, reads no clock and holds no asyncio object.

The vendor counts the requests per account and action, over all access keys. A rate limiter therefore belongs to
(endpoint, configured identity, action) and serves the whole process. The requests that it grants in any one second
never exceed its rate. They are spaced evenly, and time that was not used is lost: making up for it would be the burst
that gets an account throttled.

Follows https://help.aliyun.com/document_detail/438433.html (quotas per API).
"""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Requests per second that the vendor grants to an account, by action.
QUOTAS: Mapping[str, float] = MappingProxyType(
    {
        "QuerySendDetails": 5000,
        "QuerySendStatistics": 20,
        "QueryMessage": 300,
        "SendSms": 5000,
        "SendMessageToGlobe": 2000,
    }
)

#: The share of a second's requests that may leave at once. A task that wakes late catches up within this share and no
#: further. On a machine that wakes tasks 10 ms late, a share of 2 % would use 83 % of the rate, 3 % use 92 %, and 4 %
#: use 94 %; a larger share lowers the even rate.
BURST_SHARE = 0.03
#: Seconds to sleep before several requests are due together. It must leave most of a burst to tasks that wake late.
BATCH_INTERVAL = 0.01

#: Seconds for which every request stops after a throttled response, if no later request is answered: one window of the
#: vendor's. Then a single probe leaves, and all requests wait for its response. Each further throttled response makes
#: the pause longer by the factor; a factor of 2 would hit the wrong moment again if the service throttles in a rhythm.
INITIAL_PAUSE = 1.0
PAUSE_FACTOR = 1.5
MAX_PAUSE = 30.0
#: While every request is stopped: seconds between two looks for the response that ends the stop.
POLL_INTERVAL = 0.01
#: A throttled response lowers the rate by the first factor, and the end of a stop by the second as well. The rate is
#: never below the minimum share, and grows back to the full rate within the recovery time (seconds). Smaller factors
#: starve us if the service throttles in a rhythm; larger ones get throttled repeatedly if others use the account too.
THROTTLED_FACTOR = 0.9
STOPPED_FACTOR = 0.8
MIN_RATE_SHARE = 1 / 32
RECOVERY_TIME = 10.0

NEVER = float("-inf")


class RateLimiter:
    """Grants at most ``per_second`` requests in any one second, evenly spaced.

    :param per_second: our share of the account's quota in requests per second, above 0
    """

    def __init__(self, per_second: float) -> None:
        self._lock = threading.Lock()
        self._next_due = 0.0  # when the next request is due if all are spaced evenly
        self._last_responded_dispatch = NEVER  # when the newest answered request was dispatched
        self._throttled_dispatch = NEVER  # when the newest request that caused the stop was dispatched
        self._is_stopped = False  # until a request dispatched later than that is answered
        self._stopped_at = NEVER
        self._pause = INITIAL_PAUSE
        self._probe_due = NEVER
        self._slowed_at, self._slowed_to = NEVER, 1.0
        self.resize(per_second)

    def resize(self, per_second: float) -> None:
        """Change the rate: the latest configuration of an identity wins."""
        with self._lock:
            self.per_second = per_second
            # Requests within one second <= burst + rate <= per_second; without a burst, those that begin in it.
            burst = 1 + int(per_second * BURST_SHARE)
            rate = per_second - burst if burst > 1 else (int(per_second) or per_second) * (1 - BURST_SHARE)
            self._spacing = 1 / rate
            self._slack = (burst - 1) * self._spacing

    def try_acquire(self, now: float) -> float:
        """Grant one request, or return how long to wait.

        :param now: seconds of a clock that never goes back
        :returns: 0 if the request may leave now, else seconds to wait before asking again
        """
        with self._lock:
            if self._is_stopped and now < self._probe_due:
                return min(self._probe_due - now, POLL_INTERVAL)  # a response may end the stop at any time
            early = self._next_due - self._slack - now
            if early > 0:
                return max(early, min(self._slack, BATCH_INTERVAL))
            due = now
            if self._is_stopped:
                self._probe_due = now + self._pause  # the next probe, if this one is never answered
                due = now + self._slack  # no burst when the stop ends
            spacing = self._spacing if self._slowed_to == 1 else self._spacing / self._rate_share(now)
            self._next_due = (self._next_due if self._next_due > due else due) + spacing
            return 0.0

    def record_dispatch(self, now: float) -> None:
        """Record that the request granted last leaves only now, because the machine was busy in between."""
        with self._lock:
            if self._next_due < now + self._spacing:
                self._next_due = now + self._spacing

    def record_response(self, dispatched_at: float) -> None:
        """Record that the service gave a response other than "throttled".

        :param dispatched_at: when the request was granted, by the clock given to :meth:`try_acquire`
        """
        with self._lock:
            if self._last_responded_dispatch < dispatched_at:
                self._last_responded_dispatch = dispatched_at
            if self._is_stopped and dispatched_at > self._throttled_dispatch:
                self._is_stopped = False
                if dispatched_at > self._stopped_at:
                    share = self._rate_share(self._stopped_at) * STOPPED_FACTOR
                    self._slowed_to, self._slowed_at = max(share, MIN_RATE_SHARE), dispatched_at

    def record_throttle(self, now: float, dispatched_at: float, retry_after: float | None = None) -> None:
        """Slow all requests down, because the service throttled one.

        :param now: seconds of the clock given to :meth:`try_acquire`
        :param dispatched_at: when the throttled request was granted, by that clock
        :param retry_after: seconds that the service asked us to wait; ``None`` if it did not say
        """
        with self._lock:
            if dispatched_at <= self._stopped_at:  # it was dispatched before this stop, or before the last one
                if self._is_stopped:
                    self._throttled_dispatch = max(self._throttled_dispatch, dispatched_at)
                return
            if self._is_stopped:
                self._pause = min(self._pause * PAUSE_FACTOR, MAX_PAUSE)
                self._slowed_at = now  # the rate did not grow during the stop
            else:
                self._pause = INITIAL_PAUSE
                if dispatched_at > self._slowed_at:  # once for all requests dispatched before
                    share = self._rate_share(now) * THROTTLED_FACTOR
                    self._slowed_to, self._slowed_at = max(share, MIN_RATE_SHARE), now
                if dispatched_at < self._last_responded_dispatch and retry_after is None:
                    return
            pause = self._pause if retry_after is None else min(max(retry_after, INITIAL_PAUSE), MAX_PAUSE)
            self._is_stopped, self._stopped_at = True, now
            self._throttled_dispatch = dispatched_at if retry_after is None else now
            self._probe_due = now + pause

    def _rate_share(self, now: float) -> float:
        return min(self._slowed_to + max(now - self._slowed_at, 0) / RECOVERY_TIME, 1.0)


_limiters: dict[tuple[str, str, str], RateLimiter] = {}
_limiters_lock = threading.Lock()


def shared_rate_limiter(endpoint: str, identity: str, action: str, per_second: float) -> RateLimiter:
    """Return the process's rate limiter of an identity for an action at an endpoint.

    :param endpoint: host of the service
    :param identity: the configured login or role; the same for all its temporary credentials
    :param action: API action
    :param per_second: requests per second; the latest caller's number wins
    """
    with _limiters_lock:
        limiter = _limiters.get((endpoint, identity, action))
        if limiter is None:
            limiter = _limiters[endpoint, identity, action] = RateLimiter(per_second)
        elif limiter.per_second != per_second:
            limiter.resize(per_second)
        return limiter
