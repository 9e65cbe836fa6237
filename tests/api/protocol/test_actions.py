"""The request of every API action has the vendor's parameters, and a wrong argument is an error that names it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from airflow_provider_dysms.api.protocol import actions
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = "13900000000"
DAY = date(2025, 6, 1)


def test_the_query_of_details_has_the_vendors_parameters() -> None:
    call = actions.query_send_details(NUMBER, DAY, "134523^4351232", page=2, page_size=50)
    assert (call.action, call.version, call.form) == ("QuerySendDetails", "2017-05-25", None)
    assert call.query == {
        "PhoneNumber": NUMBER,
        "SendDate": "20250601",
        "PageSize": "50",
        "CurrentPage": "2",
        "BizId": "134523^4351232",
    }
    assert "BizId" not in actions.query_send_details(NUMBER, DAY, page=1, page_size=1).query
    assert NUMBER not in repr(call)


def test_the_query_of_statistics_has_the_vendors_parameters() -> None:
    call = actions.query_send_statistics(
        DAY, date(2025, 6, 2), is_globe=True, template_type=0, sign_name="阿里云", page=1, page_size=50
    )
    assert (call.action, call.version, call.form) == ("QuerySendStatistics", "2017-05-25", None)
    assert call.query == {
        "IsGlobe": "2",
        "StartDate": "20250601",
        "EndDate": "20250602",
        "PageIndex": "1",
        "PageSize": "50",
        "TemplateType": "0",
        "SignName": "阿里云",
    }
    plain = actions.query_send_statistics(DAY, DAY, is_globe=False, page=1, page_size=1).query
    assert plain["IsGlobe"] == "1"
    assert not {"TemplateType", "SignName"} & set(plain)


def test_the_query_of_a_message_has_the_vendors_parameters() -> None:
    call = actions.query_message("1008030300303003")
    assert (call.action, call.version) == ("QueryMessage", "2018-05-01")
    assert call.query == {"MessageId": "1008030300303003"}


def test_a_send_has_the_vendors_parameters() -> None:
    call = actions.send_sms([NUMBER, "+8613900000001"], "阿里云", "SMS_1", {"code": "1234", "n": 1, "名": "é"}, "x")
    assert (call.action, call.version, call.form) == ("SendSms", "2017-05-25", None)
    assert call.query == {
        "PhoneNumbers": f"{NUMBER},+8613900000001",
        "SignName": "阿里云",
        "TemplateCode": "SMS_1",
        "TemplateParam": '{"code":"1234","n":1,"名":"é"}',
        "OutId": "x",
    }
    assert actions.send_sms([NUMBER], "s", "t", '{"code": "1"}').query["TemplateParam"] == '{"code": "1"}'
    assert set(actions.send_sms([NUMBER], "s", "t").query) == {"PhoneNumbers", "SignName", "TemplateCode"}
    assert actions.send_sms(NUMBER, "s", "t").query["PhoneNumbers"] == NUMBER
    assert actions.send_sms([NUMBER] * 1000, "s", "t", out_id="x" * 255).query["PhoneNumbers"].count(",") == 999


def test_an_international_send_has_the_vendors_parameters() -> None:
    call = actions.send_message_to_globe(
        "6581000000",
        "Hello\n1234",
        sender_id="Aliyun",
        message_type="OTP",
        task_id="t",
        validity_period=600,
        channel_id="c",
    )
    assert (call.action, call.version, call.form) == ("SendMessageToGlobe", "2018-05-01", None)
    assert call.query == {
        "To": "6581000000",
        "Message": "Hello\n1234",
        "From": "Aliyun",
        "Type": "OTP",
        "TaskId": "t",
        "ValidityPeriod": "600",
        "ChannelId": "c",
    }
    assert set(actions.send_message_to_globe("6581000000", "Hello").query) == {"To", "Message"}


LONG = "x" * 256


def ask(**changes: object) -> object:
    return actions.query_send_details(**({"phone_number": NUMBER, "day": DAY, "page": 1, "page_size": 50} | changes))  # type: ignore[arg-type]


def count(**changes: object) -> object:
    given: dict[str, object] = {"first": DAY, "last": DAY, "is_globe": False, "page": 1, "page_size": 50}
    return actions.query_send_statistics(**(given | changes))  # type: ignore[arg-type]


def send(**changes: object) -> object:
    given: dict[str, object] = {"phone_numbers": [NUMBER], "sign_name": "s", "template_code": "t"}
    return actions.send_sms(**(given | changes))  # type: ignore[arg-type]


def send_globe(**changes: object) -> object:
    return actions.send_message_to_globe(**({"to": "6581000000", "message": "Hello"} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("build", "argument", "named", "wrong"),
    [
        (
            ask,
            "phone_number",
            "phone_number",
            ["", "+8613900001234", "139-0000-1234", "1390000123x", 13900001234, None],
        ),
        (ask, "phone_number", "phone_number", ["1234", "1" * 21, "１３９００００１２３４", NUMBER + "\n", [NUMBER]]),
        (ask, "day", "send_date", ["20250601", None, datetime(2025, 6, 1, tzinfo=UTC)]),
        (ask, "biz_id", "biz_id", ["", " ", 1, LONG, "\ud800"]),
        (ask, "page", "page", [0, -1, True, "1", 1.0, None]),
        (ask, "page_size", "page_size", [0, 51, 100, True, "50", 49.0, None]),
        (count, "page_size", "page_size", [0, 51]),
        (count, "page", "page", [0]),
        (count, "first", "first_date", ["20250601", None]),
        (count, "last", "last_date", ["20250601", None, date(2025, 5, 31)]),
        (count, "template_type", "template_type", [4, -1, True, "0", []]),
        (count, "sign_name", "sign_name", ["", 1]),
        (send, "phone_numbers", "phone_numbers", [[], "", [""], [NUMBER] * 1001, [None], None, {NUMBER}, 13900001234]),
        (send, "phone_numbers", "phone_numbers", [f"{NUMBER},{NUMBER}", ["1390000 1234"]]),
        (send, "sign_name", "sign_name", ["", None]),
        (send, "template_code", "template_code", ["", None]),
        (send, "template_param", "template_param", ["", "{", "[]", "1", [], {1: "a"}, {"a": float("nan")}, {"a": ask}]),
        (send, "template_param", "template_param", [{"a": "\ud800"}, "[" * 100_000]),
        (send, "out_id", "out_id", ["", LONG, 7]),
        (send_globe, "to", "to", ["", "+", "abc", None, ["6581000000"]]),
        (send_globe, "message", "message", ["", " ", None, "\ud800"]),
        (send_globe, "sender_id", "sender_id", ["", "x" * 12, "1" * 16, "a b", 7]),
        (send_globe, "message_type", "message_type", ["", "otp", "SMS", 1]),
        (send_globe, "task_id", "task_id", ["", LONG]),
        (send_globe, "validity_period", "validity_period", [0, -1, "600", True]),
        (send_globe, "channel_id", "channel_id", ["", 7]),
    ],
)
def test_a_wrong_argument_is_named_and_not_repeated(
    build: Callable[..., object], argument: str, named: str, wrong: list[object]
) -> None:
    build()
    for value in wrong:
        with pytest.raises(DysmsInputError) as caught:
            build(**{argument: value})
        assert caught.value.argument == named
        assert "1234" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("wrong", ["", " ", "a b", "x" * 256, "中", "1\n", 1, None])
def test_a_wrong_message_id_is_named(wrong: str) -> None:
    with pytest.raises(DysmsInputError, match="message_id must be an id"):
        actions.query_message(wrong)


@pytest.mark.parametrize("nothing", ["None", "null", "NULL", "nan", "\\N"])
def test_what_templates_write_for_nothing_is_no_id(nothing: str) -> None:
    with pytest.raises(DysmsInputError, match=r"message_id is .* a word for a missing value"):
        actions.query_message(nothing)
    with pytest.raises(DysmsInputError, match=r"biz_id is .* a word for a missing value"):
        actions.query_send_details("13900000000", date(2025, 6, 1), nothing, page=1, page_size=50)
