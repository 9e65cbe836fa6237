from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.model import delivery
from airflow_provider_dysms.model.delivery import (
    Delivery,
    State,
    categorise,
    is_billed,
    judge_message,
    judge_receipt,
    judge_send_detail,
    state_of_globe_receipt,
    state_of_huawei_receipt,
)
from airflow_provider_dysms.model.records import MessageReport, SendDetail

SENT = datetime(2025, 6, 1, 8, tzinfo=UTC)
SOON = SENT + timedelta(minutes=1)
LAST = SENT + timedelta(hours=72)
LATE = LAST + timedelta(seconds=1)


def detail(status: int | None, code: str | None = None, sent_at: datetime | None = SENT) -> SendDetail:
    return SendDetail(phone_number="13900000000", send_status=status, error_code=code, sent_at=sent_at)


def report(
    status: str | None, code: str | None, received_at: datetime | None, sent_at: datetime | None = SENT
) -> MessageReport:
    return MessageReport(message_id="1", status=status, error_code=code, received_at=received_at, sent_at=sent_at)


@pytest.fixture(autouse=True)
def _nothing_named_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_logged_statuses", set())


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (3, "DELIVERED", Delivery(State.DELIVERED, "delivered", None)),
        (3, "DELIVRD", Delivery(State.DELIVERED, "delivered", None)),
        (3, None, Delivery(State.DELIVERED, None, None)),
        (2, "MK:0001", Delivery(State.FAILED, "invalid_number", "recipient")),
        (2, "NEVER:HEARD", Delivery(State.FAILED, "unknown", "unknown")),
        (2, None, Delivery(State.FAILED, None, "unknown")),
        (1, None, Delivery(State.WAITING, None, None)),
        (1, "REQUEST_SUCCESS", Delivery(State.WAITING, "pending", None)),
        # Where the two contradict each other, the status decides, and the category still says what the code was.
        (3, "MK:0001", Delivery(State.DELIVERED, "invalid_number", None)),
        (2, "DELIVRD", Delivery(State.FAILED, "delivered", "unknown")),
        (1, "DELIVRD", Delivery(State.WAITING, "delivered", None)),
    ],
)
def test_a_row_is_judged_by_its_status_and_categorised_by_its_code(
    status: int, code: str | None, expected: Delivery
) -> None:
    assert judge_send_detail(detail(status, code), SOON) == expected


@pytest.mark.parametrize("status", [1, None, 0, 4, 99, -1])
def test_what_waits_for_more_than_72_hours_has_expired(status: int | None) -> None:
    assert judge_send_detail(detail(status), LAST) == Delivery(State.WAITING, None, None)
    assert judge_send_detail(detail(status), LATE) == Delivery(State.EXPIRED, None, "unknown")
    assert judge_send_detail(detail(status, sent_at=None), LATE).state is State.WAITING


@pytest.mark.parametrize(("status", "state"), [(2, State.FAILED), (3, State.DELIVERED)])
def test_what_is_final_stays_what_it_is(status: int, state: State) -> None:
    assert judge_send_detail(detail(status), LATE + timedelta(days=300)).state is state


@pytest.mark.parametrize(
    ("status", "code", "received", "state"),
    [
        ("1", "DELIVERED", False, State.DELIVERED),
        ("1", "DELIVRD", True, State.DELIVERED),
        ("1", "success", False, State.DELIVERED),
        ("1", "UNDELIV", True, State.FAILED),
        ("1", "NEVER:HEARD", False, State.FAILED),
        ("1", None, False, State.WAITING),
        ("1", "", False, State.WAITING),
        ("1", None, True, State.DELIVERED),
        ("1", "REQUEST_SUCCESS", False, State.WAITING),
        ("1", "ACCEPTD", True, State.WAITING),
        ("2", None, False, State.FAILED),
        ("2", "DELIVERED", True, State.FAILED),
        ("3", "DELIVERED", True, State.DELIVERED),
        ("3", "DELIVERED", False, State.WAITING),
        ("3", "UNDELIV", True, State.WAITING),
        ("3", None, True, State.WAITING),
        ("3", None, False, State.WAITING),
        ("6", None, False, State.EXPIRED),
        ("6", "DELIVERED", True, State.EXPIRED),
        ("4", "DELIVERED", True, State.WAITING),
        (None, "DELIVERED", True, State.WAITING),
        ("sent", None, False, State.WAITING),
    ],
)
def test_a_message_is_judged_by_the_table(status: str | None, code: str | None, received: bool, state: State) -> None:
    judged = judge_message(report(status, code, SOON if received else None), SOON)
    assert judged.state is state
    assert judged.category == categorise(code)[0]
    assert (judged.fault is None) == (state in (State.DELIVERED, State.WAITING))


@pytest.mark.parametrize("status", ["1", "3", "4", None])
def test_a_message_that_waits_for_more_than_72_hours_has_expired(status: str | None) -> None:
    assert judge_message(report(status, None, None), LAST).state is State.WAITING
    assert judge_message(report(status, None, None), LATE).state is State.EXPIRED
    assert judge_message(report(status, None, None, sent_at=None), LATE).state is State.WAITING


def test_everything_but_waiting_is_final() -> None:
    assert [state for state in State if not Delivery(state, None, None).is_final] == [State.WAITING]


def test_an_unknown_status_is_named_once_a_value_in_both_apis(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        judge_send_detail(detail(7), SOON)
        judge_send_detail(detail(None), SOON)
        judge_message(report("7", None, None), SOON)
        judge_message(report("1", None, None), SOON)
        judge_message(report("3", None, None), SOON)
        judge_send_detail(detail(1), SOON)
    assert [message.split(" is ")[0] for message in caplog.messages] == [
        "QuerySendDetails: SendStatus 7",
        "QuerySendDetails: SendStatus None",
        "QueryMessage: Status 7",
    ]


def test_the_log_names_no_number_and_ends_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    judge_message(report("13900001234", None, None), SOON)
    judge_send_detail(detail(13900001234), SOON)
    for status in range(100, 1000):
        judge_send_detail(detail(status), SOON)
    assert "1234" not in caplog.text
    assert len(caplog.messages) == 50


@pytest.mark.parametrize(("status", "shown"), [("9.a-_b", "9.a-_b"), ("1234567", None), ("失败", None), (None, "None")])
def test_a_status_that_no_document_has_is_shown_where_it_can_be_nothing_else(
    caplog: pytest.LogCaptureFixture, status: str | None, shown: str | None
) -> None:
    judge_message(report(status, None, None), SOON)
    assert caplog.messages == [
        f"QueryMessage: Status {shown or 'of an unknown form'} is not documented; such messages count as waiting"
    ]


#: One row a line of the vendor's list and of the carriers' families.
CODES = {
    "delivered": "DELIVERED DELIVRD success",
    "pending": "REQUEST_SUCCESS ACCEPTD",
    "unreachable": "MOBILE_NOT_ON_SERVICE UNDELIV MK:0008 MK:0010 MK:0024 MI:0000 MI:0011 MI:0013 MI:0024 MI:0029 "
    "MN:0001 MN:0054 MN:0059 MK:0023 2:24",
    "invalid_number": "INVALID_NUMBER MK:0001 MK:0000 MK:0012 CB:0001 CB:0053 DB:0100 DB:0101",
    "number_abnormal": "MOBILE_ACCOUNT_ABNORMAL MK:0005 MK:0013 MI:0005 DB:0102 CB:0005 NP:1243",
    "blacklist": "MOBILE_IN_BLACK USER_REJECT MB:1077 ID:0141 DB:0141 DB:0144 MX:0013 MOBFAIL 2:70 SC:0001 SC:0099 "
    "MBBLACK DBBLACK BLACK BLOCKED PUBLOKD BWLIST",
    "terminal": "MOBLLE_TERMINAL_ERROR MOBILE_TERMINAL_ERROR MK:0015 MK:0017 MN:0017",
    "frequency_limit": "MOBILE_SEND_LIMIT MB:1042 MK:1041 ID:0142 ID:0143 DB:0142 DISTURB BEYONDN BEYONDM BEYONDH "
    "BEYONDD LIMIT MILIMIT",
    "content_rejected": "CONTENT_KEYWORD CONTENT_ERROR SIGNATURE_BLACKLIST PORT_NOT_REGISTERED MK:0115 ID:0076 DJ:0255 "
    "DB:0309 WHITESMS SIGNERR REJECT KEYWORD SC:0017 SC:0018 SIGFAIL SIGNBLOCKED QM_FAIL NOTITLE MK:1004",
    "platform_rejected": "PARAMS_ILLEGAL isv.SMS_SIGNATURE_ILLEGAL isp.SYSTEM_ERROR isv.ANYTHING ISV.x",
    "network": "NO_ROUTE IS_CLOSE SP_NOT_BY_INTER_SMS MB:1078 NOROUTE NONCHN MC:0001 MC:0055 MC:0151 MA:0022 MA:9 "
    "IC:0001 IC:0055 IC:0151 IC:0154 CA:0054 DA:0054 IB:0008 IB:0070 CJ:0007 CJ:0008 ROUTEERR TIMEOUT CMPPERR:9 SGIP:5 "
    "MK:0055 MK:0056 MK:1006 MK:1007 DELETED",
    "rejected": "REJECTD",
    "expired": "EXPIRED MI:0010",
    "unknown": "SP_UNKNOWN_ERROR SP_UNKNOW_ERROR UNKNOWN MX:0001 TE:1 TD:1 LT:0010 SIGNAL NEVER:HEARD 000 ??? 失败",
}


@pytest.mark.parametrize(("category", "codes"), CODES.items(), ids=CODES)
def test_every_code_has_its_category(category: str, codes: str) -> None:
    assert {code: categorise(code)[0] for code in codes.split()} == dict.fromkeys(codes.split(), category)
    assert {code: categorise(f" {code.lower()} ")[0] for code in codes.split()} == dict.fromkeys(
        codes.split(), category
    )


def test_the_tables_are_closed() -> None:
    categories = set(delivery.FAULT_OF_CATEGORY)
    assert categories == set(CODES)
    assert set(delivery.CATEGORY_OF_CODE.values()) | set(delivery.CATEGORY_OF_PREFIX.values()) <= categories
    assert set(delivery.FAULT_OF_CATEGORY.values()) == {None, "recipient", "sender", "carrier", "unknown"}


@pytest.mark.parametrize(
    ("written", "code"), [("MK:12", "MK:0012"), ("MK0012", "MK:0012"), ("mk 12", "MK:0012"), ("SC:17", "SC:0017")]
)
def test_a_family_is_recognised_however_a_gateway_writes_it(written: str, code: str) -> None:
    assert categorise(written) == categorise(code) != ("unknown", "unknown")


@pytest.mark.parametrize("code", [None, "", "  "])
def test_no_code_has_no_category(code: str | None) -> None:
    assert categorise(code) == (None, None)


@given(st.text())
def test_no_code_stops_anything(code: str) -> None:
    category, fault = categorise(code)
    assert category is None or delivery.FAULT_OF_CATEGORY[category] == fault


@pytest.mark.parametrize(
    ("code", "category", "fault", "billed"),
    [
        ("E200018", "platform_rejected", "sender", False),
        ("e200041", "platform_rejected", "sender", False),
        ("MILIMIT", "frequency_limit", "sender", True),
        ("LIMIT", "frequency_limit", "sender", True),
        ("BEYONDN", "frequency_limit", "sender", True),
        ("CTLIMIT", "frequency_limit", "sender", True),
        ("KEYWORD", "content_rejected", "sender", True),
        ("BLACK", "blacklist", "recipient", True),
        ("MBBLACK", "blacklist", "recipient", True),
        ("TDBLACK", "blacklist", "recipient", True),
        ("TSBLACK", "blacklist", "recipient", True),
        ("MK:0001", "invalid_number", "recipient", True),
        ("MK:0099", "unreachable", "recipient", True),
        ("MN:0044", "unreachable", "recipient", True),
        ("ID:0076", "content_rejected", "sender", True),
        ("ID:0099", "rejected", "unknown", True),
        ("DJ:0001", "rejected", "unknown", True),
        ("UT:0023", "rejected", "unknown", True),
        ("DELIVRD", "delivered", None, True),
        ("ACCEPTD", "pending", None, True),
        (None, None, None, True),
    ],
)
def test_codes_of_huawei_are_in_the_one_table(
    code: str | None, category: str | None, fault: str | None, billed: bool
) -> None:
    assert categorise(code) == (category, fault)
    assert is_billed(code) is billed


@pytest.mark.parametrize(
    ("status", "is_dated", "state"),
    [
        ("DELIVRD", True, State.DELIVERED),
        ("delivrd", False, State.DELIVERED),
        ("ACCEPTD", True, State.WAITING),
        ("UNKNOWN", False, State.WAITING),
        ("UNKNOWN", True, State.FAILED),
        ("EXPIRED", False, State.EXPIRED),
        ("EXPIRED", True, State.FAILED),
        ("UNDELIV", True, State.FAILED),
        ("REJECTD", False, State.FAILED),
        ("DELETED", True, State.FAILED),
        ("E200018", False, State.FAILED),
        ("NEW", True, State.FAILED),
    ],
)
def test_a_status_of_huawei_is_final_if_a_carrier_said_it(status: str, is_dated: bool, state: State) -> None:
    assert state_of_huawei_receipt(status, is_dated=is_dated) is state


@pytest.mark.parametrize(
    ("status", "state"),
    [("1", State.DELIVERED), ("2", State.FAILED), ("6", State.EXPIRED), ("3", State.WAITING), ("", State.WAITING)],
)
def test_an_international_receipt_has_numbers_of_its_own(status: str, state: State) -> None:
    assert state_of_globe_receipt(status) is state


def test_a_receipt_that_is_not_final_expires() -> None:
    assert judge_receipt(State.WAITING, "ACCEPTD", SENT, LAST) == Delivery(State.WAITING, "pending", None)
    assert judge_receipt(State.WAITING, "ACCEPTD", SENT, LATE).state is State.EXPIRED
    assert judge_receipt(State.DELIVERED, "DELIVRD", SENT, LATE).state is State.DELIVERED
