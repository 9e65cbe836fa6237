"""Status reports of Alibaba Cloud: SmsReport by HTTP or queue (mainland), and international receipts.

Follows https://help.aliyun.com/document_detail/101867.html. Times without a zone are in Beijing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.dates import EPOCH, LOCAL_EPOCH
from airflow_provider_dysms.model.delivery import State, state_of_globe_receipt
from airflow_provider_dysms.receipts.formats.json_report import JsonReport
from airflow_provider_dysms.receipts.formats.values import (
    Unreadable,
    description,
    instant,
    pairs,
    required_id,
    segments,
    text,
)
from airflow_provider_dysms.receipts.receipt import ALIYUN, Receipt

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_dysms.receipts.formats.json_report import SmsReport
    from airflow_provider_dysms.receipts.formats.values import Value

_SUCCESS = {True: True, "true": True, "1": True, False: False, "false": False, "0": False}


def parse_sms_report(report: JsonReport) -> Receipt:
    """Return the receipt of one SmsReport.

    :raises Unreadable: a field is missing or wrong
    """
    phone_number = text("phone_number", report.phone_number)
    if phone_number is None:
        raise Unreadable("has no phone_number")
    biz_id, out_id = text("biz_id", report.biz_id), text("out_id", report.out_id)
    if biz_id is None and out_id is None:
        raise Unreadable("has neither biz_id nor out_id")
    return Receipt(
        vendor=ALIYUN,
        state=State.DELIVERED if _is_success(report.success) else State.FAILED,
        error_code=text("err_code", report.err_code),
        phone_number=phone_number,
        biz_id=biz_id,
        out_id=out_id,
        sent_at=instant("send_time", report.send_time),
        reported_at=instant("report_time", report.report_time),
        segments=segments(report.sms_size),
        template_code=text("template_code", report.template_code),
        sign_name=text("sign_name", report.sign_name),
        extra=pairs(
            description=description("err_msg", report.err_msg),
            message_id=text("message_id", report.message_id),
            request_id=text("request_id", report.request_id),
        ),
    )


def parse_typed_sms_report(report: SmsReport) -> Receipt:
    """Return the receipt of one SmsReport whose fields have the documented types.

    :raises Unreadable: a field is missing, wrong, or written in another way
    """
    phone_number = report.phone_number.strip()
    biz_id = (report.biz_id and report.biz_id.strip()) or None
    out_id = (report.out_id and report.out_id.strip()) or None
    if not phone_number or not (biz_id or out_id):
        raise Unreadable("has no key")
    return Receipt(
        vendor=ALIYUN,
        state=State.DELIVERED if report.success else State.FAILED,
        error_code=(report.err_code and report.err_code.strip()) or None,
        phone_number=phone_number,
        biz_id=biz_id,
        out_id=out_id,
        sent_at=_in_beijing(report.send_time),
        reported_at=_in_beijing(report.report_time),
        segments=1 if report.sms_size == "1" else segments(report.sms_size),
        template_code=(report.template_code and report.template_code.strip()) or None,
        sign_name=(report.sign_name and report.sign_name.strip()) or None,
        extra=_description(report.err_msg)
        if report.message_id is None and report.request_id is None
        else pairs(
            description=report.err_msg and report.err_msg.strip(),
            message_id=report.message_id and report.message_id.strip(),
            request_id=report.request_id and report.request_id.strip(),
        ),
    )


def parse_globe_receipt(report: JsonReport) -> Receipt:
    """Return the receipt of one international message, in the form of either site.

    :raises Unreadable: a field is missing or wrong
    """
    if report.globe_id is None:  # the China site writes the names in lower case
        return parse_globe_receipt(
            JsonReport(
                globe_id=report.message_id,
                globe_to=report.to,
                globe_status=report.status,
                globe_size=report.sms_size,
                globe_sent=report.send_date,
                globe_received=report.receive_date,
                globe_code=report.error_code,
                globe_text=report.error_description,
            )
        )
    status = text("Status", report.globe_status)
    if status is None:
        raise Unreadable("has no Status")
    return Receipt(
        vendor=ALIYUN,
        state=state_of_globe_receipt(status),
        error_code=text("ErrorCode", report.globe_code),
        phone_number=text("To", report.globe_to),
        message_id=required_id("MessageId", report.globe_id),
        sent_at=instant("SendDate", report.globe_sent),
        reported_at=instant("ReceiveDate", report.globe_received),
        segments=segments(report.globe_size),
        extra=pairs(description=description("ErrorDescription", report.globe_text), status=status),
    )


@lru_cache(maxsize=1024)
def _description(err_msg: str | None) -> tuple[tuple[str, str], ...]:
    """Return what most reports have beyond their columns: one of a few texts."""
    return pairs(description=err_msg and err_msg.strip())


def _in_beijing(value: datetime | None) -> datetime | None:
    """Return a time without a zone, which is in Beijing, in UTC."""
    if value is None:
        return None
    if value.tzinfo is not None or value.microsecond or value.year < EPOCH.year:
        raise Unreadable("has a time in another form")
    return EPOCH + (value - LOCAL_EPOCH)


def _is_success(value: Value) -> bool:
    if value is None:
        raise Unreadable("has no success")
    word = value.strip().lower() if isinstance(value, str) else value
    if word not in _SUCCESS:
        raise Unreadable("has a success that is neither true nor false")
    return _SUCCESS[word]
