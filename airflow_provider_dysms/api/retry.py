"""Decides whether a failed request is sent again, and after what delay.

The decision is a pure function: it does not sleep, and reads neither a clock nor a random source of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import (
    DysmsBusinessLimit,
    DysmsError,
    DysmsHeldBack,
    DysmsIncomplete,
    DysmsMismatched,
    DysmsNonceUsed,
    DysmsThrottled,
    DysmsTransient,
    may_have_executed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: Attempts in all, without a delay between them, if a response belongs to another request.
MAX_FRESH_ATTEMPTS = 3

#: Attempts in all if a limit of the account is used up.
MAX_LIMIT_ATTEMPTS = 3

#: Attempts in all if the service has seen the nonce before.
MAX_NONCE_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How many attempts a call may make, and how long it may wait between them.

    :param max_attempts: requests per call; throttled requests are not counted
    :param total_time: seconds that one call may spend on failed requests and the delays between them
    :param wait_initial: seconds before the second attempt; doubled before each further attempt
    :param wait_account_limit: the same, if a limit of the account is used up
    :param throttle_timeout: seconds for which the service may throttle *every* request of the client before a call
        gives up; while the service answers at least one request, a throttled one keeps waiting
    """

    max_attempts: int = 6
    total_time: float = 120.0
    wait_initial: float = 0.5
    wait_account_limit: float = 5.0
    throttle_timeout: float = 300.0

    def delay(
        self,
        error: DysmsError,
        *,
        attempt: int,
        spent: float,
        throttled_for: float,
        idempotent: bool,
        random: Callable[[], float],
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or ``None`` to give up.

        :param error: the error of the last attempt
        :param attempt: number of the last attempt, from 1; throttled requests are not counted
        :param spent: seconds spent on all attempts, delays included
        :param throttled_for: seconds since the service last gave the client a response other than "throttled"
        :param idempotent: whether the request may safely be executed twice: true of a query, false of a send
        :param random: returns a number from 0 to 1
        """
        if isinstance(error, DysmsThrottled):
            # The rate limiter delays all requests, and the gateway refused this one before it was executed.
            return 0.0 if throttled_for < self.throttle_timeout else None
        if isinstance(error, (DysmsIncomplete, DysmsMismatched)) and idempotent and attempt < MAX_FRESH_ATTEMPTS:
            return 0.0  # on a new connection
        if not isinstance(error, DysmsTransient) or isinstance(error, DysmsHeldBack):
            return None
        is_account_limit = isinstance(error, DysmsBusinessLimit)
        if not idempotent and (may_have_executed(error) or is_account_limit):
            return None
        if isinstance(error, DysmsNonceUsed):
            return 0.0 if attempt < MAX_NONCE_ATTEMPTS else None
        if attempt >= (MAX_LIMIT_ATTEMPTS if is_account_limit else self.max_attempts):
            return None
        max_delay = (self.wait_account_limit if is_account_limit else self.wait_initial) * 2 ** (attempt - 1)
        delay = max_delay * (0.5 + random() / 2)
        return delay if spent + delay <= self.total_time else None
