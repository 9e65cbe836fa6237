"""The requests a second that an account may send, per action, and what was sent: a sliding window of one second.

All keys of an account share its quota (https://help.aliyun.com/document_detail/438433.html).
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The service's own figures, requests a second.
QUOTAS = {
    "QuerySendDetails": 5_000,
    "QuerySendStatistics": 20,
    "SendSms": 5_000,
    "SendBatchSms": 5_000,
    "QueryMessage": 300,
    "SendMessageToGlobe": 2_000,
    "SendMessageWithTemplate": 1_500,
    "BatchSendMessageToGlobe": 1,
}
WINDOW = 1.0


@dataclass(slots=True)
class Count:
    """What came in for one action."""

    requests: int = 0
    throttled: int = 0
    worst_second: int = 0
    _arrivals: deque[float] = field(default_factory=deque)

    def arrive(self, now: float) -> None:
        """Count one request."""
        self.requests += 1
        self._arrivals.append(now)
        while self._arrivals[0] <= now - WINDOW:
            self._arrivals.popleft()
        self.worst_second = max(self.worst_second, len(self._arrivals))

    def as_dict(self) -> dict[str, int]:
        """Return the figures."""
        return {"requests": self.requests, "throttled": self.throttled, "worst_second": self.worst_second}


class Quotas:
    """Admits requests, and counts them whether admitted or not.

    :param monotonic: the clock of the window: the machine's, because the emulator's own can be set
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._limits = dict(QUOTAS)
        self._admitted: dict[tuple[str, str], deque[float]] = {}
        self.counts: dict[str, Count] = {}

    @property
    def limits(self) -> dict[str, int]:
        """Requests a second, per action."""
        return dict(self._limits)

    def configure(self, limits: Mapping[str, object]) -> None:
        """Set quotas.

        :raises InputError: there is no such action, or the figure is no positive whole number
        """
        for action, limit in limits.items():
            if action not in QUOTAS:
                raise InputError(f"there is no action {action}; there are {', '.join(QUOTAS)}")
            if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
                raise InputError(f"the quota of {action} must be a whole number of requests a second, at least 1")
        self._limits.update({action: int(str(limit)) for action, limit in limits.items()})

    def count(self, action: str) -> Count:
        """Count the arrival of a request; return the action's figures."""
        counted = self.counts.get(action)
        if counted is None:
            counted = self.counts[action] = Count()
        counted.arrive(self._monotonic())
        return counted

    def admit(self, account: str, action: str) -> bool:
        """Say whether a request is within the quota. What is refused does not count against it."""
        now = self._monotonic()
        admitted = self._admitted.get((account, action))
        if admitted is None:
            admitted = self._admitted[account, action] = deque()
        while admitted and admitted[0] <= now - WINDOW:
            admitted.popleft()
        if len(admitted) >= self._limits[action]:
            return False
        admitted.append(now)
        return True
