"""Builds the pages of QuerySendDetails: finds the messages, writes their rows, and applies planned listing faults."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.faults import FiredFaults, effective_kinds
from airflow_provider_dysms.emulator.sms_rules import is_ambiguous_number
from airflow_provider_dysms.emulator.state import SECONDS_PER_DAY, Message, first_visible_at, wall_clock_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.emulator.service import Call
    from airflow_provider_dysms.emulator.switches import Switches

_RECORD = "SmsSendDetailDTO"
_STATUS = {"waiting": 1, "failed": 2, "delivered": 3, "expired": 2}
_PREFIX = {"86": "86", "+86": "+86", "0086": "0086"}


class Listing:
    """The messages to one number on one day, divided into pages.

    :param number: digits
    :param day: Beijing day, counted from 1970-01-01
    :param biz_id: if given, only the messages with this BizId
    """

    def __init__(self, call: Call, number: str, day: int, biz_id: str | None) -> None:
        self._call = call
        self._number = number
        self._day = day
        self._biz_id = biz_id

    def last_page(self, size: int) -> int:
        """Return the number of the last page that has rows."""
        return -(-len(self._messages()) // size)

    def page(self, page: int, size: int) -> tuple[list[dict[str, Any]], object]:
        """Return the rows of a page and the total count, changed by the faults that happen to the request."""
        call, plan = self._call, self._call.service.faults
        messages = self._messages()
        fired = FiredFaults()
        if plan.faults:
            effective = effective_kinds(page, size, len(messages))
            fired = plan.fire_on_listing(call.action, call.parameters, self.last_page(size), effective)
        if "insert_row" in fired:
            self._insert_first_row()
            messages = self._messages()
        if "remove_row" in fired:
            call.service.messages.remove(messages[0])
            messages = self._messages()
        page = fired.served_page(page)
        rows = [_cached_row(call, message) for message in messages[(page - 1) * size : page * size]]
        if "foreign_rows" in fired:
            rows = [row | {"PhoneNum": _different_number(str(row["PhoneNum"]))} for row in rows]
        return fired.damage(rows, len(messages))

    def _messages(self) -> list[Message]:
        call = self._call
        messages = [
            message
            for message in call.service.messages.for_number(call.account, self._number, self._day)
            if (self._biz_id is None or message.biz_id == self._biz_id)
            and call.can_see(message)
            and call.now >= first_visible_at(message, call.switches.detail_visible_after)
        ]
        if call.switches.plus_one in ("mainland", "international") and is_ambiguous_number(self._number):
            international = call.switches.plus_one == "international"
            messages = [message for message in messages if message.international == international]
        return messages[::-1] if call.switches.order == "newest_first" else messages

    def _insert_first_row(self) -> None:
        messages = self._messages()
        if messages:
            newest = self._call.switches.order == "newest_first"
            sent_at = messages[0].sent_at + (1 if newest else -1)
            self._call.service.messages.add([replace(messages[0], sent_at=sent_at, message_id=None)])


def details_payload(call: Call, rows: list[dict[str, Any]], total: object) -> dict[str, object]:
    """Return the payload of QuerySendDetails, in the form that the switches choose."""
    if call.switches.total_count == "string":
        total = str(total)
    payload: dict[str, object] = {"TotalCount": total, "Message": "OK", "RequestId": call.request_id}
    payload |= records_field(call.switches.records, "SmsSendDetailDTOs", rows)
    payload["Code"] = "OK"
    return payload


def records_field(form: str, field: str, rows: list[dict[str, Any]], *, flat: bool = False) -> dict[str, object]:
    """Return the payload field that contains the records, in one of the forms of the switch ``records``.

    :param form: a value of that switch
    :param flat: whether the field contains the list itself; otherwise it contains an object with the list
    """
    if not rows and form in ("missing", "text", "null"):
        return {} if form == "missing" else {field: "" if form == "text" else None}
    records: object = rows[0] if form == "object" and len(rows) == 1 else rows
    return {field: records if form == "bare" or flat else {_RECORD: records}}


def _cached_row(call: Call, message: Message) -> dict[str, Any]:
    switches, state = call.service.switches, message.state_at(call.now)
    cached = message.cached_row
    if cached is None or cached[0] is not switches or cached[1] != state:
        cached = message.cached_row = (switches, state, _build_row(call, message, state))
    return cached[2]


def _build_row(call: Call, message: Message, state: str) -> dict[str, Any]:
    switches = call.switches
    sent_at = message.sent_at + switches.send_date_shift_days * SECONDS_PER_DAY
    row: dict[str, Any] = {"SendDate": _date_text(call, sent_at)}
    if message.out_id is not None:
        row["OutId"] = message.out_id
    row["SendStatus"] = _STATUS[state]
    code = delivered_code(switches, international=False) if state == "delivered" else message.error_code
    received = None if message.received_at is None else _date_text(call, message.received_at)
    row |= outcome_fields(switches, state, {"ReceiveDate": received}, {"ErrCode": code})
    if message.template_code is not None:
        row["TemplateCode"] = message.template_code
    row["Content"] = message.text
    row["PhoneNum"] = _number_text(message, switches.phone_form)
    return row


def outcome_fields(
    switches: Switches, state: str, dates: Mapping[str, str | None], codes: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Return the payload fields for the outcome of a message, in the form that the switches choose.

    :param state: one of ``STATES``
    :param dates: field name -> time of the receipt, ``None`` if there is none
    :param codes: field name -> code or description of the outcome
    """
    if state == "waiting":
        form = switches.waiting_fields
        nothing = None if form == "null" else ""
        visible_dates = dict.fromkeys(dates if form in ("null", "empty", "date_only") else (), nothing)
        visible_codes = dict.fromkeys(codes if form in ("null", "empty", "code_only") else (), nothing)
        if form == "request_success":
            visible_codes = dict.fromkeys(codes, "REQUEST_SUCCESS")
        return {**visible_dates, **visible_codes}
    visible = {**dates} if switches.settled_fields != "code" else {}
    if switches.settled_fields != "date":
        visible.update(codes)
    return {name: value for name, value in visible.items() if value is not None}


def delivered_code(switches: Switches, *, international: bool) -> str:
    """Return the code that a site uses for a delivered message."""
    if international and switches.message_delivered_code != "same":
        return switches.message_delivered_code
    return switches.delivered_code


def _date_text(call: Call, instant: float) -> str:
    hours = call.switches.zone_hours
    text = wall_clock_text(instant, hours)
    return text if call.switches.date_form == "plain" else f"{text.replace(' ', 'T')}{utc_offset_text(hours)}"


def utc_offset_text(hours: float) -> str:
    """Return an offset from UTC in ISO 8601 form, such as ``+08:00``.

    :param hours: hours ahead of UTC
    """
    minutes = round(abs(hours) * 60)
    return f"{'-' if hours < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _number_text(message: Message, form: str) -> str:
    number = message.phone_number
    if form == "plain":
        return number
    if form in ("masked", "masked_end"):
        return mask_number(number, form)
    if not message.international:
        return _PREFIX[form] + number
    return {"86": "", "+86": "+", "0086": "00"}[form] + number


def mask_number(number: str, form: str) -> str:
    """Return a number with hidden digits.

    :param form: ``masked`` hides the middle, ``masked_end`` hides the last four digits
    """
    if form == "masked_end":
        return number[:-4] + "****"
    return number[:3] + "*" * max(0, len(number) - 7) + number[-4:]


def _different_number(number: str) -> str:
    """Return another number of the same form, by changing the last visible digit."""
    position = max(index for index, character in enumerate(number) if character.isdigit())
    return number[:position] + str((int(number[position]) + 1) % 10) + number[position + 1 :]
