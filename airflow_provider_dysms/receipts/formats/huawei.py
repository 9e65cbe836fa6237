"""Status reports of Huawei Cloud Message & SMS: one form-encoded report, or a batch in JSON.

Follows https://support.huaweicloud.com/api-msgsms/sms_05_0003.html. A report has a number only if the send had
``extend``, and a time only if a carrier reported. Times are in UTC.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from airflow_provider_dysms.model.delivery import state_of_huawei_receipt
from airflow_provider_dysms.receipts.formats.json_report import JsonReport
from airflow_provider_dysms.receipts.formats.values import (
    Unreadable,
    description,
    instant,
    pairs,
    required_id,
    text,
    whole_number,
)
from airflow_provider_dysms.receipts.receipt import HUAWEI, MAX_PARTS, Receipt

if TYPE_CHECKING:
    from airflow_provider_dysms.receipts.formats.values import Value

_ZONELESS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?")

#: Characters of a status; documented are 7.
MAX_STATUS = 32

#: Fields of a form; the documents name eleven.
MAX_FIELDS = 100

#: Name in the form -> field of :class:`JsonReport`.
_FIELDS = {
    "smsMsgId": "sms_msg_id",
    "status": "status",
    "total": "total",
    "sequence": "sequence",
    "statusDesc": "status_desc",
    "source": "source",
    "updateTime": "update_time",
    "orgCode": "org_code",
    "extend": "extend",
    "to": "to",
}


def is_form(body: str) -> bool:
    """Return whether a body that is not JSON is a form-encoded report."""
    return "smsMsgId=" in body


def parse_form(body: str) -> Receipt:
    """Parse a form-encoded report.

    :raises Unreadable: it is not one
    """
    parts = body.split("&", MAX_FIELDS)
    if len(parts) > MAX_FIELDS:
        raise Unreadable(f"has more than {MAX_FIELDS} fields")
    fields: dict[str, Value] = {}
    for part in parts:
        name, _, value = part.partition("=")
        if field := _FIELDS.get(name.strip()):
            decoded = unquote_plus(value) if "%" in value or "+" in value else value
            if fields.setdefault(field, decoded) != decoded:
                raise Unreadable(f"has two values of {name.strip()}")
    return parse_report(JsonReport(**fields))  # type: ignore[arg-type]


def parse_report(report: JsonReport) -> Receipt:
    """Return the receipt of one report.

    :raises Unreadable: a field is missing or wrong
    """
    status = text("status", report.status, MAX_STATUS)
    if status is None:
        raise Unreadable("has no status")
    parts = whole_number("total", report.total, MAX_PARTS) or 1
    # Of a message of one part, the sequence means nothing.
    part = (whole_number("sequence", report.sequence, parts) or 1) if parts > 1 else 1
    reported_at = instant("updateTime", _in_utc(report.update_time))
    return Receipt(
        vendor=HUAWEI,
        state=state_of_huawei_receipt(status, is_dated=reported_at is not None),
        error_code=status,
        phone_number=text("to", report.to),
        message_id=required_id("smsMsgId", report.sms_msg_id),
        out_id=text("extend", report.extend),
        reported_at=reported_at,
        part=part,
        parts=parts,
        extra=pairs(
            description=description("statusDesc", report.status_desc),
            org_code=text("orgCode", report.org_code),
            source=text("source", report.source),
        ),
    )


def _in_utc(value: Value) -> Value:
    """Add the zone, which is UTC if the text does not name one."""
    return f"{value.strip()}Z" if isinstance(value, str) and _ZONELESS.fullmatch(value.strip()) else value
