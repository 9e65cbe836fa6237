"""The retry policy reads the error of the service behind a task's error, and real tasks follow it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, task
from support.features import has_retry_policies

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsSendUncertain, airflow_errors
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates, errors
from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator, DysmsSendSmsOperator

NUMBER = "139" + "00001111"
DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)

WITHOUT = """
import sys
sys.modules["airflow.sdk.definitions.retry_policy"] = None
import airflow_provider_dysms.retry_policy
"""


def test_an_airflow_without_retry_policies_is_told_in_one_sentence() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    said = done.stderr.strip().splitlines()
    assert said[-1] == (
        "ImportError: airflow_provider_dysms.retry_policy needs Airflow 3.3 or newer, which has retry policies; with "
        "this Airflow set retries and retry_delay of the task"
    )
    assert "During handling" not in done.stderr


if has_retry_policies():
    from airflow_provider_dysms.retry_policy import DysmsRetryPolicy

    QUARTER, HALF, HOUR = timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)

    def raised(error: Exception) -> Exception:
        """Return the error as a task raises it."""
        try:
            with airflow_errors():
                raise error
        except Exception as caught:
            return caught

    def throttled(seconds: float) -> errors.DysmsThrottled:
        error = errors.DysmsThrottled("too many")
        error.retry_after = seconds
        return error

    def of_a_send(error: errors.DysmsError) -> errors.DysmsError:
        error.is_idempotent = False
        return error

    def decided(error: BaseException) -> tuple[str, timedelta | None]:
        decision = DysmsRetryPolicy().evaluate(error, 1, 5)
        return decision.action.value, decision.retry_delay

    @pytest.mark.parametrize(
        ("error", "decision"),
        [
            (errors.DysmsThrottled("too many"), ("retry", QUARTER)),
            (throttled(2000), ("retry", timedelta(seconds=2000))),
            (throttled(2), ("retry", QUARTER)),
            (errors.DysmsBusinessLimit("used up"), ("retry", HOUR)),
            (errors.DysmsIncomplete("not all"), ("retry", HALF)),
            (errors.DysmsSignatureError("no"), ("fail", None)),
            (errors.DysmsPermissionError("no"), ("fail", None)),
            (errors.DysmsAuthError("no"), ("fail", None)),
            (errors.DysmsInputError("send_date", "is wrong"), ("fail", None)),
            (errors.DysmsServerError("busy"), ("default", None)),
            (errors.DysmsStorageError("busy"), ("default", None)),
            (errors.DysmsTransportError("cut off"), ("default", None)),
            (of_a_send(errors.DysmsTransportError("cut off")), ("fail", None)),
            (of_a_send(errors.DysmsServerError("busy")), ("fail", None)),
            (of_a_send(errors.DysmsHeldBack("late")), ("default", None)),
            (of_a_send(errors.DysmsThrottled("too many")), ("retry", QUARTER)),
        ],
    )
    def test_the_error_of_the_service_decides_also_behind_the_error_of_a_task(
        error: errors.DysmsError, decision: tuple[str, timedelta | None]
    ) -> None:
        assert decided(error) == decision
        assert decided(raised(error)) == decision

    def test_an_uncertain_send_is_never_tried_again_and_other_errors_are_left_to_airflow() -> None:
        assert decided(DysmsSendUncertain("who knows")) == ("fail", None)
        assert decided(KeyError("x")) == ("default", None)

    def test_the_times_are_the_users_own() -> None:
        policy = DysmsRetryPolicy(throttled=HOUR, incomplete=QUARTER)
        assert policy.evaluate(errors.DysmsThrottled("x"), 1, 5).retry_delay == HOUR
        assert policy.evaluate(errors.DysmsIncomplete("x"), 1, 5).retry_delay == QUARTER
        with pytest.raises(ValueError, match="throttled must be a timedelta that is not negative, not int"):
            DysmsRetryPolicy(throttled=60)  # type: ignore[arg-type]

    @pytest.fixture
    def tries(
        run_dag: Callable[..., Any], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[Callable[[], Any]], tuple[str, int]]:
        """Run a task that may be tried four times, at once each time; return its state and its tries."""
        from airflow_provider_dysms.api.retry import RetryPolicy

        impatient = RetryPolicy(max_attempts=1, total_time=0, throttle_timeout=0)
        monkeypatch.setattr("airflow_provider_dysms.api.client.RetryPolicy", lambda: impatient)
        monkeypatch.setenv(
            "AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret="k" * 32)
        )

        def run(make: Callable[..., Any]) -> tuple[str, int]:
            at_once = timedelta(0)
            arguments = {
                "retries": 3,
                "retry_delay": timedelta(hours=3),  # a test that waits for it does not end
                "retry_policy": DysmsRetryPolicy(throttled=at_once, account_limit=at_once, incomplete=at_once),
            }
            with DAG("policy", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:
                make(**arguments)
            (instance,) = run_dag(dag).get_task_instances()
            return str(instance.state), instance.try_number

        return run

    def query(**arguments: Any) -> Any:
        return DysmsQuerySendDetailsOperator(
            task_id="task", phone_numbers=[NUMBER], send_date=DAY.isoformat(), **arguments
        )

    def test_a_throttled_task_is_tried_until_it_gets_through(tries: Any, emulator: Emulator) -> None:
        emulator.fault("business", action="QuerySendDetails", code="isv.BUSINESS_LIMIT_CONTROL", times=2)
        assert tries(query) == ("success", 3)

    def test_a_wrong_key_is_tried_once(tries: Any, emulator: Emulator) -> None:
        emulator.fault("business", action="QuerySendDetails", code="SignatureDoesNotMatch", times=None)
        assert tries(query) == ("failed", 1)
        assert emulator.requests()["QuerySendDetails"]["requests"] == 1

    def test_a_task_of_the_users_own_is_judged_by_the_same_policy(tries: Any, emulator: Emulator) -> None:
        emulator.fault("business", action="QuerySendDetails", code="SignatureDoesNotMatch", times=None)

        def ask(**arguments: Any) -> None:
            task(task_id="task", **arguments)(lambda: len(DysmsHook().query_send_details(NUMBER, DAY)))()

        assert tries(ask) == ("failed", 1)

    def test_a_message_that_may_have_been_sent_is_sent_once(tries: Any, emulator: Emulator) -> None:
        emulator.fault("reset", action="SendSms", times=None)

        def send(**arguments: Any) -> None:
            task(task_id="task", **arguments)(lambda: DysmsHook().send_sms(NUMBER, "示例", "SMS_1").biz_id)()

        assert tries(send) == ("failed", 1)
        assert emulator.requests()["SendSms"]["requests"] == 1

        def operator(**arguments: Any) -> None:
            DysmsSendSmsOperator(
                task_id="task", phone_numbers=NUMBER, sign_name="示例", template_code="SMS_1", settle=0, **arguments
            )

        emulator.reset("requests")
        assert tries(operator) == ("failed", 1)
        assert emulator.requests()["SendSms"]["requests"] == 1
