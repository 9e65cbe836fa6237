"""May a failed request be tried again, and when. No sleeping, no clock, no random source of its own."""

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

#: Requests in all, without a pause between them, for a response that belongs to another request.
FRESH_TRIES = 3


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a request is tried.

    :param tries: requests in all for one call, throttled ones not counted
    :param total_time: seconds that one call may spend on failed requests and pauses
    :param first_pause: seconds before the second try, doubled before each further one
    :param limit_pause: the same where a limit of the account is used up
    :param throttle_patience: seconds for which the service may throttle *everything* before a call gives up; as long as
        any request of the client is answered, a throttled one waits on
    """

    tries: int = 6
    total_time: float = 120.0
    first_pause: float = 0.5
    limit_pause: float = 5.0
    throttle_patience: float = 300.0

    def pause(
        self,
        error: DysmsError,
        *,
        tried: int,
        spent: float,
        throttled_for: float,
        repeatable: bool,
        random: Callable[[], float],
    ) -> float | None:
        """Return the seconds to wait before the next try, or ``None`` to give up.

        :param error: what the last try ended in
        :param tried: requests made so far, throttled ones not counted
        :param spent: seconds spent on them, pauses included
        :param throttled_for: seconds since the client was last answered anything but "throttled"
        :param repeatable: whether it does no harm if an earlier try was carried out (a query, not a send)
        :param random: returns a number from 0 to 1
        """
        if isinstance(error, DysmsThrottled):
            # The budget holds everybody back; the gateway refused, so nothing was carried out.
            return 0.0 if throttled_for < self.throttle_patience else None
        if isinstance(error, (DysmsIncomplete, DysmsMismatched)) and repeatable and tried < FRESH_TRIES:
            return 0.0  # on a fresh connection
        if not isinstance(error, DysmsTransient) or isinstance(error, DysmsHeldBack):
            return None
        if not repeatable and (may_have_executed(error) or isinstance(error, DysmsBusinessLimit)):
            return None
        if isinstance(error, DysmsNonceUsed):
            return 0.0 if tried < 2 else None
        limit = isinstance(error, DysmsBusinessLimit)
        if tried >= (3 if limit else self.tries):
            return None
        longest = (self.limit_pause if limit else self.first_pause) * 2 ** (tried - 1)
        pause = longest * (0.5 + random() / 2)
        return pause if spent + pause <= self.total_time else None
