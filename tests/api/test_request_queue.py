"""Requests leave in the order in which they came."""

from __future__ import annotations

import asyncio

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.refresh import CredentialsResolver
from airflow_provider_dysms.api.auth.signing import Signer
from airflow_provider_dysms.api.http.correlation import RequestIds
from airflow_provider_dysms.api.rate_limiter import RateLimiter
from airflow_provider_dysms.api.request_queue import RequestQueue


class Clock:
    """Seconds that pass only when a test adds some."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.goes_on = asyncio.Event()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await self.goes_on.wait()
        await asyncio.sleep(0)


def one_per_second(clock: Clock) -> RequestQueue:
    credentials = CredentialsResolver(Credentials("LTAI5tFake", "secret"), lambda endpoint: None)  # type: ignore[arg-type, return-value]
    signer = Signer("h", "QueryMessage", "2018-05-01")
    return RequestQueue(signer, None, RequestIds("h"), credentials, RateLimiter(1), clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]


def test_a_new_request_does_not_overtake_a_waiting_one() -> None:
    async def scenario() -> None:
        clock = Clock()
        queue = one_per_second(clock)
        assert queue.try_acquire() == 1000
        assert queue.try_acquire() is None  # the rate is one per second
        first = asyncio.create_task(queue.acquire())
        second = asyncio.create_task(queue.acquire())
        await asyncio.sleep(0)
        clock.now += 10
        assert queue.try_acquire() is None  # one is due, and it belongs to the first in the queue
        clock.goes_on.set()
        assert await first == 1010
        clock.now += 10
        assert queue.try_acquire() is None
        assert await second == 1020
        clock.now += 10
        assert queue.try_acquire() == 1030

    asyncio.run(scenario())


def test_a_cancelled_request_leaves_the_queue() -> None:
    async def scenario() -> None:
        clock = Clock()
        queue = one_per_second(clock)
        assert queue.try_acquire() == 1000
        waiting = asyncio.create_task(queue.acquire())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        clock.now += 10
        assert queue.try_acquire() == 1010

    asyncio.run(scenario())
