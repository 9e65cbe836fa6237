"""The rows of QuerySendDetails: their fields, their form and their order, for every value of the switches."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

NUMBER = "13900000000"


def test_rows_are_newest_first_and_a_page_after_the_last_is_empty(details: Any, emulator: Any) -> None:
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


def test_a_waiting_row_has_no_code_and_no_receipt(row: Any, emulator: Any) -> None:
    emulator.add_message(phone_number=NUMBER, state="waiting")
    assert row()["SendStatus"] == 1
    assert {"ErrCode", "ReceiveDate"}.isdisjoint(row())
    for switch, value in (("null", None), ("empty", "")):
        emulator.configure(waiting_fields=switch)
        assert (row()["ErrCode"], row()["ReceiveDate"]) == (value, value)


def test_switches_change_the_fields_of_a_row(row: Any, details: Any, emulator: Any) -> None:
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


def test_records_have_every_form(details: Any, emulator: Any) -> None:
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
def test_phone_numbers_have_every_form(row: Any, emulator: Any, form: str, mainland: str, abroad: str) -> None:
    emulator.configure(phone_form=form)
    emulator.add_message(phone_number=NUMBER)
    emulator.add_message(phone_number="+852 6123 4567")
    assert (row()["PhoneNum"], row(PhoneNumber="85261234567")["PhoneNum"]) == (mainland, abroad)


def test_eleven_digits_can_be_two_numbers(details: Any, emulator: Any) -> None:
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
        for response in (row(), report(message_id)):
            there = {"code"} if {"ErrCode", "ErrorCode"} & set(response) else set()
            assert there | ({"date"} if "ReceiveDate" in response else set()) == fields


def test_the_international_site_can_call_a_delivery_success(row: Any, report: Any, emulator: Any) -> None:
    emulator.configure(sites="joined", message_delivered_code="success")
    emulator.add_message(phone_number=NUMBER)
    message_id = emulator.add_message(phone_number="+85261234567")["message_id"]
    assert (row()["ErrCode"], report(message_id)["ErrorCode"]) == ("DELIVERED", "success")


def test_the_last_digits_of_a_number_can_be_masked(row: Any, emulator: Any) -> None:
    emulator.configure(phone_form="masked_end")
    emulator.add_message(phone_number="13900001234")
    assert row(PhoneNumber="13900001234")["PhoneNum"] == "1390000****"


def test_times_can_be_in_another_time_zone(row: Any, report: Any, emulator: Any) -> None:
    emulator.configure(sites="joined", zone_hours=-3.5)
    sent_at = emulator.now().replace(microsecond=0)
    emulator.add_message(phone_number=NUMBER, sent_at=sent_at)
    message_id = emulator.add_message(phone_number="+85261234567", sent_at=sent_at)["message_id"]
    local = sent_at.astimezone(timezone(timedelta(hours=-3.5)))
    assert row()["SendDate"] == local.strftime("%Y-%m-%d %H:%M:%S")
    assert report(message_id)["SendDate"] == local.strftime("%a, %d %b %Y %H:%M:%S -0330")
    emulator.configure(date_form="zone", message_date_form="zone")
    assert {row()["SendDate"], report(message_id)["SendDate"]} == {local.isoformat()}
