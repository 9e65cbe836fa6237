"""The keys under which receipts are stored and found: message id, (number, BizId), or (number, OutId).

A key differs from process to process, because the index does too; nothing else may depend on it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.phone_numbers.number import NumberError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number

if TYPE_CHECKING:
    from airflow_provider_dysms.receipts.receipt import Receipt

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
    if receipt.message_id is None and receipt.biz_id is not None:
        return biz_key(digits_of(receipt.phone_number or ""), receipt.biz_id)  # nearly always
    return key_of_message(receipt.vendor, receipt.message_id, receipt.phone_number, None, receipt.out_id)


def key_of_message(
    vendor: str, message_id: str | None, number: str | None, biz_id: str | None, out_id: str | None
) -> int:
    """Return the key of a message.

    :param number: as a receipt has it
    """
    if message_id is not None:
        return message_key(vendor, message_id)
    digits = digits_of(number or "")
    if biz_id is not None:
        return biz_key(digits, biz_id)
    assert out_id is not None
    return out_key(digits, out_id)


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
