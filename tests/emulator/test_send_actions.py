"""The actions that send: they store messages, refuse invalid requests, and give each message its outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

NUMBER = "13900000000"
CHINA, GLOBE = "2017-05-25", "2018-05-01"


def test_a_sent_message_can_stay_invisible_for_a_while(details: Any, report: Any, legacy: Any, emulator: Any) -> None:
    emulator.configure(detail_visible_after=60, message_visible_after=60, receipt_seconds=0)
    legacy(CHINA, "SendSms", {"PhoneNumbers": NUMBER, "SignName": "示例", "TemplateCode": "SMS_1"})
    sent = json.loads(legacy(GLOBE, "SendMessageToGlobe", {"To": "85261234567", "Message": "Hi"}))
    assert (details()["TotalCount"], report(sent["MessageId"])["ResponseCode"]) == (0, "DATA_NOT_EXIST")
    emulator.configure(message_codes="isv")
    assert report(sent["MessageId"])["ResponseCode"] == "isv.DATA_NOT_EXIST"
    emulator.advance(61)
    assert (details()["TotalCount"], report(sent["MessageId"])["ResponseCode"]) == (1, "OK")


@pytest.mark.parametrize("transition", ["time", "tick", "at_once"])
@pytest.mark.parametrize(("outcome", "status"), [("delivered", 3), ("failed", 2), ("waiting", 1)])
def test_a_sent_message_gets_its_outcome(
    legacy: Any, row: Any, emulator: Any, transition: str, outcome: str, status: int
) -> None:
    emulator.configure(transition=transition, send_outcome=outcome, send_error_code="MK:0001", receipt_seconds=30)
    legacy(CHINA, "SendSms", {"PhoneNumbers": NUMBER, "SignName": "示例", "TemplateCode": "SMS_1"})
    if transition == "time":
        assert row()["SendStatus"] == 1
        emulator.advance(31)
    elif transition == "tick":
        emulator.advance(40)
        assert row()["SendStatus"] == 1
        assert emulator.tick() == 1
    assert row()["SendStatus"] == status
    assert row().get("ErrCode") == {3: "DELIVERED", 2: "MK:0001", 1: None}[status]


@pytest.mark.parametrize(
    ("action", "changes", "code"),
    [
        ("SendSms", {"PhoneNumbers": ",".join(["13900000000"] * 1001)}, "isv.MOBILE_COUNT_OVER_LIMIT"),
        ("SendSms", {"PhoneNumbers": "not a number"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ("SendSms", {"TemplateParam": "{"}, "isv.INVALID_JSON_PARAM"),
        ("SendSms", {"TemplateCode": "SMS_KNOWN", "TemplateParam": "{}"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("SendSms", {"OutId": "x" * 256}, "isv.PARAM_LENGTH_LIMIT"),
        ("SendBatchSms", {"SignNameJson": "[]"}, "isv.INVALID_PARAMETERS"),
        ("SendMessageToGlobe", {"To": "13900000000"}, "NOT_SUPPORTED_COUNTRY"),
        ("SendMessageToGlobe", {"To": "zero"}, "MOBILE_NUMBER_ILLEGAL"),
        ("SendMessageToGlobe", {"From": "much too long a name"}, "INVALID_SENDERID"),
    ],
)
def test_an_invalid_send_is_refused(
    legacy: Any, emulator: Any, action: str, changes: dict[str, str], code: str
) -> None:
    emulator.add_templates({"SMS_KNOWN": "您的验证码是${code}"})
    base = {
        "SendSms": {"PhoneNumbers": NUMBER, "SignName": "示例", "TemplateCode": "SMS_1"},
        "SendBatchSms": {"PhoneNumberJson": f'["{NUMBER}"]', "SignNameJson": '["示例"]', "TemplateCode": "SMS_1"},
        "SendMessageToGlobe": {"To": "85261234567", "Message": "Hi"},
    }[action]
    version = GLOBE if action == "SendMessageToGlobe" else CHINA
    response = json.loads(legacy(version, action, base | changes, method="POST", in_body=True))
    assert response.get("Code", response.get("ResponseCode")) == code
    assert emulator.messages() == []


def test_a_registered_template_is_filled_in(legacy: Any, row: Any, emulator: Any) -> None:
    emulator.add_templates({"SMS_KNOWN": "您的验证码是${code}"})
    parameters = {
        "PhoneNumbers": NUMBER,
        "SignName": "示例",
        "TemplateCode": "SMS_KNOWN",
        "TemplateParam": '{"code": "42"}',
    }
    legacy(CHINA, "SendSms", parameters)
    assert row()["Content"] == "【示例】您的验证码是42"
