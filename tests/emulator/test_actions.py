"""The actions, the window, and what each switch changes, asked over the wire by the older SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
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


def test_what_lies_past_the_end_is_the_switches(details: Any, emulator: Any) -> None:
    for place in range(7):
        emulator.add_message(phone_number=NUMBER, out_id=f"{place}")

    def ask() -> Any:
        answer = details(PageSize=3, CurrentPage=9)
        return answer["TotalCount"], len(answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"])

    answers = {}
    for position in ("empty", "zero", "last_page"):
        emulator.configure(past_the_end=position)
        answers[position] = ask()
    assert answers == {"empty": (7, 0), "zero": (0, 0), "last_page": (7, 1)}
    assert details(PageSize=3, CurrentPage=3)["TotalCount"] == 7


def test_pages_may_be_clamped(details: Any, emulator: Any) -> None:
    for _ in range(60):
        emulator.add_message(phone_number=NUMBER)
    emulator.configure(bad_page="clamped")

    def rows(**changes: Any) -> int:
        return len(details(**changes)["SmsSendDetailDTOs"]["SmsSendDetailDTO"])

    assert (rows(PageSize=51), rows(PageSize="9" * 11), rows(PageSize=0), rows(CurrentPage=-1)) == (50, 50, 1, 50)
    emulator.configure(largest_page=20)
    assert (rows(PageSize=50), rows(PageSize=7), rows(PageSize=50, CurrentPage=4)) == (20, 7, 0)
    with pytest.raises(ServerException):
        details(PageSize="ten")


@pytest.mark.parametrize(
    ("position", "fields"),
    [
        ("absent", {}),
        ("null", {"ErrCode": None, "ReceiveDate": None}),
        ("empty", {"ErrCode": "", "ReceiveDate": ""}),
        ("code_only", {"ErrCode": ""}),
        ("date_only", {"ReceiveDate": ""}),
        ("request_success", {"ErrCode": "REQUEST_SUCCESS"}),
    ],
)
def test_the_fields_of_a_waiting_message(row: Any, report: Any, emulator: Any, position: str, fields: Any) -> None:
    emulator.configure(waiting_fields=position)
    emulator.add_message(phone_number=NUMBER, state="waiting")
    assert {name: value for name, value in row().items() if name in ("ErrCode", "ReceiveDate")} == fields
    message_id = emulator.add_message(phone_number="+85261234567", state="waiting")["message_id"]
    told = report(message_id)
    named = {"ErrCode": "ErrorCode", "ReceiveDate": "ReceiveDate"}
    assert {name: told[name] for name in named.values() if name in told} == {
        named[name]: value for name, value in fields.items()
    }


def test_the_fields_of_a_message_with_an_outcome(row: Any, report: Any, emulator: Any) -> None:
    emulator.configure(sites="joined")
    emulator.add_message(phone_number=NUMBER)
    message_id = emulator.add_message(phone_number="+85261234567")["message_id"]
    for position, fields in (("both", {"code", "date"}), ("code", {"code"}), ("date", {"date"})):
        emulator.configure(settled_fields=position)
        for answer in (row(), report(message_id)):
            there = {"code"} if {"ErrCode", "ErrorCode"} & set(answer) else set()
            assert there | ({"date"} if "ReceiveDate" in answer else set()) == fields


def test_a_delivery_abroad_may_be_called_success(row: Any, report: Any, emulator: Any) -> None:
    emulator.configure(sites="joined", message_delivered_code="success")
    emulator.add_message(phone_number=NUMBER)
    message_id = emulator.add_message(phone_number="+85261234567")["message_id"]
    assert (row()["ErrCode"], report(message_id)["ErrorCode"]) == ("DELIVERED", "success")


def test_numbers_may_be_masked_at_their_end(row: Any, emulator: Any) -> None:
    emulator.configure(phone_form="masked_end")
    emulator.add_message(phone_number="13900001234")
    assert row(PhoneNumber="13900001234")["PhoneNum"] == "1390000****"


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ("plain", "6581234810"),
        ("+", "+6581234810"),
        ("00", "006581234810"),
        ("masked", "6581xxx810"),
        ("masked_end", "658123****"),
        ("absent", None),
    ],
)
def test_the_number_of_a_report_has_any_form(report: Any, emulator: Any, form: str, number: str | None) -> None:
    emulator.configure(message_to_form=form)
    message_id = emulator.add_message(phone_number="+6581234810", message_id="1")["message_id"]
    assert report(message_id).get("To") == number


def test_a_number_with_its_code_is_refused_found_or_not(details: Any, emulator: Any) -> None:
    emulator.add_message(phone_number=NUMBER)
    found: dict[str, list[object]] = {}
    for position in ("strict", "literal", "lenient"):
        emulator.configure(query_number=position)
        answers = [details(PhoneNumber=f"{prefix}{NUMBER}") for prefix in ("", "86", "0086", "+86")]
        found[position] = [answer.get("TotalCount", answer["Code"]) for answer in answers]
    illegal = "isv.MOBILE_NUMBER_ILLEGAL"
    assert found == {"strict": [1, *[illegal] * 3], "literal": [1, 0, 0, illegal], "lenient": [1] * 4}


def test_times_may_be_of_another_zone(row: Any, report: Any, emulator: Any) -> None:
    emulator.configure(sites="joined", zone_hours=-3.5)
    sent_at = emulator.now().replace(microsecond=0)
    emulator.add_message(phone_number=NUMBER, sent_at=sent_at)
    message_id = emulator.add_message(phone_number="+85261234567", sent_at=sent_at)["message_id"]
    local = sent_at.astimezone(timezone(timedelta(hours=-3.5)))
    assert row()["SendDate"] == local.strftime("%Y-%m-%d %H:%M:%S")
    assert report(message_id)["SendDate"] == local.strftime("%a, %d %b %Y %H:%M:%S -0330")
    emulator.configure(date_form="zone", message_date_form="zone")
    assert {row()["SendDate"], report(message_id)["SendDate"]} == {local.isoformat()}


def test_statistics_lag_lead_and_place_what_expired(legacy: Any, emulator: Any, today: Any) -> None:
    emulator.set_clock(emulator.now(), frozen=True)
    later = (emulator.now() + timedelta(seconds=100)).isoformat()
    emulator.add_message(phone_number=NUMBER, settles_at=later)
    emulator.add_message(phone_number=NUMBER, state="expired")

    def ask() -> Any:
        asked = {"IsGlobe": 1, "StartDate": today(), "EndDate": today(), "PageIndex": 1, "PageSize": 10}
        data = json.loads(legacy(CHINA, "QuerySendStatistics", asked, method="POST"))["Data"]
        return [
            [int(each[f"{name}Count"]) for name in ("Total", "RespondedSuccess", "RespondedFail", "NoResponded")]
            for each in data["TargetList"]
        ]

    assert ask() == [[2, 0, 0, 2]]
    emulator.configure(statistics_lag_seconds=-200)
    assert ask() == [[2, 1, 0, 1]]
    emulator.configure(expired_in_statistics="failed")
    assert ask() == [[2, 1, 1, 0]]
    emulator.configure(expired_in_statistics="absent")
    assert ask() == [[1, 1, 0, 0]]
    emulator.configure(statistics_lag_seconds=200)
    assert ask() == []
    emulator.advance(201)
    assert ask() == [[1, 0, 0, 1]]
    emulator.advance(200)
    assert ask() == [[1, 1, 0, 0]]


def test_every_place_where_the_days_of_statistics_may_be(legacy: Any, emulator: Any, today: Any) -> None:
    def data(days_back: int = 0) -> Any:
        asked = {"IsGlobe": 1, "StartDate": today(days_back), "EndDate": today(days_back), "PageIndex": 1}
        answer = legacy(CHINA, "QuerySendStatistics", asked | {"PageSize": 10}, method="POST")
        return json.loads(answer)["Data"]

    none = {"list": [], "object": [], "text": "", "null": None, "bare": []}
    for position, value in none.items():
        emulator.configure(records=position)
        assert data() == {"TotalSize": 0, "TargetList": value}
    emulator.configure(records="missing")
    assert data() == {"TotalSize": 0}
    emulator.add_message(phone_number=NUMBER)
    assert isinstance(data()["TargetList"], list)
    emulator.configure(records="object", total_count="string")
    assert data()["TargetList"]["TotalCount"] == data()["TotalSize"] == "1"


@pytest.mark.parametrize(("position", "code"), [("bare", "RAM_PERMISSION_DENY"), ("isv", "isp.RAM_PERMISSION_DENY")])
def test_codes_of_the_international_site_have_their_prefix_or_not(
    legacy: Any, emulator: Any, position: str, code: str
) -> None:
    emulator.configure(ram_denied="business", message_codes=position)
    key = {"access_key_id": "LTAI5tLimited", "access_key_secret": "s"}
    emulator.add_account(**key, actions=["SendSms"])
    assert json.loads(legacy(GLOBE, "QueryMessage", {"MessageId": "1"}, **key))["ResponseCode"] == code
    emulator.add_account(**key)
    emulator.fault("business", code="isv.AS_PLANNED")
    assert json.loads(legacy(GLOBE, "QueryMessage", {"MessageId": "1"}, **key))["ResponseCode"] == "isv.AS_PLANNED"


@pytest.mark.parametrize("status", [404, 400])
def test_an_unknown_key_has_either_status(legacy: Any, emulator: Any, status: int) -> None:
    emulator.configure(unknown_key_status=status)
    with pytest.raises(ServerException) as refused:
        legacy(GLOBE, "QueryMessage", {"MessageId": "1"}, access_key_id="LTAI5tNobody")
    assert (refused.value.error_code, refused.value.http_status) == ("InvalidAccessKeyId.NotFound", status)


def test_the_clock_may_be_months_off_its_clients(details: Any, emulator: Any) -> None:
    emulator.configure(skew_v1=90 * 86_400)
    for days in (-89, 178, -89):
        emulator.advance(days * 86_400)
        assert details()["Code"] == "OK"
    emulator.advance(-91 * 86_400)
    with pytest.raises(ServerException) as refused:
        details()
    assert refused.value.error_code == "InvalidTimeStamp.Expired"
