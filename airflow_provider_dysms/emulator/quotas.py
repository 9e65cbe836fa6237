"""Enforces the quotas: how many requests per second an account may send for each action. Also counts all requests.

The quota holds for every window of one second, and all keys of an account share it
(https://help.aliyun.com/document_detail/438433.html).
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The quotas that the vendor documents, in requests per second.
QUOTAS = {
    "QuerySendDetails": 5_000,
    "QuerySendStatistics": 20,
    "SendSms": 5_000,
    "SendBatchSms": 5_000,
    "QueryMessage": 300,
    "SendMessageToGlobe": 2_000,
    "SendMessageWithTemplate": 1_500,
    "BatchSendMessageToGlobe": 1,
    "SmsConversionIntl": 500,
    "ConversionDataIntl": 500,
    "SmsConversion": 500,
    "ConversionData": 10,
}
WINDOW_SECONDS = 1.0


@dataclass(slots=True)
class RequestCounts:
    """Counts the requests for one action.

    :param requests: all requests, including the throttled ones
    :param throttled: requests that were refused because the quota was used up, or as planned by a fault
    :param worst_second: the most requests that arrived within any window of one second
    """

    requests: int = 0
    throttled: int = 0
    worst_second: int = 0
    _arrivals: deque[float] = field(default_factory=deque)

    def record_arrival(self, now: float) -> None:
        """Count a request.

        :param now: seconds of a monotonic clock
        """
        self.requests += 1
        self._arrivals.append(now)
        while self._arrivals[0] <= now - WINDOW_SECONDS:
            self._arrivals.popleft()
        self.worst_second = max(self.worst_second, len(self._arrivals))

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {"requests": self.requests, "throttled": self.throttled, "worst_second": self.worst_second}


class Quotas:
    """Decides whether a request is within the quota, and counts every request.

    :param monotonic: the clock that measures the window, in seconds. It is the machine's clock, because a test can
        change the emulator's own.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._limits = dict(QUOTAS)
        self._acquired: dict[tuple[str, str], deque[float]] = {}
        self.counts: dict[str, RequestCounts] = {}

    @property
    def limits(self) -> dict[str, int]:
        """The quota of each action, in requests per second."""
        return dict(self._limits)

    def configure(self, limits: Mapping[str, object]) -> None:
        """Change the quotas of some actions.

        :param limits: action -> requests per second
        :raises InputError: an action is unknown, or a limit is not a positive whole number
        """
        for action, limit in limits.items():
            if action not in QUOTAS:
                raise InputError(f"the action {action} does not exist; the actions are {', '.join(QUOTAS)}")
            if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
                raise InputError(f"the quota of {action} must be a whole number of requests per second, at least 1")
        self._limits.update({action: int(str(limit)) for action, limit in limits.items()})

    def record_request(self, action: str) -> RequestCounts:
        """Count a request that arrives now; return the counts of its action."""
        counts = self.counts.get(action)
        if counts is None:
            counts = self.counts[action] = RequestCounts()
        counts.record_arrival(self._monotonic())
        return counts

    def try_acquire(self, account: str, action: str) -> bool:
        """Return whether a request is within the quota. Refused requests do not use up the quota."""
        now = self._monotonic()
        acquired = self._acquired.get((account, action))
        if acquired is None:
            acquired = self._acquired[account, action] = deque()
        while acquired and acquired[0] <= now - WINDOW_SECONDS:
            acquired.popleft()
        if len(acquired) >= self._limits[action]:
            return False
        acquired.append(now)
        return True
