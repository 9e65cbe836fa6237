"""A text is sent once by the attempts of a task, also without an operator."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsSendUncertain, DysmsTaskFailed
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.errors import DysmsError
from airflow_provider_dysms.operators.send_once.messages import Sms
from airflow_provider_dysms.operators.send_once.send_sms import send_sms
from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

NUMBERS = ["139" + "24680135", "139" + "13579246"]
LOG = logging.getLogger(__name__)

Attempt = Callable[..., TaskAttempt]


class Deferred(Exception):
    """The attempt waits."""


def defer(instant: datetime) -> NoReturn:
    raise Deferred(instant)


def message(**changed: Any) -> Sms:
    arguments = {
        "phone_numbers": NUMBERS,
        "sign_name": "示例",
        "template_code": "SMS_154950909",
        "template_param": {"code": "1"},
    }
    return Sms.read(**{**arguments, **changed})


def send(attempt: TaskAttempt, sms: Sms | None = None, on_uncertain: Any = "wait") -> dict[str, Any]:
    return send_sms(
        sms or message(),
        hook=DysmsHook(),
        attempt=attempt,
        settle=0,
        on_uncertain=on_uncertain,
        signature_lifetime=6,
        wait_until=defer,
        log=LOG,
    )


def about_to_send(out_id: str = "mine") -> dict[str, Any]:
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    return {
        "dysms_send": {"state": "about to send", "since": at, "until": at, "signed_at": at, "out_id": out_id, "try": 1}
    }


def test_what_was_sent_is_returned_and_recorded(sends: Emulator, attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    sent = send(attempt(state=state))
    assert sent["count"] == len(sends.messages()) == 2
    assert state["dysms_send"]["state"] == "sent"
    assert state["dysms_send"]["sent"] == sent
    assert not [number for number in NUMBERS if number in str(state)]


def test_a_later_attempt_returns_what_the_journal_has(sends: Emulator, attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    assert send(attempt(1, state)) == send(attempt(2, state))
    assert len(sends.messages()) == 2


def test_without_a_journal_a_later_attempt_finds_the_message_at_the_service(sends: Emulator, attempt: Attempt) -> None:
    first, second = send(attempt(1)), send(attempt(2))
    assert second["out_id"] == first["out_id"]
    assert second["biz_id"] is None
    assert len(sends.messages()) == 2


def test_an_attempt_waits_while_an_earlier_one_may_still_send(sends: Emulator, attempt: Attempt) -> None:
    with pytest.raises(Deferred) as deferred:
        send(attempt(2, about_to_send()))
    assert timedelta(0) < deferred.value.args[0] - datetime.now(UTC) < timedelta(seconds=7)
    assert sends.messages() == []


def test_an_attempt_that_must_not_wait_fails_for_good(sends: Emulator, attempt: Attempt) -> None:
    with pytest.raises(DysmsSendUncertain, match="may have been sent by an earlier attempt"):
        send(attempt(2, about_to_send()), on_uncertain="fail")
    assert sends.messages() == []


def test_another_message_is_not_sent_by_the_same_task(sends: Emulator, attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    send(attempt(1, state))
    with pytest.raises(DysmsTaskFailed, match="An earlier attempt of this task sent another message"):
        send(attempt(2, state), message(template_param={"code": "2"}))
    with pytest.raises(DysmsTaskFailed, match="An earlier attempt of this task sent to other phone numbers"):
        send(attempt(2, state), message(phone_numbers=NUMBERS[:1]))
    assert len(sends.messages()) == 2


def test_a_refused_message_is_recorded_as_not_sent(sends: Emulator, attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    sends.fault("business", action="SendSms", code="isv.AMOUNT_NOT_ENOUGH")
    with pytest.raises(DysmsError):
        send(attempt(1, state))
    assert state["dysms_send"]["state"] == "nothing sent"
    assert send(attempt(2, state))["count"] == 2


def test_a_lost_response_is_uncertain(sends: Emulator, attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    sends.fault("reset", action="SendSms")
    with pytest.raises(DysmsSendUncertain, match=r"2 message\(s\) with OutId .* may have been sent"):
        send(attempt(1, state))
    assert state["dysms_send"]["state"] == "about to send"
