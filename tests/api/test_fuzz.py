"""Any response is parsed, or is an error of ours that quotes no phone number; nothing else is ever raised."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.api.protocol import payload_records, responses
from airflow_provider_dysms.api.protocol.error_codes import classify
from airflow_provider_dysms.api.protocol.send_details_json import read_page
from airflow_provider_dysms.emulator.rendering import render
from airflow_provider_dysms.model.dates import BEIJING
from airflow_provider_dysms.model.delivery import Delivery, judge_message, judge_send_detail
from airflow_provider_dysms.model.errors import DysmsError, DysmsUnreadable
from airflow_provider_dysms.model.records import MessageReport, Page, SendDetail

pytestmark = pytest.mark.slow

NUMBER = "13900001234"
AS_OF = datetime(2025, 6, 3, tzinfo=BEIJING)
PARSERS: dict[str, Callable[[Mapping[str, object]], object]] = {
    "QuerySendDetails": payload_records.parse_send_details,
    "QuerySendStatistics": payload_records.parse_send_statistics,
    "QueryMessage": payload_records.parse_message,
    "SendSms": payload_records.parse_sms_sent,
    "SendMessageToGlobe": payload_records.parse_message_sent,
}

#: A healthy answer of each action; its fields are also those that are put together at random.
HEALTHY: dict[str, dict[str, object]] = {
    "QuerySendDetails": {
        "Code": "OK",
        "Message": "OK",
        "RequestId": "819BE656-D2E0-4858-8B21-B2E477085AAF",
        "TotalCount": 2,
        "SmsSendDetailDTOs": {
            "SmsSendDetailDTO": [
                {
                    "PhoneNum": NUMBER,
                    "SendStatus": status,
                    "ErrCode": "DELIVERED",
                    "TemplateCode": "SMS_1",
                    "OutId": "o",
                    "Content": f"【甲】{NUMBER}",
                    "SendDate": "2025-06-01 16:44:10",
                    "ReceiveDate": "2025-06-01 16:44:13",
                }
                for status in (3, 1)
            ]
        },
    },
    "QuerySendStatistics": {
        "Code": "OK",
        "Data": {
            "TotalSize": 1,
            "TargetList": [
                {
                    "SendDate": "20250601",
                    "TotalCount": 4,
                    "RespondedSuccessCount": 2,
                    "RespondedFailCount": 1,
                    "NoRespondedCount": 1,
                }
            ],
        },
    },
    "QueryMessage": {
        "ResponseCode": "OK",
        "MessageId": "1008030300",
        "Status": "1",
        "ErrorCode": "DELIVERED",
        "To": NUMBER,
        "Message": f"to {NUMBER}",
        "SendDate": "Sun, 01 Jun 2025 16:44:10 +0800",
        "ReceiveDate": "Sun, 01 Jun 2025 16:44:13 +0800",
        "NumberDetail": {"Country": "Hong Kong", "Region": "HK", "Carrier": "CSL"},
    },
    "SendSms": {"Code": "OK", "BizId": "9006197469364984^0", "RequestId": NUMBER},
    "SendMessageToGlobe": {"ResponseCode": "OK", "MessageId": "1008030300", "Segments": "1"},
}


def bodies(answer: dict[str, object]) -> list[bytes]:
    return [json.dumps(answer, ensure_ascii=False).encode(), render(answer, "AnyResponse", "XML")[1]]


def names(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(names, value))
    return set(value) | names(list(value.values())) if isinstance(value, dict) else set()


def outcome(action: str, status: int, body: bytes) -> object:
    """Return the result of a response, or our error; any other exception fails the test."""
    found = outcome_of_any_form(action, status, body)
    fast = read_page(body) if (action, status) == ("QuerySendDetails", 200) else None
    assert fast is None or fast == without_extra(found), "the fast parser returns something else"
    return found


def without_extra(found: object) -> object:
    """Return a page without the fields that nobody knows: the fast reader does not keep them."""
    if not isinstance(found, Page):
        return found
    return msgspec.structs.replace(
        found, records=tuple(msgspec.structs.replace(each, extra={}) for each in found.records)
    )


def outcome_of_any_form(action: str, status: int, body: bytes) -> object:
    answer = responses.decode(body)
    error = classify(action, status, answer)
    if error is not None:
        return error
    assert answer is not None
    try:
        return PARSERS[action](answer)
    except DysmsUnreadable as unreadable:
        return unreadable


def check(found: object) -> None:
    if isinstance(found, DysmsError):
        for shown in (str(found), repr(found), repr(vars(found))):
            assert NUMBER not in shown
            assert NUMBER[-8:] not in shown
    if isinstance(found, Page):
        assert found.total >= 0
        for record in found.records:
            if isinstance(record, SendDetail):
                assert isinstance(judge_send_detail(record, AS_OF), Delivery)
    if isinstance(found, MessageReport):
        assert isinstance(judge_message(found, AS_OF), Delivery)


ACTIONS = st.sampled_from(list(PARSERS))
STATUSES = st.sampled_from([200, 200, 200, 201, 302, 400, 404, 408, 429, 500, 503])
PIECES = st.sampled_from([b"[", b"{}", b"null", b'"', b"<a>", b"</", b"&lt;"])
#: What servers put where something else belongs.
ODD = st.sampled_from(
    [
        NUMBER,
        f"+86 {NUMBER}",
        int(NUMBER),
        -1,
        0,
        10**30,
        1e400,
        "",
        " ",
        "OK",
        "ok",
        "null",
        f"isv.{NUMBER}",
        "2025-06-01 25:00:00",
        "9999-12-31 23:59:59",
        "0001-01-01 00:00:00",
        "٣",
        "1e3",
        "\x00",
        "\ud800",
    ]
)
FIELDS = sorted(names(list(HEALTHY.values())) | {"Odd", "phoneNum", "totalCount", "code"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300)
@given(ACTIONS, STATUSES, st.binary(max_size=300))
def test_any_bytes_are_an_outcome(action: str, status: int, body: bytes) -> None:
    check(outcome(action, status, body))


@settings(max_examples=400)
@given(ACTIONS, st.data())
def test_a_healthy_answer_with_bytes_put_in_cut_out_and_turned_over_is_an_outcome(
    action: str, data: st.DataObject
) -> None:
    body = bytearray(data.draw(st.sampled_from(bodies(HEALTHY[action]))))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 12)))
        body[start:end] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"[", b"{}", b"null", b'"', b"<a>", b"</", b"&lt;"])
        )
    check(outcome(action, 200, bytes(body)))


@settings(max_examples=400)
@given(ACTIONS, STATUSES, st.data())
def test_a_healthy_answer_with_other_values_in_it_is_an_outcome(action: str, status: int, data: st.DataObject) -> None:
    def changed(value: object) -> object:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(VALUES)
        if isinstance(value, dict):
            return {name: changed(inner) for name, inner in value.items() if data.draw(st.integers(0, 19))}
        return [changed(inner) for inner in value] if isinstance(value, list) else value

    answer = {name: changed(value) for name, value in HEALTHY[action].items()}
    check(outcome(action, status, json.dumps(answer).encode()))


@settings(max_examples=200)
@given(ACTIONS, st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
def test_fields_put_together_at_random_are_an_outcome_in_json_and_xml(action: str, answer: dict[str, object]) -> None:
    answer |= {"Code": "OK"}
    check(outcome(action, 200, json.dumps(answer).encode()))
    text = re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd]", "?", render_any(answer))
    check(outcome(action, 200, text.encode()))


def render_any(answer: dict[str, object]) -> str:
    try:
        return render(answer, "AnyResponse", "XML")[1].decode()
    except UnicodeEncodeError:
        return "<AnyResponse/>"


@pytest.mark.parametrize("action", PARSERS)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"Code":"OK","Data":' + b'{"Data":' * 50_000,
        b'{"Code":"OK","Odd":' + b"[" * 400 + b"]" * 400 + b"}",
        b"<AnyResponse>" + b"<a>" * 50_000,
        b"<AnyResponse>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</AnyResponse>",
        b'{"Code":"OK","TotalCount":' + b"9" * 10_000 + b"}",
        b'{"Code":"OK","TotalCount":"' + b"9" * 10_000 + b'"}',
    ],
    ids=["deep list", "deep object", "deep and odd", "deep XML", "deep XML that ends", "long number", "long text"],
)
def test_what_is_deep_or_long_is_an_outcome_too(action: str, body: bytes) -> None:
    assert isinstance(outcome(action, 200, body), object)


@pytest.mark.parametrize("action", PARSERS)
def test_the_healthy_answers_are_read(action: str) -> None:
    for body in bodies(HEALTHY[action]):
        assert not isinstance(outcome(action, 200, body), DysmsError)
