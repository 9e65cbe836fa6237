"""The fast parser returns the same records as the parser of every form, or leaves the page to it."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.api.protocol import error_codes, payload_records, responses
from airflow_provider_dysms.api.protocol.send_details_json import read_page
from airflow_provider_dysms.model.records import Page, SendDetail

TODAY = {
    "PhoneNum": "13900000000",
    "SendStatus": 3,
    "ErrCode": "DELIVERED",
    "TemplateCode": "SMS_122310183",
    "OutId": "123",
    "Content": "【阿里云】验证码为：123",
    "SendDate": "2019-01-08 16:44:10",
    "ReceiveDate": "2019-01-08 16:44:13",
}


def body(rows: list[dict[str, object]], total: object = None, **changes: object) -> bytes:
    answer = {
        "Code": "OK",
        "Message": "OK",
        "RequestId": "1",
        "TotalCount": len(rows) if total is None else total,
        "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows},
    }
    return json.dumps(answer | changes).encode()


def read_by_the_other(page: bytes) -> Page[SendDetail] | None:
    """Read with the reader of every form; fields that nobody knows are left out, as the quick reader does."""
    answer = responses.decode(page)
    if error_codes.classify("QuerySendDetails", 200, answer) is not None:
        return None
    assert answer is not None
    read = payload_records.parse_send_details(answer)
    records = tuple(msgspec.structs.replace(record, extra={}) for record in read.records)
    return msgspec.structs.replace(read, records=records)


SPARSE = {name: TODAY[name] for name in ("PhoneNum", "SendStatus", "SendDate")}
DOCUMENTED = {
    "ErrCode": "DELIVERED",
    "TemplateCode": "SMS_12231****",
    "OutId": "123",
    "ReceiveDate": "2025-06-01 16:44:13",
    "SendDate": "2025-06-01 16:44:10",
    "PhoneNum": "1390000****",
    "Content": "【阿里云】验证码为:123,您正在登录,若非本人操作,请勿泄露",
    "SendStatus": 3,
}
OF_2018 = (
    b'{"TotalCount":1,"Message":"OK","RequestId":"819BE656-D2E0-4858-8B21-B2E477085AAF","SmsSendDetailDTOs":'
    b'{"SmsSendDetailDTO":[{"SendDate":"2018-01-08 16:44:10","SendStatus":1,"PhoneNum":"13900000000"}]},"Code":"OK"}'
)


@pytest.mark.parametrize(
    "page",
    [
        body([]),
        body([TODAY]),
        body([TODAY, SPARSE]),
        body([TODAY | {"OutId": "", "ErrCode": "", "ReceiveDate": None}]),
        body([TODAY | {"PhoneNum": " 1 ", "ErrCode": "A\n"}]),
        body([DOCUMENTED], total="1"),
        body([TODAY], total=" 1 "),
        body([], total="0"),
        body([dict(reversed(TODAY.items()))], total="1"),
        body([dict.fromkeys(TODAY) | {"PhoneNum": "1"}]),
        body([TODAY], Message=None, RequestId=None),
        body([TODAY], Surprise={"a": [1, None]}),
        body([TODAY | {"Surprise": 1}, TODAY]),
        body([TODAY | {"SmsSize": "1", "Nested": {"a": [1]}}], total="1", Surprise=1),
        body([TODAY | {"SendStatus": "3"}]),
        body([TODAY | {"SendStatus": ""}]),
        body([TODAY | {"ReceiveDate": ""}]),
        body([TODAY | {"SendDate": "2019-01-08T16:44:10+08:00"}]),
        body([TODAY], ResponseCode="OK"),
        OF_2018,
        OF_2018[:-1] + b',"Fresh":"\\u4e00"}',
    ],
)
def test_every_form_of_today_is_taken(page: bytes) -> None:
    read = read_page(page)
    assert read is not None
    assert read == read_by_the_other(page)


@pytest.mark.parametrize(
    "page",
    [
        body([TODAY], Code="isv.BUSINESS_LIMIT_CONTROL"),
        body([TODAY], ResponseCode="isv.BUSINESS_LIMIT_CONTROL"),
        body([TODAY], responseCode="isv.BUSINESS_LIMIT_CONTROL"),
        body([TODAY], total=-1),
        body([TODAY], total="-1"),
        body([TODAY], total=""),
        body([TODAY], total="many"),
        body([TODAY], total=1.0),
        body([TODAY], total=True),
        body([TODAY | {"PhoneNum": " "}]),
        body([TODAY | {"PhoneNum": None}]),
        body([TODAY | {"SendStatus": "three"}]),
        body([TODAY | {"SendStatus": True}]),
        body([TODAY | {"SendDate": "yesterday"}]),
        body([TODAY | {"SendDate": "0001-01-01 00:00:00"}]),
        body([SPARSE | {"errCode": "DELIVERED"}]),
        body([SPARSE | {"content": None}]),
        body([TODAY], SmsSendDetailDTOs=None),
        body([TODAY], SmsSendDetailDTOs={"SmsSendDetailDTO": TODAY}),
        OF_2018[:-1] + b',"Fresh":"\xff"}',
        OF_2018[:-1] + b',"Fresh":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"",
        b"<html>",
        b"\xff",
    ],
)
def test_what_is_in_no_form_of_today_is_left_to_the_other(page: bytes) -> None:
    assert read_page(page) is None


VALUES = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.integers(-2, 4),
    st.booleans(),
    st.sampled_from([" DELIVRD ", "2019-01-08 16:44:10", "Wed, 08 Jan 2019 16:44:10 +0800", "", "3", " 2 ", []]),
)
ODD = ["phoneNum", "sendStatus", "outId", "errCode", "content", "receiveDate", "Other"]
ROWS = st.lists(
    st.builds(
        lambda changes, gone, order: {
            name: value for name, value in sorted((TODAY | changes).items(), key=order) if name not in gone
        },
        st.dictionaries(st.sampled_from([*TODAY, *ODD]), VALUES, max_size=3),
        st.sets(st.sampled_from([*TODAY]), max_size=2),
        st.sampled_from([str, lambda item: item[0][::-1], lambda item: -len(item[0])]),
    ),
    max_size=3,
)
CHANGES = st.dictionaries(
    st.sampled_from(
        ["Code", "Message", "Extra", "RequestId", "requestId", "ResponseCode", "responseCode", "totalCount"]
    ),
    st.one_of(VALUES, st.just("OK")),
    max_size=2,
)


@pytest.mark.slow
@given(ROWS, st.one_of(st.none(), VALUES), CHANGES)
@settings(max_examples=600)
def test_what_it_takes_is_what_the_other_reads(
    rows: list[dict[str, object]], total: object, changes: dict[str, object]
) -> None:
    page = body(rows, total, **changes)
    quick = read_page(page)
    if quick is not None:
        assert quick == read_by_the_other(page)
