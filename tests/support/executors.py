"""A request executor at the emulator, for the tests of the modules below the client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import httpx

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.counters import Counters
from airflow_provider_dysms.api.request_executor import RequestExecutor
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.api.settings import Settings
from airflow_provider_dysms.emulator import Emulator

Result = TypeVar("Result")

#: Waits short times, and makes as many attempts as the default does.
SHORT_WAITS = RetryPolicy(wait_initial=0.01, wait_account_limit=0.01, throttle_timeout=3.0)


def run_with_executor(
    emulator: Emulator,
    scenario: Callable[[RequestExecutor], Awaitable[Result]],
    *,
    retry: RetryPolicy = SHORT_WAITS,
    transport: httpx.AsyncBaseTransport | None = None,
    **changes: object,
) -> Result:
    """Run a scenario with an executor in an event loop of its own.

    :param changes: settings other than the emulator's address and credentials
    """
    given: dict[str, object] = {
        "credentials": Credentials(emulator.access_key_id, emulator.access_key_secret),
        "host": emulator.host,
        "port": emulator.port,
        "quota_share": 1.0,
        "timeout": 2.0,
    }

    async def session() -> Result:
        executor = RequestExecutor(
            Settings(**{**given, **changes}),  # type: ignore[arg-type]
            Counters(),
            retry=retry,
            transport=transport,
            now=lambda: datetime.now(UTC),
            clock=time.monotonic,
            sleep=asyncio.sleep,
        )
        try:
            return await scenario(executor)
        finally:
            await executor.aclose()

    return asyncio.run(session())
