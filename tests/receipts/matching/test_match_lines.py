"""Lines and messages of one number and one OutId are paired by time, as far as that takes a bounded time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_provider_dysms.audit.send_log.lines import Line
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.receipts.matching.match_lines import match_out_ids
from airflow_provider_dysms.receipts.matching.merge import REPEATED, Message, PartReceipts, message_of
from airflow_provider_dysms.receipts.receipt import ALIYUN, Receipt

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)


def line(sent_at: datetime | None = None) -> Line:
    return Line("sent.csv", 2, out_id="a", sent_at=sent_at)


def message(biz_id: str, sent_at: datetime | None = None) -> Message:
    receipt = Receipt(vendor=ALIYUN, state=State.DELIVERED, biz_id=biz_id, out_id="a", sent_at=sent_at)
    return message_of([PartReceipts(receipt)])


def test_more_pairs_than_can_be_compared_are_refused_and_the_error_names_the_line() -> None:
    messages = [message(f"{place}^0", TEN) for place in range(10_000)]
    with pytest.raises(DysmsInputError, match=r"10,001 lines .* of sent.csv:2, .* 10,000 messages"):
        match_out_ids([line(TEN)] * 10_001, messages)


def test_equally_many_are_paired_in_order_however_many_there_are() -> None:
    messages = [message(f"{place}^0") for place in range(10_001)]
    assert match_out_ids([line()] * 10_001, messages) == (messages, set(range(10_001)))


@pytest.mark.parametrize(
    ("lines", "messages", "expected", "unsure"),
    [
        ("10 12", "10 12", "0 1", ""),
        ("12 10", "10 12", "1 0", ""),
        ("10 -", "10 12", "0 1", "1"),
        ("- 10", "10 12", "1 0", "0"),
        ("10 12", "12 -", "1 0", "0"),
        ("10 12", "12", "- 0", ""),
        ("10 12", "-", "0 -", "0"),
        ("10 10", "10 12", "0 =", ""),
        ("10 10", "10 10", "0 1", ""),
        ("- -", "10", "0 =", "0"),
        ("- -", "", "- =", ""),
        ("8", "12", "0", "0"),
        ("8 12", "9 12", "0 1", "0"),
        ("8", "-", "0", ""),
        ("-", "8", "0", ""),
        ("-", "8 9", "0", "0"),
        ("8 9 -", "9", "- 0 -", ""),
    ],
)
def test_what_was_sent_at_the_same_time_is_paired_first_and_the_rest_is_not_certain(
    lines: str, messages: str, expected: str, unsure: str
) -> None:
    def times(hours: str) -> list[datetime | None]:
        return [None if hour == "-" else TEN.replace(hour=int(hour)) for hour in hours.split()]

    found = [message(f"{place}^0", sent_at) for place, sent_at in enumerate(times(messages))]
    matched, uncertain = match_out_ids([line(sent_at) for sent_at in times(lines)], found)
    signs = ["-" if each is None else "=" if each is REPEATED else f"{found.index(each)}" for each in matched]
    assert (" ".join(signs), uncertain) == (expected, {*map(int, unsure.split())})
