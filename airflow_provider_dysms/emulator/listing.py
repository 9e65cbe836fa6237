"""The rows of QuerySendDetails: which, in what order, in what form; and the faults that make them wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.faults import Struck, able_kinds
from airflow_provider_dysms.emulator.state import DAY, Message, visible_at, wall_clock
from airflow_provider_dysms.emulator.texts import reads_twice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.emulator.service import Call
    from airflow_provider_dysms.emulator.switches import Switches

_RECORD = "SmsSendDetailDTO"
_STATUS = {"waiting": 1, "failed": 2, "delivered": 3, "expired": 2}
_PREFIX = {"86": "86", "+86": "+86", "0086": "0086"}


class Listing:
    """The messages to a number on a day, cut into pages.

    :param number: digits
    :param day: Beijing day, counted from 1970-01-01
    :param biz_id: only the messages of this request
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
        """Return the rows of a page and the total, after the faults planned for it."""
        call, plan = self._call, self._call.service.faults
        messages = self._messages()
        struck = Struck()
        if plan.faults:
            able = able_kinds(page, size, len(messages))
            struck = plan.on_listing(call.action, call.parameters, self.last_page(size), able)
        if "insert_row" in struck:
            self._insert()
            messages = self._messages()
        if "remove_row" in struck:
            call.service.messages.remove(messages[0])
            messages = self._messages()
        page = struck.page(page)
        rows = [_row(call, message) for message in messages[(page - 1) * size : page * size]]
        if "foreign_rows" in struck:
            rows = [row | {"PhoneNum": _other(str(row["PhoneNum"]))} for row in rows]
        return struck.damage(rows, len(messages))

    def _messages(self) -> list[Message]:
        call = self._call
        found = [
            message
            for message in call.service.messages.of_number(call.account, self._number, self._day)
            if (self._biz_id is None or message.biz_id == self._biz_id)
            and call.sees(message)
            and call.now >= visible_at(message, call.switches.detail_visible_after)
        ]
        if call.switches.plus_one in ("mainland", "international") and reads_twice(self._number):
            wanted = call.switches.plus_one == "international"
            found = [message for message in found if message.international == wanted]
        return found[::-1] if call.switches.order == "newest_first" else found

    def _insert(self) -> None:
        messages = self._messages()
        if messages:
            newest = self._call.switches.order == "newest_first"
            sent_at = messages[0].sent_at + (1 if newest else -1)
            self._call.service.messages.add([replace(messages[0], sent_at=sent_at, message_id=None)])


def answer_rows(call: Call, rows: list[dict[str, Any]], total: object) -> dict[str, object]:
    """Return the answer that holds rows, in the form that the switches want."""
    if call.switches.total_count == "string":
        total = str(total)
    answer: dict[str, object] = {"TotalCount": total, "Message": "OK", "RequestId": call.request_id}
    answer |= records_in_form(call.switches.records, "SmsSendDetailDTOs", rows)
    answer["Code"] = "OK"
    return answer


def records_in_form(form: str, field: str, rows: list[dict[str, Any]], *, flat: bool = False) -> dict[str, object]:
    """Return the field of an answer that holds records, in one of the forms of the switch ``records``.

    :param flat: whether the field holds the list itself; otherwise an object that holds it
    """
    if not rows and form in ("missing", "text", "null"):
        return {} if form == "missing" else {field: "" if form == "text" else None}
    records: object = rows[0] if form == "object" and len(rows) == 1 else rows
    return {field: records if form == "bare" or flat else {_RECORD: records}}


def _row(call: Call, message: Message) -> dict[str, Any]:
    switches, state = call.service.switches, message.state_at(call.now)
    shown = message.shown
    if shown is None or shown[0] is not switches or shown[1] != state:
        shown = message.shown = (switches, state, _made(call, message, state))
    return shown[2]


def _made(call: Call, message: Message, state: str) -> dict[str, Any]:
    switches = call.switches
    row: dict[str, Any] = {"SendDate": _date(call, message.sent_at + switches.send_date_shift_days * DAY)}
    if message.out_id is not None:
        row["OutId"] = message.out_id
    row["SendStatus"] = _STATUS[state]
    code = delivered_code(switches, international=False) if state == "delivered" else message.error_code
    received = None if message.received_at is None else _date(call, message.received_at)
    row |= outcome_fields(switches, state, {"ReceiveDate": received}, {"ErrCode": code})
    if message.template_code is not None:
        row["TemplateCode"] = message.template_code
    row["Content"] = message.text
    row["PhoneNum"] = _phone(message, switches.phone_form)
    return row


def outcome_fields(
    switches: Switches, state: str, dates: Mapping[str, str | None], codes: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Return the fields of an answer that tell the outcome, those of them that the switches let be.

    :param dates: the field of the receipt's time, ``None`` for none
    :param codes: the fields of the code
    """
    if state == "waiting":
        form = switches.waiting_fields
        nothing = None if form == "null" else ""
        shown_dates = dict.fromkeys(dates if form in ("null", "empty", "date_only") else (), nothing)
        shown_codes = dict.fromkeys(codes if form in ("null", "empty", "code_only") else (), nothing)
        if form == "request_success":
            shown_codes = dict.fromkeys(codes, "REQUEST_SUCCESS")
        return {**shown_dates, **shown_codes}
    shown = {**dates} if switches.settled_fields != "code" else {}
    if switches.settled_fields != "date":
        shown.update(codes)
    return {name: value for name, value in shown.items() if value is not None}


def delivered_code(switches: Switches, *, international: bool) -> str:
    """Return the code of a delivery as a site writes it."""
    if international and switches.message_delivered_code != "same":
        return switches.message_delivered_code
    return switches.delivered_code


def _date(call: Call, instant: float) -> str:
    hours = call.switches.zone_hours
    text = wall_clock(instant, hours)
    return text if call.switches.date_form == "plain" else f"{text.replace(' ', 'T')}{zone_of(hours)}"


def zone_of(hours: float) -> str:
    """Return an offset from UTC as ISO 8601 writes it: ``+08:00``."""
    minutes = round(abs(hours) * 60)
    return f"{'-' if hours < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _phone(message: Message, form: str) -> str:
    number = message.phone_number
    if form == "plain":
        return number
    if form in ("masked", "masked_end"):
        return masked(number, form)
    if not message.international:
        return _PREFIX[form] + number
    return {"86": "", "+86": "+", "0086": "00"}[form] + number


def masked(number: str, form: str) -> str:
    """Return a number with some of its digits hidden: ``masked`` in the middle, ``masked_end`` the last four."""
    if form == "masked_end":
        return number[:-4] + "****"
    return number[:3] + "*" * max(0, len(number) - 7) + number[-4:]


def _other(number: str) -> str:
    """Return a number that is not this one, however it is written: its last digit that can be seen is another."""
    place = max(index for index, character in enumerate(number) if character.isdigit())
    return number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
