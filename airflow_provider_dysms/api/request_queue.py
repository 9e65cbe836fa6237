"""Queues the requests of one API action until the rate limiter grants them and valid credentials can sign them."""

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
    """The queue of one client and one action, first in, first out.

    :param signer: signs the action's requests
    :param transport: carries them
    :param request_ids: the request ids of the endpoint's latest responses
    :param credentials: resolves the credentials that sign the requests
    :param rate_limiter: decides when a request may leave
    :param clock: returns seconds that never go back
    :param sleep: waits some seconds
    """

    def __init__(
        self,
        signer: Signer,
        transport: Transport,
        request_ids: RequestIds,
        credentials: CredentialsResolver,
        rate_limiter: RateLimiter,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.signer = signer
        self.transport = transport
        self.request_ids = request_ids
        self.rate_limiter = rate_limiter
        self.responded_at = float("-inf")
        self._credentials = credentials
        self._clock = clock
        self._sleep = sleep
        self._first_in_queue = asyncio.Lock()  # asyncio wakes its waiters in the order in which they came
        self._waiting = 0

    def record_response(self, dispatched_at: float) -> None:
        """Record that the service answered a request of this queue, and did not throttle it.

        :param dispatched_at: when the request left
        """
        self.responded_at = self._clock()
        self.rate_limiter.record_response(dispatched_at)

    def try_acquire(self) -> float | None:
        """Let one request leave if none waits, credentials are ready and the rate limiter grants it.

        :returns: when the request was granted; ``None`` if it must wait
        """
        if self._waiting or not self._credentials.are_fresh or self.rate_limiter.try_acquire(now := self._clock()):
            return None
        return now

    async def acquire(self) -> float:
        """Wait until the rate limiter grants one request and credentials are ready to sign it.

        :returns: when the request was granted
        :raises DysmsError: there are no credentials, see :meth:`.refresh.CredentialsResolver.ensure_fresh`
        """
        since = time.monotonic()
        self._waiting += 1
        try:
            async with self._first_in_queue:
                # Credentials first: requests that were granted and then waited for credentials would leave in a burst.
                while True:
                    await self._credentials.ensure_fresh(since)
                    if not (wait := self.rate_limiter.try_acquire(now := self._clock())):
                        return now
                    await self._sleep(wait)
        finally:
            self._waiting -= 1
