"""The keys under which receipts are stored and found: message id, (number, BizId), or (number, OutId).

A key differs from process to process, because the index does too; nothing else may depend on it.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.dates import EPOCH
from airflow_provider_dysms.model.phone_numbers.number import NumberError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number

if TYPE_CHECKING:
    from airflow_provider_dysms.receipts.receipt import Receipt

#: Vendor and message id; or number and BizId; or number, OutId and time.
Identity = tuple[str, str | None, datetime | None]

# How mobiles of the mainland begin.
_MOBILE = frozenset({"13", "14", "15", "16", "17", "18", "19"})


def message_key(vendor: str, message_id: str) -> int:
    """Return the key of a message id: ids of one vendor never find receipts of another."""
    return hash(("m", vendor, message_id))


def biz_key(digits: str, biz_id: str) -> int:
    """Return the key of a number and a BizId."""
    return hash(("b", digits, biz_id))


def out_key(digits: str, out_id: str) -> int:
    """Return the key of a number and an OutId."""
    return hash(("o", digits, out_id))


def key_of(receipt: Receipt) -> int:
    """Return the key of a receipt's message: its message id, else its BizId, else its OutId."""
    if receipt.message_id is not None:
        return message_key(receipt.vendor, receipt.message_id)
    digits = digits_of(receipt.phone_number or "")
    if receipt.biz_id is not None:
        return biz_key(digits, receipt.biz_id)
    assert receipt.out_id is not None
    return out_key(digits, receipt.out_id)


def identity_of(receipt: Receipt) -> Identity:
    """Return what all receipts of a message have in common, and no others have.

    An OutId may be used again, so a message that has no other id is told from others by the time when it was sent.
    """
    if receipt.message_id is not None:
        return receipt.vendor, receipt.message_id, None
    digits = digits_of(receipt.phone_number or "")
    if receipt.biz_id is not None:
        return digits, receipt.biz_id, None
    return digits, receipt.out_id, receipt.sent_at or EPOCH


def digits_of(raw_number: str) -> str:
    """Return a vendor's number in the form of the lines of a log; a text that is not a number stays unchanged."""
    is_mobile = len(raw_number) == 11 and raw_number[:2] in _MOBILE and raw_number.isascii() and raw_number.isdigit()
    return raw_number if is_mobile else _digits_of(raw_number)


@lru_cache(maxsize=4096)
def _digits_of(raw_number: str) -> str:
    digits = raw_number.strip().removeprefix("+").removeprefix("00")
    for spelling in (digits, f"+{digits}"):
        try:
            return parse_number(spelling, to_query=False).digits
        except NumberError:
            pass
    return raw_number
