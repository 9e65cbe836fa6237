"""The actions by which a sender reports whether one-time passwords were used. The reports are checked and not kept.

Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-smsconversion and its
neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.errors import VERSION_CHINA, invalid_parameter

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.service import Call


def report_conversion(call: Call) -> dict[str, object]:
    """Answer SmsConversion and SmsConversionIntl: whether the recipient of one message used its password."""
    if call.parameters["Delivered"].lower() not in ("true", "false"):
        raise invalid_parameter("Delivered", "must be true or false")
    _check_milliseconds(call, "ConversionTime")
    return _accepted(call)


def report_conversion_rate(call: Call) -> dict[str, object]:
    """Answer ConversionData and ConversionDataIntl: the share of all passwords that were used."""
    try:
        is_share = 0 <= float(call.parameters["ConversionRate"]) <= 1
    except ValueError:
        is_share = False
    if not is_share:
        raise invalid_parameter("ConversionRate", "must be a number from 0 to 1")
    _check_milliseconds(call, "ReportTime")
    return _accepted(call)


def _check_milliseconds(call: Call, name: str) -> None:
    text = call.parameters.get(name) or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise invalid_parameter(name, "must be milliseconds since 1970")


def _accepted(call: Call) -> dict[str, object]:
    if call.version == VERSION_CHINA:
        return {"Code": "OK", "Message": "OK", "RequestId": call.request_id}
    return {"ResponseCode": "OK", "ResponseDescription": "OK", "RequestId": call.request_id}
