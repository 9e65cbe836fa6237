"""A report says what became of a message, and neither to whom it went nor what it said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.records import MessageReport, SendDetail
from airflow_provider_dysms.model.reports import MISSING, UNKNOWN, Report, report_of_message, report_of_send_detail

SENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NUMBER = "139" + "00001111"


def test_a_report_of_either_query_is_the_same_dict() -> None:
    detail = SendDetail(phone_number=NUMBER, send_status=2, error_code="MK:0001", sent_at=SENT, content="secret")
    message = MessageReport(message_id="m", status="2", error_code="MK:0001", sent_at=SENT, content="secret")
    expected = {
        "state": "failed",
        "category": "invalid_number",
        "fault": "recipient",
        "error_code": "MK:0001",
        "sent_at": "2026-01-02T03:04:05Z",
        "received_at": None,
        "is_final": True,
    }
    assert report_of_send_detail(detail, SENT).as_dict() == expected
    assert report_of_message(message, SENT).as_dict() == expected
    assert NUMBER not in repr(report_of_send_detail(detail, SENT))


def test_it_comes_back_from_a_row_and_knows_its_category_again() -> None:
    for status in (1, 2, 3):
        detail = SendDetail(phone_number=NUMBER, send_status=status, error_code="MB:1077", sent_at=SENT)
        report = report_of_send_detail(detail, SENT + timedelta(seconds=9))
        assert Report.from_list([*report.to_list(), "a field of a later release"]) == report


@pytest.mark.parametrize("row", [[], ["lost", None, None, None], ["failed"]])
def test_what_is_no_row_is_a_value_error(row: list[object]) -> None:
    with pytest.raises(ValueError, match=r"not enough values|not a valid State"):
        Report.from_list(row)


@pytest.mark.parametrize("code", [NUMBER, f"ERR {NUMBER}", "x" * 65, "one two"])
def test_a_code_that_is_none_is_not_repeated(code: str) -> None:
    detail = SendDetail(phone_number=NUMBER, send_status=2, error_code=code)
    report = report_of_send_detail(detail, SENT)
    assert (report.error_code, report.state) == ("UNPRINTABLE", State.FAILED)


def test_a_message_that_the_service_does_not_know_is_missing_and_may_still_turn_up() -> None:
    assert (MISSING.state, MISSING.is_open, MISSING.as_dict()["is_final"]) == (State.MISSING, False, False)
    assert (UNKNOWN.state, UNKNOWN.is_open) == (State.WAITING, True)
