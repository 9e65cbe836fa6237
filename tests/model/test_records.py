"""Records print no personal data, and pages are compared without the id of their request."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from airflow_provider_dysms.model.records import MessageReport, Page, SendDetail

SENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NUMBER, TEXT = "139" + "00001111", "your code is 123456"


def test_no_repr_has_the_number_or_the_text() -> None:
    detail = SendDetail(phone_number=NUMBER, send_status=3, content=TEXT, out_id="mine", extra={"x": NUMBER})
    message = MessageReport(
        message_id="m", status="1", phone_number=NUMBER, content=TEXT, error_description=TEXT, extra={"x": NUMBER}
    )
    for shown in (repr(detail), repr(message), repr(Page((detail,), 1))):
        assert NUMBER not in shown
        assert TEXT not in shown
    assert {field.name for field in fields(MessageReport) if not field.repr} == {
        "error_description",
        "phone_number",
        "content",
        "extra",
    }


def test_the_identity_of_a_message_leaves_out_what_changes_on_its_way() -> None:
    waiting = SendDetail(phone_number=NUMBER, send_status=1, sent_at=SENT, out_id="a", content=TEXT)
    delivered = SendDetail(
        phone_number=NUMBER,
        send_status=3,
        error_code="DELIVERED",
        sent_at=SENT,
        received_at=SENT,
        out_id="a",
        content=TEXT,
    )
    other = SendDetail(phone_number=NUMBER, send_status=1, sent_at=SENT, out_id="b", content=TEXT)
    assert waiting.identity == delivered.identity != other.identity


def test_pages_are_compared_by_records_and_total() -> None:
    assert Page((1, 2), 2, "one request") == Page((1, 2), 2, "another request")
    assert Page((1, 2), 2) != Page((1, 2), 3)
    assert Page((1, 2), 2) != Page((2, 1), 2)
    assert Page((), 0) != ((), 0)
