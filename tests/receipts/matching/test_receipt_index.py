"""Receipts are found in the order of their groups, or one by one: the same ones, and all of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.receipts.matching import receipt_batches, receipt_index
from airflow_provider_dysms.receipts.matching.keys import biz_key, key_of, message_key, out_key
from airflow_provider_dysms.receipts.matching.receipt_index import ReceiptIndex
from airflow_provider_dysms.receipts.receipt import ALIYUN, HUAWEI, Receipt

MESSAGES = [
    *[(HUAWEI, f"h{place}", None, None, None) for place in range(40)],
    *[(ALIYUN, None, f"139{place:08}", f"{place}^0", None) for place in range(40)],
    *[(ALIYUN, None, f"138{place:08}", None, f"order-{place}") for place in range(40)],
]


def receipt_of(message, **fields):
    vendor, message_id, number, biz_id, out_id = message
    keys = {"message_id": message_id, "phone_number": number, "biz_id": biz_id, "out_id": out_id}
    return Receipt(vendor=vendor, state=State.DELIVERED, **keys, **fields)


@pytest.fixture
def small(monkeypatch):
    """Batches, buckets and writes of a few receipts."""
    monkeypatch.setattr(receipt_batches, "MAX_KEYS", 7)
    monkeypatch.setattr(receipt_batches, "MAX_WRITTEN", 5)
    monkeypatch.setattr(receipt_index, "MAX_MERGED", 3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(3))
def test_receipts_in_the_order_of_their_groups_are_those_that_are_found_one_by_one(seed):
    rng = random.Random(seed)
    receipts = [receipt_of(rng.choice(MESSAGES), part=rng.randint(1, 3), parts=3) for _ in range(300)]
    with ReceiptIndex() as arranged, ReceiptIndex() as one_by_one:
        arranged.add(receipts)
        one_by_one.add(receipts)
        wanted = rng.sample(MESSAGES, 100)
        arranged.arrange([(key_of(receipt_of(message)),) for message in wanted])
        for number, message in enumerate(wanted):
            arranged.open_group(number)
            found = find(arranged, message)
            assert found == find(one_by_one, message)
            assert (found is not None) is any(key_of(receipt_of(message)) == key_of(each) for each in receipts)
        assert "receipts" not in arranged._indexed, "no look-up needed the index"
        left = [sorted(repr(key_of(some[0].best)) for some in index.unused()) for index in (arranged, one_by_one)]
        assert left[0] == left[1] != []
        assert len(left[0]) == len(set(left[0])), "each message once, with the receipts of all its parts"


def find(index, message):
    """Return what the receipts of a message say, and mark them as used."""
    vendor, message_id, number, biz_id, out_id = message
    if message_id is not None:
        return index.by_message_id(vendor, message_id)
    if biz_id is not None:
        return index.by_biz_id(number, biz_id)
    for found, entries in index.by_out_id(number, out_id, without_biz_id=True):
        index.use(entries)
        return found
    return None


def test_messages_of_an_out_id_that_is_used_again_are_told_apart_by_their_time():
    noon = datetime(2026, 6, 1, 4, tzinfo=UTC)
    message = (ALIYUN, None, "13800000000", None, "login")
    receipts = [receipt_of(message, sent_at=noon + timedelta(hours=hours)) for hours in (3, 0, 0)]
    with ReceiptIndex() as index:
        index.add(receipts)
        assert [(found.deciding.sent_at, found.count) for found, _ in index.by_out_id("13800000000", "login")] == [
            (noon, 2),
            (noon + timedelta(hours=3), 1),
        ]
        (_, entries), _ = index.by_out_id("13800000000", "login")
        index.use(entries)
        assert [[parts.best.sent_at for parts in some] for some in index.unused()] == [[noon + timedelta(hours=3)]]


@pytest.mark.usefixtures("small")
def test_groups_may_be_opened_in_any_order_and_share_a_key():
    shared, other = message_key(HUAWEI, "h1"), biz_key("13900000001", "1^0")
    groups = [[shared], *[[number] for number in range(30)], [shared, other], []]
    with ReceiptIndex() as index:
        index.add([receipt_of(MESSAGES[1]), receipt_of(MESSAGES[41])])
        index.arrange(groups)
        for number in (31, 0, 32, 31):
            index.open_group(number)
            assert index.by_message_id(HUAWEI, "h1") is not None
        assert index.by_biz_id("13900000001", "1^0") is not None
        assert index.by_biz_id("13900000001", "2^0") is None


def test_a_look_up_that_was_not_arranged_finds_its_receipts():
    with ReceiptIndex() as index:
        index.add([receipt_of(MESSAGES[0]), receipt_of(MESSAGES[80])])
        index.arrange([[message_key(HUAWEI, "h7")]])
        index.open_group(0)
        assert index.by_message_id(HUAWEI, "h0") is not None
        assert index.by_message_id(HUAWEI, "h7") is None
        ((_, entries),) = index.by_out_id("13800000000", "order-0", without_biz_id=True)
        index.use(entries)
        assert list(index.unused()) == []


def test_an_empty_archive_and_an_empty_log_find_nothing():
    with ReceiptIndex() as index:
        index.arrange([])
        index.arrange([[out_key("13800000000", "order-0")]])
        index.open_group(0)
        assert index.by_out_id("13800000000", "order-0") == []
        assert index.by_biz_id("13800000000", "order-0") is None


def test_a_batch_that_is_too_large_for_the_memory_is_looked_up_one_by_one(monkeypatch):
    monkeypatch.setattr(receipt_batches, "MAX_ENTRIES", 3)
    monkeypatch.setattr(receipt_index, "MAX_ENTRIES", 3)
    long = [receipt_of(MESSAGES[0], part=part, parts=4) for part in range(1, 5)]
    with ReceiptIndex() as index:
        index.add([*long, receipt_of(MESSAGES[1])])
        index.arrange([[message_key(HUAWEI, "h0")], [message_key(HUAWEI, "h1")]])
        index.open_group(0)
        assert index.by_message_id(HUAWEI, "h1") is not None
        with pytest.raises(DysmsInputError, match="more than 3 different receipts under the id h0"):
            index.by_message_id(HUAWEI, "h0")
