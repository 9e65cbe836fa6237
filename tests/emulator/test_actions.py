"""The actions, the window, and what each switch changes, asked over the wire by the older SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

NUMBER = "13900000000"
CHINA, GLOBE = "2017-05-25", "2018-05-01"


@pytest.fixture
def details(legacy: Callable[..., bytes], today: Callable[..., str]) -> Callable[..., Any]:
    """Ask QuerySendDetails; ``days_back`` counts from today."""

    def ask(days_back: int = 0, **changes: Any) -> Any:
        asked = {"PhoneNumber": NUMBER, "SendDate": today(days_back), "PageSize": 50, "CurrentPage": 1} | changes
        return json.loads(legacy(CHINA, "QuerySendDetails", asked))

    return ask


@pytest.fixture
def row(details: Callable[..., Any]) -> Callable[..., Any]:
    """The only row of an answer."""

    def only(**changes: Any) -> Any:
        [found] = details(**changes)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        return found

    return only


@pytest.fixture
def report(legacy: Callable[..., bytes]) -> Callable[[str], Any]:
    return lambda message_id: json.loads(legacy(GLOBE, "QueryMessage", {"MessageId": message_id}))


def test_the_window_is_thirty_days(details: Callable[..., Any], emulator: Any) -> None:
    for days in (0, 29, 30, 31):
        emulator.add_message(phone_number=NUMBER, sent_at=emulator.now() - timedelta(days=days))
    assert [details(days)["TotalCount"] for days in (0, 29, 30, 31, -1)] == [1, 1, 1, 0, 0]
    emulator.configure(day_minus_30=False)
    assert [details(days)["TotalCount"] for days in (29, 30)] == [1, 0]
    emulator.configure(out_of_window="error")
    assert [details(days)["Code"] for days in (29, 30, 31, -1)] == ["OK", *["isv.QUERY_DATE_ILLEGAL"] * 3]


def test_a_day_begins_at_midnight_in_beijing(details: Callable[..., Any], emulator: Any, today: Any) -> None:
    midnight = datetime.strptime(today() + "+0800", "%Y%m%d%z")
    emulator.add_message(phone_number=NUMBER, sent_at=midnight)
    emulator.add_message(phone_number=NUMBER, sent_at=midnight - timedelta(seconds=1))
    [first] = details(0)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    [last] = details(1)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (first["SendDate"][11:], last["SendDate"][11:]) == ("00:00:00", "23:59:59")


def test_pages_are_cut_newest_first_and_past_the_end_nothing_comes(details: Any, emulator: Any) -> None:
    start = emulator.now() - timedelta(minutes=1)
    emulator.add_messages(
        [
            {"phone_number": NUMBER, "sent_at": (start + timedelta(seconds=n)).isoformat(), "out_id": f"{n}"}
            for n in range(7)
        ]
    )

    def out_ids(page: int) -> list[str]:
        rows = details(PageSize=3, CurrentPage=page)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        return [each["OutId"] for each in rows]

    assert [out_ids(page) for page in (1, 2, 3, 4)] == [["6", "5", "4"], ["3", "2", "1"], ["0"], []]
    assert details(PageSize=3, CurrentPage=4)["TotalCount"] == 7
    emulator.configure(order="oldest_first", past_the_end="error")
    assert out_ids(1) == ["0", "1", "2"]
    assert details(PageSize=3, CurrentPage=4)["Code"] == "isv.SPLIT_PAGE_ILLEGAL"


@pytest.mark.parametrize("changes", [{"PageSize": 0}, {"PageSize": 51}, {"CurrentPage": 0}, {"CurrentPage": -1}])
def test_a_page_out_of_range_is_refused_as_the_switch_says(
    details: Any, emulator: Any, changes: dict[str, int]
) -> None:
    assert details(**changes)["Code"] == "isv.INVALID_PARAMETERS"
    emulator.configure(bad_page="isv.SPLIT_PAGE_ILLEGAL")
    assert details(**changes)["Code"] == "isv.SPLIT_PAGE_ILLEGAL"
    emulator.configure(bad_page="gateway")
    with pytest.raises(ServerException) as refused:
        details(**changes)
    assert (refused.value.error_code, refused.value.http_status) == ("InvalidParameter", 400)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SendDate": "2025-06-01"}, "isv.INVALID_PARAMETERS"),
        ({"SendDate": "20250231"}, "isv.INVALID_PARAMETERS"),
        ({"PhoneNumber": "+8613900000000"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumber": "13900000000,13900000001"}, "isv.MOBILE_NUMBER_ILLEGAL"),
    ],
)
def test_what_the_service_does_not_take_it_refuses(details: Any, changes: dict[str, str], code: str) -> None:
    answer = details(**changes)
    assert set(answer) == {"Code", "Message", "RequestId"}
    assert answer["Code"] == code


@pytest.mark.parametrize("name", ["PhoneNumber", "SendDate", "PageSize", "CurrentPage"])
def test_what_is_missing_is_named_by_the_gateway(details: Any, name: str) -> None:
    with pytest.raises(ServerException) as refused:
        details(**{name: ""})
    assert (refused.value.error_code, refused.value.http_status) == (f"Missing{name}", 400)


def test_a_waiting_row_has_no_code_and_no_receipt(row: Any, emulator: Any) -> None:
    emulator.add_message(phone_number=NUMBER, state="waiting")
    assert row()["SendStatus"] == 1
    assert {"ErrCode", "ReceiveDate"}.isdisjoint(row())
    for switch, value in (("null", None), ("empty", "")):
        emulator.configure(waiting_fields=switch)
        assert (row()["ErrCode"], row()["ReceiveDate"]) == (value, value)


def test_drifts_of_the_details(row: Any, details: Any, emulator: Any) -> None:
    sent_at = emulator.now().replace(microsecond=0)
    emulator.add_message(phone_number=NUMBER, sent_at=sent_at)
    plain = row()
    assert (details()["TotalCount"], plain["ErrCode"]) == (1, "DELIVERED")
    emulator.configure(total_count="string", delivered_code="DELIVRD", date_form="zone")
    assert (details()["TotalCount"], row()["ErrCode"]) == ("1", "DELIVRD")
    assert datetime.fromisoformat(row()["SendDate"]) == sent_at
    emulator.configure(date_form="plain", send_date_shift_days=1)
    shifted = datetime.fromisoformat(row()["SendDate"]) - datetime.fromisoformat(plain["SendDate"])
    assert shifted == timedelta(days=1)


def test_every_place_where_records_may_be(details: Any, emulator: Any) -> None:
    none = {"list": {"SmsSendDetailDTO": []}, "object": {"SmsSendDetailDTO": []}, "text": "", "null": None, "bare": []}
    for switch, value in none.items():
        emulator.configure(records=switch)
        assert details()["SmsSendDetailDTOs"] == value
    emulator.configure(records="missing")
    assert "SmsSendDetailDTOs" not in details()
    emulator.add_message(phone_number=NUMBER)
    assert isinstance(details()["SmsSendDetailDTOs"]["SmsSendDetailDTO"], list)
    emulator.configure(records="object")
    assert isinstance(details()["SmsSendDetailDTOs"]["SmsSendDetailDTO"], dict)
    emulator.configure(records="bare")
    assert isinstance(details()["SmsSendDetailDTOs"], list)


@pytest.mark.parametrize(
    ("form", "mainland", "abroad"),
    [
        ("plain", NUMBER, "85261234567"),
        ("86", f"86{NUMBER}", "85261234567"),
        ("+86", f"+86{NUMBER}", "+85261234567"),
        ("0086", f"0086{NUMBER}", "0085261234567"),
        ("masked", "139****0000", "852****4567"),
    ],
)
def test_numbers_come_back_in_any_form(row: Any, emulator: Any, form: str, mainland: str, abroad: str) -> None:
    emulator.configure(phone_form=form)
    emulator.add_message(phone_number=NUMBER)
    emulator.add_message(phone_number="+852 6123 4567")
    assert (row()["PhoneNum"], row(PhoneNumber="85261234567")["PhoneNum"]) == (mainland, abroad)


def test_eleven_digits_may_mean_two_numbers(details: Any, emulator: Any) -> None:
    shared = "13125550123"
    emulator.add_message(phone_number="+1 312 555 0123", content="abroad")
    emulator.add_message(phone_number=shared, content="mainland")
    texts = {}
    for switch in ("both", "mainland", "international"):
        emulator.configure(plus_one=switch)
        rows = details(PhoneNumber=shared)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        texts[switch] = sorted(each["Content"] for each in rows)
    assert texts == {"both": ["abroad", "mainland"], "mainland": ["mainland"], "international": ["abroad"]}
    emulator.configure(plus_one="error")
    assert details(PhoneNumber=shared)["Code"] == "isv.MOBILE_NUMBER_ILLEGAL"


def test_a_lenient_service_takes_any_form_of_a_number(details: Any, emulator: Any) -> None:
    emulator.configure(query_number="lenient")
    emulator.add_message(phone_number=NUMBER)
    assert details(PhoneNumber=f"+86{NUMBER}")["TotalCount"] == 1


def test_a_send_may_stay_unknown_for_a_while(details: Any, report: Any, legacy: Any, emulator: Any) -> None:
    emulator.configure(detail_visible_after=60, message_visible_after=60, receipt_seconds=0)
    legacy(CHINA, "SendSms", {"PhoneNumbers": NUMBER, "SignName": "示例", "TemplateCode": "SMS_1"})
    sent = json.loads(legacy(GLOBE, "SendMessageToGlobe", {"To": "85261234567", "Message": "Hi"}))
    assert (details()["TotalCount"], report(sent["MessageId"])["ResponseCode"]) == (0, "DATA_NOT_EXIST")
    emulator.configure(message_codes="isv")
    assert report(sent["MessageId"])["ResponseCode"] == "isv.DATA_NOT_EXIST"
    emulator.advance(61)
    assert (details()["TotalCount"], report(sent["MessageId"])["ResponseCode"]) == (1, "OK")


def test_a_message_id_is_forgotten_in_the_end(report: Any, emulator: Any) -> None:
    old = emulator.add_message(phone_number="+85261234567", sent_at=emulator.now() - timedelta(days=29))["message_id"]
    assert report(old)["ResponseCode"] == "OK"
    emulator.configure(message_retention_days=28)
    assert report(old)["ResponseCode"] == "DATA_NOT_EXIST"


@pytest.mark.parametrize(
    ("vocabulary", "statuses"),
    [
        ("new", {"delivered": "1", "failed": "2", "waiting": "3", "expired": "6"}),
        ("old", {"waiting": "1", "failed": "2", "delivered": "3", "expired": "6"}),
    ],
)
def test_the_status_of_a_message_has_two_vocabularies(
    report: Any, emulator: Any, vocabulary: str, statuses: dict[str, str]
) -> None:
    emulator.configure(message_status=vocabulary)
    ids = {state: emulator.add_message(phone_number="+85261234567", state=state)["message_id"] for state in statuses}
    assert {state: report(ids[state])["Status"] for state in statuses} == statuses
    emulator.configure(message_status_type="int")
    assert {state: report(ids[state])["Status"] for state in statuses} == {k: int(v) for k, v in statuses.items()}


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
def test_a_send_that_cannot_be_is_refused(
    legacy: Any, emulator: Any, action: str, changes: dict[str, str], code: str
) -> None:
    emulator.add_templates({"SMS_KNOWN": "您的验证码是${code}"})
    base = {
        "SendSms": {"PhoneNumbers": NUMBER, "SignName": "示例", "TemplateCode": "SMS_1"},
        "SendBatchSms": {"PhoneNumberJson": f'["{NUMBER}"]', "SignNameJson": '["示例"]', "TemplateCode": "SMS_1"},
        "SendMessageToGlobe": {"To": "85261234567", "Message": "Hi"},
    }[action]
    version = GLOBE if action == "SendMessageToGlobe" else CHINA
    answer = json.loads(legacy(version, action, base | changes, method="POST", in_body=True))
    assert answer.get("Code", answer.get("ResponseCode")) == code
    assert emulator.messages() == []


def test_a_known_template_is_filled_in(legacy: Any, row: Any, emulator: Any) -> None:
    emulator.add_templates({"SMS_KNOWN": "您的验证码是${code}"})
    asked = {"PhoneNumbers": NUMBER, "SignName": "示例", "TemplateCode": "SMS_KNOWN", "TemplateParam": '{"code": "42"}'}
    legacy(CHINA, "SendSms", asked)
    assert row()["Content"] == "【示例】您的验证码是42"


def test_statistics_count_billed_segments_and_leave_the_blacklist_out(
    legacy: Any, emulator: Any, today: Callable[..., str]
) -> None:
    emulator.add_message(phone_number=NUMBER, content="【示例】" + "字" * 131)
    emulator.add_message(phone_number=NUMBER, state="failed")
    emulator.add_message(phone_number=NUMBER, state="failed", error_code="MOBILE_IN_BLACK")
    emulator.add_message(phone_number=NUMBER, state="waiting", template_type=2)
    emulator.add_message(phone_number="+85261234567", content="x" * 161)

    def ask(**changes: Any) -> Any:
        asked = {"IsGlobe": 1, "StartDate": today(), "EndDate": today(), "PageIndex": 1, "PageSize": 10} | changes
        data = json.loads(legacy(CHINA, "QuerySendStatistics", asked, method="POST"))["Data"]
        return [
            [each[f"{name}Count"] for name in ("Total", "RespondedSuccess", "RespondedFail", "NoResponded")]
            for each in data["TargetList"]
        ]

    assert ask() == [[5, 3, 1, 1]]
    assert ask(TemplateType=2) == [[1, 0, 0, 1]]
    assert ask(IsGlobe=2) == [[2, 2, 0, 0]]
    assert ask(SignName="no such") == []
    assert ask(StartDate=today(2)) == [[5, 3, 1, 1]]
    emulator.configure(statistics_empty_days=True)
    assert ask(StartDate=today(2)) == [[0, 0, 0, 0], [0, 0, 0, 0], [5, 3, 1, 1]]
    assert ask(StartDate=today(2), PageSize=1, PageIndex=3) == [[5, 3, 1, 1]]
    with pytest.raises(ServerException) as refused:
        ask(PageSize=51)
    assert refused.value.error_code == "InvalidParameter"


@pytest.mark.filterwarnings("ignore:do_action:DeprecationWarning")
def test_without_a_format_the_older_signature_gets_what_the_switch_says(legacy: Any, emulator: Any, today: Any) -> None:
    asked = {"PhoneNumber": NUMBER, "SendDate": today(), "PageSize": 1, "CurrentPage": 1}
    assert legacy(CHINA, "QuerySendDetails", asked, form="").startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    emulator.configure(default_format="JSON")
    assert json.loads(legacy(CHINA, "QuerySendDetails", asked, form=""))["Code"] == "OK"
