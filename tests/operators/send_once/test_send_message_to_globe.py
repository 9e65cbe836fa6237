"""An international text is sent once by the attempts of a task, also without an operator."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsSendUncertain, DysmsTaskFailed
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.operators.send_once.messages import InternationalMessage
from airflow_provider_dysms.operators.send_once.send_message_to_globe import send_message_to_globe
from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

TO = "+852" + "5124" + "6802"

Attempt = Callable[..., TaskAttempt]


def send(attempt: TaskAttempt, *, resend: bool = False, **arguments: Any) -> dict[str, Any]:
    return send_message_to_globe(
        InternationalMessage.read(**{"to": TO, "message": "hello", **arguments}),
        hook=DysmsHook(),
        attempt=attempt,
        resend=resend,
        signature_lifetime=6,
        log=logging.getLogger(__name__),
    )


def test_a_later_attempt_returns_what_the_journal_has(sends: Emulator, attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    sent = send(attempt(1, state))
    assert sent["kind"] == "message"
    assert send(attempt(2, state)) == sent
    assert len(sends.messages()) == 1


def test_without_a_journal_a_later_attempt_sends_only_if_it_is_told_to(sends: Emulator, attempt: Attempt) -> None:
    send(attempt(1))
    with pytest.raises(DysmsTaskFailed, match="An earlier attempt of this task may have sent the message"):
        send(attempt(2))
    assert len(sends.messages()) == 1
    send(attempt(2), resend=True)
    assert len(sends.messages()) == 2


def test_another_text_is_not_sent_by_the_same_task(sends: Emulator, attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    send(attempt(1, state))
    with pytest.raises(DysmsTaskFailed, match="sent another message to the same phone numbers"):
        send(attempt(2, state), message="goodbye")
    assert len(sends.messages()) == 1


def test_at_a_cleared_position_another_position_may_have_sent(sends: Emulator, attempt: Attempt) -> None:
    with pytest.raises(DysmsTaskFailed, match="Another position of this mapped task may have sent"):
        send(attempt(1, {}, map_index=0, was_cleared=True))
    assert sends.messages() == []


def test_a_journal_without_digests_does_not_answer_for_a_position(
    sends: Emulator, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = json.loads(sends.connection_json(quota_share=1, security_token="token", auth_type="sts"))
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    sent = {"kind": "message", "message_id": "1", "send_date": "2025-06-01"}
    with pytest.raises(DysmsTaskFailed, match="needs a privacy_secret"):
        send(attempt(2, {"dysms_send": {"state": "sent", "sent": sent, "try": 1}}, map_index=0))


def test_a_lost_response_is_uncertain(sends: Emulator, attempt: Attempt) -> None:
    sends.fault("reset", action="SendMessageToGlobe")
    with pytest.raises(DysmsSendUncertain, match=r"1 message\(s\) may have been sent"):
        send(attempt(1, {}))
