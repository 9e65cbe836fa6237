"""The budget of requests a second: may I send now, and else how long not. No I/O, no clock, no asyncio object.

The vendor counts per account and action, over all keys. A budget therefore belongs to (endpoint, configured identity,
action) and spans the process; what is granted in any one second never exceeds it. Requests are spaced evenly, a grant
is judged at the moment it is used, and time that was not used is lost: making up for it would be the burst that gets
an account throttled.

Follows https://help.aliyun.com/document_detail/438433.html (quotas per API).
"""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Requests a second that the vendor grants to an account, by action.
QUOTAS: Mapping[str, float] = MappingProxyType(
    {
        "QuerySendDetails": 5000,
        "QuerySendStatistics": 20,
        "QueryMessage": 300,
        "SendSms": 5000,
        "SendMessageToGlobe": 2000,
    }
)

#: The part of a second's requests that may leave at once. Whoever wakes late makes up for it within this, no further;
#: where timers ring 10 ms late, 2 in 100 would use 83 % of the budget, 3 use 92 %, 4 use 94 % and would cost more.
BURST = 0.03
#: One wake in so long (s) serves several requests; it must leave most of a burst to those who wake late.
WAKE = 0.01

#: Where a request was throttled and none that left later is answered, everybody stops for one of the vendor's windows
#: (s); then a single request leaves, and everybody waits for its answer. Each further refusal lengthens the pause;
#: twice as long would be the wrong moment again where the service refuses in a rhythm.
PAUSE = 1.0
LONGER = 1.5
LONGEST_PAUSE = 30.0
#: While everybody is stopped, an answer is noticed within so long (s).
GLANCE = 0.01
#: A throttled answer lowers the rate to this share of what it was; where everybody had to stop, it is lowered to the
#: second share as well. It is never below the last, and grows back within so long (s). Smaller shares starve us where
#: the service refuses in a rhythm; larger ones are refused again and again where others use the account, too.
SLOWER = 0.9
STOPPED = 0.8
SLOWEST = 1 / 32
RECOVERY = 10.0

NEVER = float("-inf")


class RateLimiter:
    """Grants at most ``per_second`` requests in any one second, evenly spaced.

    :param per_second: our share of the account's quota, requests a second, above 0
    """

    def __init__(self, per_second: float) -> None:
        self._lock = threading.Lock()
        self._next = 0.0  # when the next request is due if all are spaced evenly
        self._answered_left = NEVER  # when the newest request left that was answered
        self._refused_left = NEVER  # the same for the one that shut the doors
        self._is_shut = False  # until a newer one than that is answered
        self._shut_at = NEVER
        self._pause = PAUSE
        self._probe_due = NEVER
        self._slowed_at, self._slowed_to = NEVER, 1.0
        self.resize(per_second)

    def resize(self, per_second: float) -> None:
        """Set the budget anew: the latest configuration of an identity holds."""
        with self._lock:
            self.per_second = per_second
            # Grants within one second <= burst + rate <= per_second; of single ones, as many as begin in it.
            burst = 1 + int(per_second * BURST)
            rate = per_second - burst if burst > 1 else (int(per_second) or per_second) * (1 - BURST)
            self._spacing = 1 / rate
            self._slack = (burst - 1) * self._spacing

    def take(self, now: float) -> float:
        """Take one request out of the budget, or say how long there is none.

        :param now: seconds of a clock that never goes back
        :returns: 0 where the request may leave now, else seconds to wait before asking again
        """
        with self._lock:
            if self._is_shut and now < self._probe_due:
                return min(self._probe_due - now, GLANCE)  # an answer may open the doors at any time
            early = self._next - self._slack - now
            if early > 0:
                return max(early, min(self._slack, WAKE))
            due = now
            if self._is_shut:
                self._probe_due = now + self._pause  # the next one, if this is never answered
                due = now + self._slack  # no burst when the doors open
            spacing = self._spacing if self._slowed_to == 1 else self._spacing / self._pace(now)
            self._next = (self._next if self._next > due else due) + spacing
            return 0.0

    def left(self, now: float) -> None:
        """Take note that the request which was granted last leaves only now: the machine had something else to do."""
        with self._lock:
            if self._next < now + self._spacing:
                self._next = now + self._spacing

    def answered(self, left: float) -> None:
        """Take note that the service answered anything but "throttled".

        :param left: when the request was granted, by the clock given to :meth:`take`
        """
        with self._lock:
            if self._answered_left < left:
                self._answered_left = left
            if self._is_shut and left > self._refused_left:
                self._is_shut = False
                if left > self._shut_at:
                    self._slowed_to, self._slowed_at = max(self._pace(self._shut_at) * STOPPED, SLOWEST), left

    def throttled(self, now: float, left: float, retry_after: float | None = None) -> None:
        """Slow everybody down, because the service throttled a request.

        :param now: seconds of the clock given to :meth:`take`
        :param left: when the request was granted, by that clock
        :param retry_after: seconds that the service asked for, if it did
        """
        with self._lock:
            if left <= self._shut_at:  # it left before the doors were shut, or were the last time
                if self._is_shut:
                    self._refused_left = max(self._refused_left, left)
                return
            if self._is_shut:
                self._pause = min(self._pause * LONGER, LONGEST_PAUSE)
                self._slowed_at = now  # meanwhile it did not grow
            else:
                self._pause = PAUSE
                if left > self._slowed_at:  # once for all that left before
                    self._slowed_to, self._slowed_at = max(self._pace(now) * SLOWER, SLOWEST), now
                if left < self._answered_left and retry_after is None:
                    return
            pause = self._pause if retry_after is None else min(max(retry_after, PAUSE), LONGEST_PAUSE)
            self._is_shut, self._shut_at = True, now
            self._refused_left = left if retry_after is None else now
            self._probe_due = now + pause

    def _pace(self, now: float) -> float:
        return min(self._slowed_to + max(now - self._slowed_at, 0) / RECOVERY, 1.0)


_budgets: dict[tuple[str, str, str], RateLimiter] = {}
_budgets_lock = threading.Lock()


def rate_limiter(endpoint: str, identity: str, action: str, per_second: float) -> RateLimiter:
    """Return the process's budget of an identity for an action at an endpoint.

    :param endpoint: host of the service
    :param identity: who is configured: login or role, not the key of the hour
    :param action: API action
    :param per_second: size of the budget; the latest caller's size holds
    """
    with _budgets_lock:
        found = _budgets.get((endpoint, identity, action))
        if found is None:
            found = _budgets[endpoint, identity, action] = RateLimiter(per_second)
        elif found.per_second != per_second:
            found.resize(per_second)
        return found
