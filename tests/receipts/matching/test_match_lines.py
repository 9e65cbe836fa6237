"""Lines and messages of one number and one OutId are paired by time, as far as that takes a bounded time."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.audit.send_log.lines import Line
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.receipts.matching.match_lines import match_out_ids
from airflow_provider_dysms.receipts.matching.merge import Message, PartReceipts, message_of
from airflow_provider_dysms.receipts.receipt import ALIYUN, Receipt

LINE = Line("sent.csv", 2, out_id="a")


def message(biz_id: str) -> Message:
    return message_of([PartReceipts(Receipt(vendor=ALIYUN, state=State.DELIVERED, biz_id=biz_id, out_id="a"))])


def test_more_pairs_than_can_be_compared_are_refused_and_the_error_names_the_line() -> None:
    messages = [message(f"{place}^0") for place in range(10_000)]
    with pytest.raises(DysmsInputError, match=r"10,001 lines .* of sent.csv:2, .* 10,000 messages"):
        match_out_ids([LINE] * 10_001, messages)


def test_equally_many_are_paired_in_order_however_many_there_are() -> None:
    messages = [message(f"{place}^0") for place in range(10_001)]
    assert match_out_ids([LINE] * 10_001, messages) == (messages, 10_001)
