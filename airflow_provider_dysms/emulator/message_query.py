"""QueryMessage: the state of one message of the international site."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator import send_actions
from airflow_provider_dysms.emulator.errors import business_error
from airflow_provider_dysms.emulator.listing import delivered_code, mask_number, outcome_fields, utc_offset_text
from airflow_provider_dysms.emulator.state import SECONDS_PER_DAY, Message, first_visible_at, wall_clock_text

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.service import Call


def query_message(call: Call) -> dict[str, object]:
    """Answer QueryMessage: the state of one message of the international site."""
    message_id, switches = call.parameters["MessageId"], call.switches
    message = call.service.messages.find_by_id(call.account, message_id)
    if (
        message is None
        or not call.can_see(message)
        or call.now - message.sent_at > switches.message_retention_days * SECONDS_PER_DAY
        or call.now < first_visible_at(message, switches.message_visible_after)
    ):
        raise business_error("isv.DATA_NOT_EXIST", "The message does not exist.")
    state = message.state_at(call.now)
    status_numbers = {
        "new": {"delivered": 1, "failed": 2, "waiting": 3},
        "old": {"delivered": 3, "failed": 2, "waiting": 1},
    }
    status = status_numbers[switches.message_status].get(state, 6)
    payload: dict[str, object] = {
        "Status": status if switches.message_status_type == "int" else str(status),
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": call.request_id,
        "MessageId": message_id,
        "Message": message.text,
        "SendDate": _message_date(call, message.sent_at),
        "NumberDetail": send_actions.number_detail(send_actions.number_with_country_code(message)),
    }
    if switches.message_to_form != "absent":
        payload["To"] = _recipient_text(message, switches.message_to_form)
    delivered = state == "delivered"
    codes = {
        "ErrorCode": delivered_code(switches, international=True) if delivered else message.error_code,
        "ErrorDescription": "success" if delivered else "failed",
    }
    received = None if message.received_at is None else _message_date(call, message.received_at)
    payload |= outcome_fields(switches, state, {"ReceiveDate": received}, codes)
    return payload


def _recipient_text(message: Message, form: str) -> str:
    number = send_actions.number_with_country_code(message)
    if form == "masked":
        return f"{number[:-6]}xxx{number[-3:]}"
    if form == "masked_end":
        return mask_number(number, form)
    return ("" if form == "plain" else form) + number


def _message_date(call: Call, instant: float) -> str:
    form, hours = call.switches.message_date_form, call.switches.zone_hours
    if form == "rfc2822":
        return format_datetime(datetime.fromtimestamp(int(instant), timezone(timedelta(hours=hours))))
    text = wall_clock_text(instant, hours)
    return text if form == "plain" else f"{text.replace(' ', 'T')}{utc_offset_text(hours)}"
