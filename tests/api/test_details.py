"""The quick reader of today's form: what it takes, it reads as the reader of every form does."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.api import actions, codes
from airflow_provider_dysms.api.details import read_page
from airflow_provider_dysms.api.records import Page, SendDetail

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
    answer = actions.decode(page)
    if codes.judge("QuerySendDetails", 200, answer) is not None:
        return None
    assert answer is not None
    return actions.parse_send_details(answer)


def test_todays_form_is_taken() -> None:
    sparse = {name: TODAY[name] for name in ("PhoneNum", "SendStatus", "SendDate")}
    for rows in (
        [],
        [TODAY],
        [TODAY, sparse],
        [TODAY | {"OutId": "", "ErrCode": "", "ReceiveDate": None}],
        [TODAY | {"PhoneNum": " 1 ", "ErrCode": "A\n"}],
    ):
        page = read_page(body(rows))
        assert page is not None
        assert page == read_by_the_other(body(rows))


def test_what_is_not_in_todays_form_is_left_to_the_other() -> None:
    for page in (
        body([TODAY], Code="isv.BUSINESS_LIMIT_CONTROL"),
        body([TODAY], total="1"),
        body([TODAY], total=-1),
        body([TODAY], Surprise=1),
        body([TODAY | {"Surprise": 1}]),
        body([TODAY | {"SendStatus": "3"}]),
        body([TODAY | {"PhoneNum": " "}]),
        body([TODAY | {"SendDate": "yesterday"}]),
        body([TODAY | {"SendDate": "2019-01-08T16:44:10+08:00"}]),
        body([TODAY | {"SendDate": "0001-01-01 00:00:00"}]),
        body([TODAY | {"ReceiveDate": ""}]),
        body([TODAY], SmsSendDetailDTOs=None),
        b"",
        b"<html>",
        b"\xff",
    ):
        assert read_page(page) is None, page


VALUES = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.integers(-2, 4),
    st.booleans(),
    st.sampled_from([" DELIVRD ", "2019-01-08 16:44:10", "Wed, 08 Jan 2019 16:44:10 +0800", "", "3", []]),
)
ROWS = st.lists(
    st.builds(
        lambda changes, gone: {name: value for name, value in (TODAY | changes).items() if name not in gone},
        st.dictionaries(st.sampled_from([*TODAY, "phoneNum", "Other"]), VALUES, max_size=2),
        st.sets(st.sampled_from([*TODAY]), max_size=2),
    ),
    max_size=3,
)


@given(ROWS, st.one_of(st.none(), VALUES), st.dictionaries(st.sampled_from(["Code", "Message", "Extra"]), VALUES))
def test_what_it_takes_is_what_the_other_reads(
    rows: list[dict[str, object]], total: object, changes: dict[str, object]
) -> None:
    page = body(rows, total, **changes)
    quick = read_page(page)
    if quick is not None:
        assert quick == read_by_the_other(page)
