"""The three queries: window, pages, states, statistics, and the switches that change their responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

NUMBER = "13900000000"


CHINA, GLOBE = "2017-05-25", "2018-05-01"


def test_the_window_has_thirty_days(details: Callable[..., Any], emulator: Any) -> None:
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


@pytest.mark.parametrize("changes", [{"PageSize": 0}, {"PageSize": 51}, {"CurrentPage": 0}, {"CurrentPage": -1}])
def test_an_invalid_page_is_refused_with_the_error_of_the_switch(
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
def test_an_invalid_parameter_is_refused(details: Any, changes: dict[str, str], code: str) -> None:
    response = details(**changes)
    assert set(response) == {"Code", "Message", "RequestId"}
    assert response["Code"] == code


@pytest.mark.parametrize("name", ["PhoneNumber", "SendDate", "PageSize", "CurrentPage"])
def test_the_gateway_names_a_missing_parameter(details: Any, name: str) -> None:
    with pytest.raises(ServerException) as refused:
        details(**{name: ""})
    assert (refused.value.error_code, refused.value.http_status) == (f"Missing{name}", 400)


def test_a_lenient_service_accepts_any_form_of_a_number(details: Any, emulator: Any) -> None:
    emulator.configure(query_number="lenient")
    emulator.add_message(phone_number=NUMBER)
    assert details(PhoneNumber=f"+86{NUMBER}")["TotalCount"] == 1


def test_a_message_id_is_forgotten_after_the_retention_time(report: Any, emulator: Any) -> None:
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
def test_the_status_of_a_message_has_two_numberings(
    report: Any, emulator: Any, vocabulary: str, statuses: dict[str, str]
) -> None:
    emulator.configure(message_status=vocabulary)
    ids = {state: emulator.add_message(phone_number="+85261234567", state=state)["message_id"] for state in statuses}
    assert {state: report(ids[state])["Status"] for state in statuses} == statuses
    emulator.configure(message_status_type="int")
    assert {state: report(ids[state])["Status"] for state in statuses} == {k: int(v) for k, v in statuses.items()}


def test_statistics_count_billed_segments_without_the_blacklist(
    legacy: Any, emulator: Any, today: Callable[..., str]
) -> None:
    emulator.add_message(phone_number=NUMBER, content="【示例】" + "字" * 131)
    emulator.add_message(phone_number=NUMBER, state="failed")
    emulator.add_message(phone_number=NUMBER, state="failed", error_code="MOBILE_IN_BLACK")
    emulator.add_message(phone_number=NUMBER, state="waiting", template_type=2)
    emulator.add_message(phone_number="+85261234567", content="x" * 161)

    def ask(**changes: Any) -> Any:
        parameters = {"IsGlobe": 1, "StartDate": today(), "EndDate": today(), "PageIndex": 1, "PageSize": 10} | changes
        data = json.loads(legacy(CHINA, "QuerySendStatistics", parameters, method="POST"))["Data"]
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


def test_the_switch_decides_the_response_after_the_last_page(details: Any, emulator: Any) -> None:
    for place in range(7):
        emulator.add_message(phone_number=NUMBER, out_id=f"{place}")

    def ask() -> Any:
        response = details(PageSize=3, CurrentPage=9)
        return response["TotalCount"], len(response["SmsSendDetailDTOs"]["SmsSendDetailDTO"])

    responses = {}
    for position in ("empty", "zero", "last_page"):
        emulator.configure(past_the_end=position)
        responses[position] = ask()
    assert responses == {"empty": (7, 0), "zero": (0, 0), "last_page": (7, 1)}
    assert details(PageSize=3, CurrentPage=3)["TotalCount"] == 7


def test_page_numbers_and_sizes_can_be_clamped(details: Any, emulator: Any) -> None:
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
def test_the_recipient_of_a_report_has_every_form(report: Any, emulator: Any, form: str, number: str | None) -> None:
    emulator.configure(message_to_form=form)
    message_id = emulator.add_message(phone_number="+6581234810", message_id="1")["message_id"]
    assert report(message_id).get("To") == number


def test_a_number_with_country_code_is_refused_or_found_or_not(details: Any, emulator: Any) -> None:
    emulator.add_message(phone_number=NUMBER)
    found: dict[str, list[object]] = {}
    for position in ("strict", "literal", "lenient"):
        emulator.configure(query_number=position)
        responses = [details(PhoneNumber=f"{prefix}{NUMBER}") for prefix in ("", "86", "0086", "+86")]
        found[position] = [response.get("TotalCount", response["Code"]) for response in responses]
    illegal = "isv.MOBILE_NUMBER_ILLEGAL"
    assert found == {"strict": [1, *[illegal] * 3], "literal": [1, 0, 0, illegal], "lenient": [1] * 4}


def test_statistics_lag_or_lead_and_count_expired_messages(legacy: Any, emulator: Any, today: Any) -> None:
    emulator.set_clock(emulator.now(), frozen=True)
    later = (emulator.now() + timedelta(seconds=100)).isoformat()
    emulator.add_message(phone_number=NUMBER, settles_at=later)
    emulator.add_message(phone_number=NUMBER, state="expired")

    def ask() -> Any:
        parameters = {"IsGlobe": 1, "StartDate": today(), "EndDate": today(), "PageIndex": 1, "PageSize": 10}
        data = json.loads(legacy(CHINA, "QuerySendStatistics", parameters, method="POST"))["Data"]
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


def test_the_days_of_statistics_have_every_form(legacy: Any, emulator: Any, today: Any) -> None:
    def data(days_back: int = 0) -> Any:
        parameters = {"IsGlobe": 1, "StartDate": today(days_back), "EndDate": today(days_back), "PageIndex": 1}
        response = legacy(CHINA, "QuerySendStatistics", parameters | {"PageSize": 10}, method="POST")
        return json.loads(response)["Data"]

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
