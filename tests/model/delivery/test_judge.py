from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_dysms.model.delivery import (
    Delivery,
    State,
    categorise,
    judge,
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
    monkeypatch.setattr(judge, "_logged_statuses", set())


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


def test_an_international_receipt_of_an_unknown_status_is_named(caplog: pytest.LogCaptureFixture) -> None:
    for status in ("1", "3", "3"):
        state_of_globe_receipt(status)
    assert caplog.messages == ["International receipt: Status 3 is not documented; such messages count as waiting"]


def test_a_receipt_that_is_not_final_expires() -> None:
    assert judge_receipt(State.WAITING, "ACCEPTD", SENT, LAST) == Delivery(State.WAITING, "pending", None)
    assert judge_receipt(State.WAITING, "ACCEPTD", SENT, LATE).state is State.EXPIRED
    assert judge_receipt(State.DELIVERED, "DELIVRD", SENT, LATE).state is State.DELIVERED
