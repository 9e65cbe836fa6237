"""Makes the verdict on a message from a line of the send log and what its receipts say."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from airflow_provider_dysms.audit import judge
from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.model.dates import DAY, day_start
from airflow_provider_dysms.model.delivery import State, describe, is_billed, judge_receipt
from airflow_provider_dysms.model.phone_numbers.number import NumberError, PhoneNumber
from airflow_provider_dysms.model.phone_numbers.parse import parse_number
from airflow_provider_dysms.receipts.matching.keys import digits_of
from airflow_provider_dysms.receipts.receipt import ALIYUN

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.receipts.matching.merge import Message
    from airflow_provider_dysms.receipts.receipt import Receipt

_SECOND = timedelta(seconds=1)


def without_time(message: Message) -> Message:
    """Return a message as if its receipts did not say when it was sent."""
    return replace(message, deciding=replace(message.deciding, sent_at=None))


def of_no_receipt(line: Line, vendor: str, send_date: date, as_of: datetime) -> Verdict:
    """Make the verdict for a line without a receipt: it waits, then it has expired, because pushes get lost."""
    delivery = judge_receipt(State.WAITING, None, _sent_by(line.sent_at, send_date), as_of)
    return judge.of_line(
        line,
        delivery.state,
        is_final=delivery.is_final,
        category=delivery.category,
        fault=delivery.fault,
        vendor=vendor,
    )


def of_message(
    message: Message, line: Line | None, send_date: date, as_of: datetime, carried: tuple[None, ...] = ()
) -> Verdict:
    """Judge the receipts of a message; fields that have no column go into ``vendor_extra``.

    :param line: ``None`` for a message without a line, whose state of delivery goes there, too
    :param carried: an empty cell for each carried column, without a line
    """
    best = message.deciding
    # A part that was delivered does not explain why the message is not.
    error_code = best.error_code if best.state is message.state else None
    state, sent_at = message.state, best.sent_at or (line.sent_at if line is not None else None)
    if state is State.WAITING:
        state = judge_receipt(state, error_code, _sent_by(sent_at, send_date), as_of).state
    delivery_state, is_final, category, fault = _cells(state, error_code)
    phone = line.phone if line is not None and line.phone is not None else _phone_of(best)
    received_at, delivery_seconds = message.reported_at, None
    if sent_at is not None and received_at is not None and received_at >= sent_at:
        delivery_seconds = (received_at - sent_at) // _SECOND
    further = best.extra
    if message.parts > 1:
        further = (*further, ("delivered_parts", f"{message.delivered_parts}"))
    if not is_billed(best.error_code):
        further = (*further, ("billed", "no"))
    if line is None:
        further = (*further, ("delivery", delivery_state))
    # Python takes three times as long for a call with more than fifteen keywords.
    return Verdict(
        State.UNLOGGED.value if line is None else delivery_state,
        is_final,
        phone.digits if phone else None,
        (phone.country or None) if phone else None,
        best.biz_id if line is None else line.biz_id,
        best.message_id,
        best.out_id or (line.out_id if line is not None else None),
        best.template_code,
        best.sign_name,
        category=category,
        fault=fault,
        error_code=error_code,
        sent_at=sent_at,
        received_at=received_at,
        delivery_seconds=delivery_seconds,
        segments=message.segments,
        vendor=best.vendor,
        vendor_extra=_json(further),
        carried=carried if line is None else line.carried,
    )


def _sent_by(sent_at: datetime | None, send_date: date) -> datetime:
    """Return when a message was sent, at the latest: the 72 hours for its receipt begin then."""
    return sent_at or day_start(send_date) + DAY


def _phone_of(receipt: Receipt) -> PhoneNumber | None:
    if receipt.phone_number is None:
        return None
    is_globe = receipt.vendor == ALIYUN and receipt.message_id is not None
    if is_globe or receipt.phone_number.startswith("+"):
        return judge.number_with_code(receipt.phone_number)
    try:
        return parse_number(f"+{digits}" if len(digits := digits_of(receipt.phone_number)) != 11 else digits)
    except NumberError:
        return PhoneNumber(receipt.phone_number, "")


@lru_cache(maxsize=1024)
def _cells(state: State, code: str | None) -> tuple[str, bool, str | None, str | None]:
    """Return state, whether it is final, category and fault."""
    delivery = describe(state, code)
    return delivery.state.value, delivery.is_final, delivery.category, delivery.fault


@lru_cache(maxsize=4096)
def _json(fields: tuple[tuple[str, str], ...]) -> str | None:
    return json.dumps(dict(fields), ensure_ascii=False, sort_keys=True) if fields else None
