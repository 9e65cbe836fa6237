"""A message is read from its arguments and checked; its digests identify it and tell nothing about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.send_once.journal_entry import Digests
from airflow_provider_dysms.operators.send_once.messages import InternationalMessage, Sms

NUMBERS = ["139" + "24680135", "139" + "13579246"]
TO = "+852" + "5124" + "6802"
KEY = PrivacyKey("k" * 32)


def sms(**changed: Any) -> Sms:
    arguments = {
        "phone_numbers": NUMBERS,
        "sign_name": "示例",
        "template_code": "SMS_1",
        "template_param": {"code": "7"},
    }
    return Sms.read(**{**arguments, **changed})


def international(**changed: Any) -> InternationalMessage:
    return InternationalMessage.read(**{"to": TO, "message": "hello", **changed})


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("phone_numbers", [NUMBERS[0], f"+86 {NUMBERS[0]}"]),
        ("phone_numbers", []),
        ("sign_name", "None"),
        ("template_code", ""),
        ("template_param", "{'code': 007}"),
        ("out_id", "x" * 256),
    ],
)
def test_a_wrong_argument_of_an_sms_is_named(argument: str, value: Any) -> None:
    with pytest.raises(DysmsInputError) as caught:
        sms(**{argument: value})
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("to", NUMBERS[0]),
        ("to", [TO, "+14155550100"]),
        ("message", ""),
        ("validity_period", "soon"),
        ("sender_id", "!"),
    ],
)
def test_a_wrong_argument_of_an_international_message_is_named(argument: str, value: Any) -> None:
    with pytest.raises(DysmsInputError) as caught:
        international(**{argument: value})
    assert caught.value.argument == argument


def test_messages_show_nothing_of_themselves() -> None:
    assert repr(sms()) == "Sms()"
    assert repr(international()) == "InternationalMessage()"


def test_the_digests_do_not_depend_on_notation_or_order() -> None:
    digests = sms().digests(KEY)
    assert sms(phone_numbers=[f"+86 {number}" for number in reversed(NUMBERS)]).digests(KEY) == digests
    assert sms(template_param=json.dumps({"code": "7"})).digests(KEY) == digests
    assert sms(out_id="mine").digests(KEY) == digests


@pytest.mark.parametrize("changed", [{"sign_name": "其他"}, {"template_code": "SMS_2"}, {"template_param": None}])
def test_another_message_to_the_same_numbers_has_other_digests(changed: dict[str, Any]) -> None:
    ours, others = sms().digests(KEY), sms(**changed).digests(KEY)
    assert others.recipients == ours.recipients
    assert set(others.content).isdisjoint(ours.content)


def test_international_digests_use_the_best_key_that_the_connection_has(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digests(**extra: Any) -> Digests:
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(**extra))
        return international().digests(DysmsHook())

    with_privacy_secret, with_access_key = digests(privacy_secret="k" * 32), digests()
    assert with_privacy_secret.content
    assert with_access_key.content
    assert set(with_privacy_secret.content).isdisjoint(with_access_key.content)
    assert digests(auth_type="sts", security_token="token") == Digests((), ())
