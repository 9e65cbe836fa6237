"""Makes the verdict on one message from a line of the log, a record of the service, or both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.model.dates import DAY, RECEIPT_TIME, beijing_day, day_start
from airflow_provider_dysms.model.delivery import Delivery, State, judge_message, judge_send_detail
from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.model.phone_numbers.number import NumberError, PhoneNumber, same_number
from airflow_provider_dysms.model.phone_numbers.parse import country_of, parse_number
from airflow_provider_dysms.model.sms_text import segments, sign_name

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.model.records import MessageReport, SendDetail


def of_record(record: SendDetail, line: Line, as_of: datetime) -> Verdict:
    """Judge the record of a line."""
    assert line.phone is not None
    delivery = judge_send_detail(record, as_of)
    return _of_detail(record, line.phone, delivery, delivery.state, line.biz_id, line, line.carried)


def of_unlogged(
    record: SendDetail, phone: PhoneNumber, biz_id: str | None, carried: tuple[None, ...], as_of: datetime
) -> Verdict:
    """Judge a record without a line; the state of its delivery goes into ``vendor_extra``."""
    delivery = judge_send_detail(record, as_of)
    extra = _json({"delivery": delivery.state.value})
    return _of_detail(record, phone, delivery, State.UNLOGGED, biz_id, None, carried, extra)


def of_report(report: MessageReport, line: Line, as_of: datetime) -> Verdict:
    """Judge the report of a line's message id.

    The vendor's fields without a column go into ``vendor_extra``. Unknown fields do not, because they may be private.

    :raises DysmsIncomplete: the message went to a number that is not the line's
    """
    if line.phone and report.phone_number and not same_number(line.phone.digits, report.phone_number):
        raise DysmsIncomplete(
            f"QueryMessage: the message of {line.where} went to another number than the one in its line; check the "
            "message ids of the log"
        )
    delivery = judge_message(report, as_of)
    phone = line.phone or number_with_code(report.phone_number)
    is_abroad = not phone.is_mainland
    extra = {
        "carrier": report.carrier,
        "country": report.country,
        "description": report.error_description,
        "region": report.region,
        "status": report.status,
    }
    return Verdict(
        state=delivery.state.value,
        is_final=delivery.is_final,
        phone_number=phone.digits or None,
        country=phone.country or None,
        biz_id=line.biz_id,
        message_id=line.message_id,
        out_id=line.out_id,
        category=delivery.category,
        fault=delivery.fault,
        error_code=report.error_code,
        sent_at=report.sent_at or line.sent_at,
        received_at=report.received_at,
        delivery_seconds=_seconds(report.sent_at, report.received_at),
        sign_name=sign_name(report.content) if report.content else None,
        segments=segments(report.content, international=is_abroad) if report.content else None,
        content=report.content,
        vendor_extra=_json({name: value for name, value in extra.items() if value is not None}),
        carried=line.carried,
    )


def number_with_code(raw_number: str | None) -> PhoneNumber:
    """Return the number of a report, which begins with its country code; a masked number stays unchanged."""
    digits = (raw_number or "").removeprefix("+").removeprefix("00")
    try:
        return parse_number("+" + digits, to_query=False)
    except NumberError:
        return PhoneNumber(digits, country_of(digits) or "")


def days_off(report: MessageReport, line: Line, send_date: date) -> int:
    """Return how many days the date of a line's message differs from the day of the log: 0 or 1.

    :raises DysmsIncomplete: it is more, so the log is for another day or the report for another message
    """
    if report.sent_at is None:
        return 0
    off = abs((beijing_day(report.sent_at) - send_date).days)
    if off > 1:
        raise DysmsIncomplete(
            f"QueryMessage: the message of {line.where} was sent on {beijing_day(report.sent_at)}, but the log is for "
            f"{send_date}; check send_date and the log"
        )
    return off


def of_missing(line: Line, send_date: date, as_of: datetime) -> Verdict:
    """Make the verdict for a line without a record; it is final when the time for receipts is over."""
    return of_line(line, State.MISSING, is_final=as_of >= day_start(send_date) + DAY + RECEIPT_TIME)


def of_rejected(line: Line) -> Verdict:
    """Make the verdict for a line that cannot be queried, with the reason; its number stays as in the log."""
    assert line.rejection is not None
    reason, problem = line.rejection
    extra = _json({"line": line.where, "reason": problem})
    return of_line(
        line,
        State.REJECTED,
        is_final=True,
        phone_number=line.raw_number,
        category=reason,
        fault="sender",
        vendor_extra=extra,
    )


def of_line(line: Line, state: State, *, is_final: bool, **further: Any) -> Verdict:
    """Make the verdict for a line of which only the log tells.

    :param further: other fields; they replace those of the line
    """
    told: dict[str, Any] = {
        "phone_number": line.phone.digits if line.phone else None,
        "country": line.phone.country if line.phone else None,
        "biz_id": line.biz_id,
        "message_id": line.message_id,
        "out_id": line.out_id,
        "sent_at": line.sent_at,
        "carried": line.carried,
    }
    return Verdict(state=state.value, is_final=is_final, **{**told, **further})


def _of_detail(
    record: SendDetail,
    phone: PhoneNumber,
    delivery: Delivery,
    state: State,
    biz_id: str | None,
    line: Line | None,
    carried: tuple[str | None, ...],
    vendor_extra: str | None = None,
) -> Verdict:
    content = record.content
    return Verdict(
        state=state.value,
        is_final=delivery.is_final,
        phone_number=phone.digits,
        country=phone.country,
        biz_id=biz_id,
        out_id=record.out_id or (line.out_id if line else None),
        template_code=record.template_code,
        sign_name=sign_name(content) if content else None,
        category=delivery.category,
        fault=delivery.fault,
        error_code=record.error_code,
        sent_at=record.sent_at or (line.sent_at if line else None),
        received_at=record.received_at,
        delivery_seconds=_seconds(record.sent_at, record.received_at),
        segments=segments(content, international=not phone.is_mainland) if content else None,
        content=content,
        vendor_extra=vendor_extra,
        carried=carried,
    )


def _seconds(sent_at: datetime | None, received_at: datetime | None) -> int | None:
    return int((received_at - sent_at).total_seconds()) if sent_at and received_at else None


def _json(fields: dict[str, str]) -> str | None:
    return json.dumps(fields, ensure_ascii=False, sort_keys=True) if fields else None
