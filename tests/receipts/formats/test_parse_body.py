"""Every documented body of every vendor, recognised by itself; and what is not one."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.receipts.formats.parse_body import MAX_REPORTS, parse_body, parse_sms_reports
from airflow_provider_dysms.receipts.formats.values import Unreadable
from airflow_provider_dysms.receipts.receipt import Receipt

NUMBER = "139" + "00000001"
ID = "11aa22bb-0000-4000-8000-000000000001_42"
FORM = (
    f"smsMsgId={ID}&status=DELIVRD&source=2&total=2&sequence=1"
    "&updateTime=2026-11-20T01%3A02%3A03Z&orgCode=000&statusDesc=sent+well"
)
BATCH = {
    "statusReportList": [{"smsMsgId": ID, "status": "EXPIRED", "source": "1", "extend": "a-7", "to": "+86" + NUMBER}]
}
SMS_REPORT: dict[str, Any] = {
    "phone_number": NUMBER,
    "send_time": "2026-11-20 09:00:00",
    "report_time": "2026-11-20 09:00:04",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "2",
    "biz_id": "9007^0",
    "out_id": "order-8",
}
NEWER = {**SMS_REPORT, "template_code": "SMS_1", "sign_name": "示例", "request_id": "R-1", "message_id": "M-1"}
GLOBE = {
    "To": "852" + "51246802",
    "Status": "1",
    "MessageId": "1008030",
    "SmsSize": "1",
    "SendDate": "Fri, 20 Nov 2026 09:00:00 +0800",
    "ReceiveDate": "Fri, 20 Nov 2026 09:00:05 +0800",
    "ErrorCode": "success",
    "ErrorDescription": "success",
}
AT_NINE = datetime(2026, 11, 20, 1, tzinfo=UTC)


def one(body: str | bytes, vendor: str | None = None) -> Receipt:
    parsed = parse_body(body, vendor)
    if parsed.problems:
        raise parsed.problems[0]
    (receipt,) = parsed.receipts
    return receipt


def test_a_form_of_huawei_is_one_part_of_a_message() -> None:
    receipt = one(FORM)
    assert (receipt.vendor, receipt.message_id, receipt.state) == ("huawei", ID, State.DELIVERED)
    assert (receipt.part, receipt.parts, receipt.error_code) == (1, 2, "DELIVRD")
    assert receipt.reported_at == datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)
    assert dict(receipt.extra) == {"description": "sent well", "org_code": "000", "source": "2"}
    assert receipt == one(FORM.encode())


def test_a_field_of_a_form_may_come_twice_with_one_value() -> None:
    assert one(FORM + "&updateTime=2026-11-20T01%3A02%3A03Z&status=DELIVRD&statusDesc=sent%20well") == one(FORM)


def test_a_batch_of_huawei_has_the_number_only_with_extend() -> None:
    receipt = one(json.dumps(BATCH))
    assert (receipt.state, receipt.reported_at, receipt.out_id) == (State.EXPIRED, None, "a-7")
    assert receipt.phone_number == "+86" + NUMBER
    assert (receipt.part, receipt.parts) == (1, 1)


@pytest.mark.parametrize("written", ["03", "03.000", "03.0%20"])
def test_a_time_of_huawei_without_a_zone_is_in_utc(written: str) -> None:
    assert one(FORM.replace("03Z", written)).reported_at == one(FORM).reported_at


@pytest.mark.parametrize("sequence", ["0", "7", ""])
def test_the_sequence_of_a_message_of_one_part_means_nothing(sequence: str) -> None:
    receipt = one(FORM.replace("total=2&sequence=1", f"total=1&sequence={sequence}"))
    assert (receipt.part, receipt.parts) == (1, 1)


@pytest.mark.parametrize("size", ["0", 1.5, "300", "two", True])
def test_a_number_of_segments_that_cannot_be_is_not_known_and_costs_no_receipt(size: Any) -> None:
    assert one(json.dumps([{**SMS_REPORT, "sms_size": size}])).segments is None
    assert one(json.dumps({**GLOBE, "SmsSize": size})).segments is None


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([SMS_REPORT]),
        json.dumps([SMS_REPORT], ensure_ascii=False).encode(),
        "  " + json.dumps([SMS_REPORT]),
        "\ufeff" + json.dumps([SMS_REPORT]),
        json.dumps(SMS_REPORT),
        base64.b64encode(json.dumps(SMS_REPORT).encode()).decode(),
        base64.urlsafe_b64encode(json.dumps(SMS_REPORT, ensure_ascii=False).encode()),
        base64.b64encode(b"\xef\xbb\xbf" + json.dumps(SMS_REPORT).encode()),
        base64.encodebytes(json.dumps([SMS_REPORT]).encode()).decode(),
        *(base64.b64encode(json.dumps(SMS_REPORT).encode() + b" " * more).rstrip(b"=") for more in range(3)),
        json.dumps([{**SMS_REPORT, "success": "true", "sms_size": 2}]),
        json.dumps([{**SMS_REPORT, "unknown": {"nested": [1, None]}}]),
    ],
)
def test_an_sms_report_is_read_as_array_as_object_and_in_base64(body: str | bytes) -> None:
    receipt = one(body)
    assert (receipt.vendor, receipt.phone_number, receipt.biz_id) == ("aliyun", NUMBER, "9007^0")
    assert (receipt.state, receipt.segments, receipt.out_id) == (State.DELIVERED, 2, "order-8")
    assert receipt.sent_at == AT_NINE
    assert receipt.extra == (("description", "用户接收成功"),)


def test_the_newer_variant_has_a_template_and_no_international_id() -> None:
    receipt = one(json.dumps([NEWER]))
    assert (receipt.template_code, receipt.sign_name, receipt.message_id) == ("SMS_1", "示例", None)
    assert dict(receipt.extra)["message_id"] == "M-1"


@pytest.mark.parametrize("body", [json.dumps(GLOBE), json.dumps([GLOBE])])
def test_an_international_receipt_has_its_own_fields(body: str) -> None:
    receipt = one(body)
    assert (receipt.vendor, receipt.message_id, receipt.state) == ("aliyun", "1008030", State.DELIVERED)
    assert receipt.sent_at == AT_NINE
    assert one(json.dumps({**GLOBE, "Status": 2})).state is State.FAILED
    assert one(json.dumps({**GLOBE, "Status": "6"})).state is State.EXPIRED


def test_an_international_receipt_of_the_china_site_has_the_fields_in_lower_case() -> None:
    lower = {
        "to": GLOBE["To"],
        "status": "1",
        "message_id": GLOBE["MessageId"],
        "send_date": GLOBE["SendDate"],
        "receive_date": "2026-11-20 09:00:05",
        "error_code": "success",
        "error_description": "success",
        "sms_size": GLOBE["SmsSize"],
    }
    assert one(json.dumps([lower])) == one(json.dumps(lower)) == one(json.dumps(GLOBE))
    assert one(json.dumps({**lower, "status": "2"})).state is State.FAILED


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "empty"),
        ("hello", "neither JSON"),
        ("a=b" * 20, "neither JSON"),
        (base64.b64encode(b"not json").decode(), "neither JSON"),
        ("smsMsgId=&status=DELIVRD", "no smsMsgId"),
        (f"smsMsgId={ID}", "no status"),
        (f"smsMsgId={ID}&status=DELIVRD&total=2&sequence=3", "sequence"),
        (f"smsMsgId={ID}&status=DELIVRD&total=256", "total"),
        (f"smsMsgId={ID}&status=DELIVRD&status=UNDELIV", "two values"),
        (f"smsMsgId={ID}&status=DELIVRD&updateTime=yesterday", "not a time"),
        (f"smsMsgId={ID}&status={'D' * 33}", "32 characters"),
        (f"smsMsgId={ID}&status=A&" + "a=1&" * 200, "100 fields"),
        ("{" + '"a":{' * 50_000 + "}" * 50_001, "nested too deeply"),
        ("[" * 50_000 + "]" * 50_000, "nested too deeply"),
        (b'{"success": true, "phone_number": "\xc4\xe3"}', "not in UTF-8"),
        (b"\xff\xfe\x00", "not in UTF-8"),
        ('{"success": true', "not valid JSON"),
        (json.dumps({"a": 1}), "none of the fields"),
        (json.dumps({**SMS_REPORT, "success": "maybe"}), "neither true nor false"),
        *(
            (json.dumps([{**SMS_REPORT, "send_time": f"{at} 00:00:00"}]), "not a time")
            for at in ("0001-01-01", "32.12.")
        ),
        (json.dumps({**SMS_REPORT, "phone_number": ""}), "no phone_number"),
        (json.dumps({**SMS_REPORT, "biz_id": None, "out_id": ""}), "neither biz_id nor out_id"),
        (json.dumps({**SMS_REPORT, "biz_id": 1.5}), "not text"),
        (json.dumps({**SMS_REPORT, "biz_id": "9" * 256}), "255 characters"),
        (json.dumps({**GLOBE, "Status": None}), "no Status"),
        (json.dumps([{}] * (MAX_REPORTS + 1)), "10,000 reports"),
    ],
)
def test_what_is_not_a_receipt_says_why_without_its_values(body: str | bytes, problem: str) -> None:
    with pytest.raises(Unreadable, match=problem) as raised:
        one(body)
    assert NUMBER not in str(raised.value)
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize(
    "body", ["A" + " " * 60_000 + "!", "A" * 60_000 + "=" * 60_000 + "!", "=" * 60_000 + " " * 60_000]
)
def test_a_body_that_is_almost_base64_is_refused_at_once(body: str) -> None:
    before = time.process_time()
    with pytest.raises(Unreadable):
        parse_body(body)
    assert time.process_time() - before < 2  # a pattern that tries every division of it takes ten


def test_one_wrong_report_does_not_spoil_the_others_of_its_body() -> None:
    parsed = parse_body(json.dumps([SMS_REPORT, {"success": True}, 7, {**SMS_REPORT, "biz_id": "9008^0"}]))
    assert [receipt.biz_id for receipt in parsed.receipts] == ["9007^0", "9008^0"]
    assert [str(problem) for problem in parsed.problems] == ["has no phone_number", "is not an object of a report"]


def test_a_reply_of_a_recipient_is_counted_apart() -> None:
    reply = {"phone_number": NUMBER, "content": "TD", "send_time": "2026-11-20 09:00:00", "dest_code": "106"}
    with pytest.raises(Unreadable) as raised:
        parse_body(json.dumps(reply))
    assert raised.value.reason == "reply"


@pytest.mark.parametrize(
    ("body", "vendor"), [(FORM, "aliyun"), (json.dumps(BATCH), "aliyun"), (json.dumps(GLOBE), "huawei")]
)
def test_a_body_of_another_vendor_than_named_is_refused(body: str, vendor: str) -> None:
    with pytest.raises(Unreadable) as raised:
        parse_body(body, vendor)
    assert raised.value.reason == "other_vendor"


def test_neither_number_nor_id_of_a_receipt_is_printed() -> None:
    assert NUMBER not in repr(parse_body(json.dumps([SMS_REPORT])))
    assert NUMBER not in repr(one(json.dumps([SMS_REPORT])))


@pytest.mark.parametrize("blank", ["", " ", None])
@pytest.mark.parametrize(
    "name", ["biz_id", "out_id", "err_code", "err_msg", "template_code", "sign_name", "request_id"]
)
def test_a_blank_field_is_missing_in_an_array_and_in_a_queue_message(name: str, blank: str | None) -> None:
    report = {**NEWER, name: blank}
    without = {key: value for key, value in NEWER.items() if key != name}
    assert one(json.dumps([report])) == one(json.dumps(report)) == one(json.dumps([without]))


def test_a_usual_line_is_parsed_as_its_body_alone_and_another_is_left_to_it() -> None:
    body = json.dumps([SMS_REPORT, NEWER])
    assert parse_sms_reports(json.dumps({"body": body, "headers": {}}).encode()) == parse_body(body).receipts
    assert parse_sms_reports(body.encode()) == parse_body(body).receipts
    for request in (
        {"body": body, "vendor": "huawei"},
        {"body": body, "isBase64Encoded": True},
        {"body": [SMS_REPORT]},
        {"body": FORM},
        {"body": json.dumps([SMS_REPORT, {}])},
        SMS_REPORT,
    ):
        assert parse_sms_reports(json.dumps(request).encode()) == ()
