"""A failed request is sent again only if that is safe, a limited number of times, after a growing delay."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.api.retry import RetryPolicy
from airflow_provider_dysms.model import errors

POLICY = RetryPolicy()


def delay(error: errors.DysmsError, **facts: object) -> float | None:
    given: dict[str, object] = {"attempt": 1, "spent": 0.0, "throttled_for": 0.0, "idempotent": True}
    return POLICY.delay(error, random=lambda: 1.0, **{**given, **facts})  # type: ignore[arg-type]


def test_delays_double_and_end_with_the_number_of_attempts() -> None:
    error = errors.DysmsServerError("x")
    assert [delay(error, attempt=tried) for tried in range(1, 7)] == [0.5, 1, 2, 4, 8, None]


def test_the_total_time_is_bounded_too() -> None:
    assert delay(errors.DysmsServerError("x"), attempt=3, spent=POLICY.total_time - 1) is None


def test_a_throttled_request_keeps_waiting_while_others_are_answered() -> None:
    error = errors.DysmsThrottled("x")
    assert delay(error, attempt=0, spent=10_000, throttled_for=1) == 0
    assert delay(error, attempt=0, throttled_for=POLICY.throttle_timeout) is None


def test_a_used_nonce_is_replaced_once_and_at_once() -> None:
    assert delay(errors.DysmsNonceUsed("x"), attempt=1) == 0
    assert delay(errors.DysmsNonceUsed("x"), attempt=2) is None


def test_a_limit_of_the_account_is_retried_later_and_rarely() -> None:
    assert delay(errors.DysmsBusinessLimit("x"), attempt=1) == POLICY.wait_account_limit
    assert delay(errors.DysmsBusinessLimit("x"), attempt=3) is None


@pytest.mark.parametrize("error", [errors.DysmsAuthError, errors.DysmsParameterError, errors.DysmsNotFound])
def test_a_refusal_is_never_retried(error: type[errors.DysmsError]) -> None:
    assert delay(error("x")) is None


def test_a_send_is_retried_only_if_it_was_certainly_not_executed() -> None:
    unsent, sent = errors.DysmsTransportError("x"), errors.DysmsTransportError("x")
    unsent.request_sent = False
    assert delay(unsent, idempotent=False) is not None
    assert delay(errors.DysmsThrottled("x"), idempotent=False) is not None
    for uncertain in (sent, errors.DysmsServerError("x"), errors.DysmsUnreadable("x"), errors.DysmsNonceUsed("x")):
        assert delay(uncertain, idempotent=False) is None


def test_a_send_is_not_retried_if_a_limit_is_used_up() -> None:
    assert delay(errors.DysmsBusinessLimit("x"), idempotent=False) is None
