"""What the requests of one action share: where they go, who signs them, and the line they stand in."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_dysms.api.auth.refresh import CredentialsResolver
    from airflow_provider_dysms.api.auth.signing import Signer
    from airflow_provider_dysms.api.http.correlation import RequestIds
    from airflow_provider_dysms.api.http.transport import Transport
    from airflow_provider_dysms.api.rate_limiter import RateLimiter


class RequestQueue:
    """The waiting line of one client and one action.

    :param signer: signs the requests, for where they go
    :param transport: carries them
    :param request_ids: of the endpoint's responses
    :param keys: what they are signed with
    :param budget: says when one may leave
    :param clock: returns seconds that never go back
    :param sleep: waits some seconds
    """

    def __init__(
        self,
        signer: Signer,
        transport: Transport,
        request_ids: RequestIds,
        keys: CredentialsResolver,
        budget: RateLimiter,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.signer = signer
        self.transport = transport
        self.request_ids = request_ids
        self.budget = budget
        self.answered_at = float("-inf")
        self._keys = keys
        self._clock = clock
        self._sleep = sleep
        self._line = asyncio.Lock()  # first come, first served
        self._in_line = 0

    def was_answered(self, left: float) -> None:
        """Take note that the service answered one of the lane's requests, and did not throttle it.

        :param left: when the request left
        """
        self.answered_at = self._clock()
        self.budget.answered(left)

    def turn_at_once(self) -> float | None:
        """Let one request leave if nobody waits, a key is there and the budget grants it; return when it did."""
        if self._in_line or not self._keys.are_ready or self.budget.take(left := self._clock()):
            return None
        return left

    async def wait_for_turn(self) -> float:
        """Wait until the budget lets one request leave, and a key is there to sign it; return when it did.

        :raises DysmsError: there is no key, see :meth:`.keys.Keys.ready`
        """
        came = time.monotonic()
        self._in_line += 1
        try:
            async with self._line:
                # The key first: requests that had their turn and waited for a key would leave in a burst.
                while True:
                    await self._keys.ready(came)
                    if not (wait := self.budget.take(left := self._clock())):
                        return left
                    await self._sleep(wait)
        finally:
            self._in_line -= 1
