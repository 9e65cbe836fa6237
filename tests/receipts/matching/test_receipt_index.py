"""Receipts are found one by one or many at once, in any number."""

from __future__ import annotations

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.receipts.matching.keys import message_key
from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex
from airflow_provider_dysms.receipts.receipt import HUAWEI, Receipt


def test_more_keys_than_one_query_takes_are_looked_up_one_by_one() -> None:
    with ReceiptIndex() as index:
        index.add([Receipt(vendor=HUAWEI, state=State.DELIVERED, message_id="1")])
        index.fetch(message_key(HUAWEI, str(place)) for place in range(260_000))  # SQLite allows 250,000 at most
        found = index.by_message_id(HUAWEI, "1")
        assert found is not None
        assert (found.state, index.by_message_id(HUAWEI, "2")) == (State.DELIVERED, None)
