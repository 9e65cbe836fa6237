"""One call over all its attempts: rate limiter, signature, retries, and the response that is its own."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from datetime import UTC, datetime

import httpx
import pytest
from support.executors import SHORT_WAITS, run_with_executor

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.protocol import actions, payload_records
from airflow_provider_dysms.api.rate_limiter import shared_rate_limiter
from airflow_provider_dysms.api.request_executor import RequestExecutor
from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates, errors
from airflow_provider_dysms.model.records import MessageReport, SmsSent

NUMBER = "13900000000"
TODAY = dates.beijing_day(datetime.now(UTC))
QUOTA = {"QueryMessage": 1000.0}


async def query(executor: RequestExecutor) -> MessageReport:
    return await executor.execute(actions.query_message("404"), payload_records.parse_message)


async def send(executor: RequestExecutor) -> SmsSent:
    call = actions.send_sms([NUMBER], "示例", "SMS_1")
    return await executor.execute(call, payload_records.parse_sms_sent, idempotent=False)


def requests(emulator: Emulator, action: str) -> int:
    return emulator.requests()[action]["requests"]


@pytest.mark.parametrize("name", ["ca_bundle", "proxy"])
def test_a_transport_excludes_the_settings_that_it_replaces(emulator: Emulator, name: str) -> None:
    with pytest.raises(errors.DysmsInputError, match="set only one of them") as caught:
        run_with_executor(emulator, query, transport=httpx.AsyncHTTPTransport(), **{name: "http://proxy:3128"})
    assert caught.value.argument == name
    assert not emulator.requests()


def test_a_query_is_sent_again_after_a_temporary_error(emulator: Emulator) -> None:
    emulator.fault("status", action="QueryMessage", status=503, times=2)

    async def scenario(executor: RequestExecutor) -> int:
        with pytest.raises(errors.DysmsNotFound):
            await query(executor)
        return executor.counters.requests

    assert run_with_executor(emulator, scenario) == 3


def test_the_attempts_are_limited(emulator: Emulator) -> None:
    emulator.fault("status", action="QueryMessage", status=503, times=None)
    with pytest.raises(errors.DysmsServerError):
        run_with_executor(emulator, query, retry=RetryPolicy(max_attempts=3, wait_initial=0.01))
    assert requests(emulator, "QueryMessage") == 3


def test_a_send_that_may_have_been_executed_is_not_sent_again(emulator: Emulator) -> None:
    emulator.fault("status", action="SendSms", status=503, times=None)
    with pytest.raises(errors.DysmsServerError):
        run_with_executor(emulator, send)
    assert requests(emulator, "SendSms") == 1


def test_a_throttled_send_was_not_executed_and_is_sent_again(emulator: Emulator) -> None:
    emulator.fault("throttle", action="SendSms", times=1)

    async def scenario(executor: RequestExecutor) -> int:
        await send(executor)
        return executor.counters.throttled

    assert run_with_executor(emulator, scenario) == 1
    assert requests(emulator, "SendSms") == 2


def test_seeding_the_generator_of_python_does_not_repeat_a_nonce(emulator: Emulator) -> None:
    async def scenario(executor: RequestExecutor) -> int:
        random.seed(1)
        call = actions.query_send_details(NUMBER, TODAY, page=1, page_size=1)
        await executor.execute(call, payload_records.parse_send_details)
        return executor.counters.requests

    assert [run_with_executor(emulator, scenario) for _ in range(2)] == [1, 1]


def test_a_throttled_response_delays_every_client_of_the_same_identity(emulator: Emulator) -> None:
    limiter = shared_rate_limiter(f"{emulator.host}:{emulator.port}", emulator.access_key_id, "QueryMessage", 1000)
    emulator.fault("throttle", action="QueryMessage", times=None)
    with pytest.raises(errors.DysmsThrottled):
        run_with_executor(emulator, query, quota=QUOTA, retry=RetryPolicy(throttle_timeout=0))
    assert limiter.try_acquire(time.monotonic()) > 0


def test_an_error_other_than_throttled_is_a_response_too(emulator: Emulator) -> None:
    """Half of the requests are throttled for longer than the timeout, the other half is told DATA_NOT_EXIST."""

    async def many(executor: RequestExecutor) -> list[object]:
        return await asyncio.gather(*(query(executor) for _ in range(12)), return_exceptions=True)

    emulator.fault("throttle", action="QueryMessage", times=None, every=2)
    found = run_with_executor(emulator, many, retry=RetryPolicy(throttle_timeout=1.5), quota=QUOTA)
    assert {type(error) for error in found} == {errors.DysmsNotFound}


def test_a_request_is_signed_after_it_was_granted(emulator: Emulator) -> None:
    """With 1.5 requests per second, the fifth one waits longer than a signature is valid: three seconds."""
    emulator.configure(skew_v3=3)

    async def many(executor: RequestExecutor) -> None:
        await asyncio.gather(*(query(executor) for _ in range(5)), return_exceptions=True)

    key = emulator.sts  # another identity, with a rate limiter that was never throttled
    credentials = Credentials(key.access_key_id, key.access_key_secret, key.security_token)
    run_with_executor(emulator, many, requests_per_second=1.5, credentials=credentials)
    counted = emulator.requests()["QueryMessage"]
    assert (counted["requests"], counted["worst_second"]) == (5, 1)


def count_errors() -> int:
    return sum(type(each) is errors.DysmsNotFound for each in gc.get_objects())


def test_an_error_leaves_no_cycle_for_the_collector(emulator: Emulator) -> None:
    async def scenario(executor: RequestExecutor) -> int:
        for _ in range(2):  # the first opens the connection
            gc.collect()
            gc.disable()
            try:
                before = count_errors()  # another test's parameters may hold some
                with pytest.raises(errors.DysmsNotFound):
                    await query(executor)
                alive = count_errors() - before
            finally:
                gc.enable()
        return alive

    assert run_with_executor(emulator, scenario, retry=SHORT_WAITS) == 0
