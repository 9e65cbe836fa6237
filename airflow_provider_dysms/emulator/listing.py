"""The rows of QuerySendDetails: which, in what order, in what form; and the faults that make them wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.state import DAY, Message, beijing
from airflow_provider_dysms.emulator.texts import MAINLAND

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.service import Call

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
        call = self._call
        planned = call.service.faults
        strike = planned.on_listing(call.action, call.parameters, self.last_page(size)) if planned.faults else []
        faults = {fault.kind: fault for fault in strike}
        if "insert_row" in faults:
            self._insert()
        messages = self._messages()
        if "remove_row" in faults and messages:
            call.service.messages.remove(messages[0])
            messages = self._messages()
        total: object = len(messages)
        if "repeated_page" in faults:
            page = max(1, page - 1)
        rows = [_row(call, message) for message in messages[(page - 1) * size : page * size]]
        if "foreign_rows" in faults:
            rows = [row | {"PhoneNum": _other(str(row["PhoneNum"]))} for row in rows]
        if "empty_page" in faults:
            rows = []
        if "total_count" in faults:
            total = faults["total_count"].value
        if "total_without_rows" in faults:
            rows, total = [], faults["total_without_rows"].value
        return rows, total

    def _messages(self) -> list[Message]:
        call = self._call
        found = [
            message
            for message in call.service.messages.of_number(call.account, self._number, self._day)
            if (self._biz_id is None or message.biz_id == self._biz_id)
            and (
                call.now >= message.visible_at
                if message.visible_at is not None
                else call.now >= message.sent_at + call.switches.detail_visible_after
            )
        ]
        if call.switches.plus_one in ("mainland", "international") and MAINLAND.fullmatch(self._number):
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
    form = call.switches.records
    if form == "bare":
        answer["SmsSendDetailDTOs"] = rows
    elif form == "object" and len(rows) == 1:
        answer["SmsSendDetailDTOs"] = {"SmsSendDetailDTO": rows[0]}
    elif rows or form in ("list", "object"):
        answer["SmsSendDetailDTOs"] = {"SmsSendDetailDTO": rows}
    elif form != "missing":
        answer["SmsSendDetailDTOs"] = "" if form == "text" else None
    answer["Code"] = "OK"
    return answer


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
    if state != "waiting":
        if message.received_at is not None:
            row["ReceiveDate"] = _date(call, message.received_at)
        row["ErrCode"] = switches.delivered_code if state == "delivered" else message.error_code
    elif switches.waiting_fields != "absent":
        row["ReceiveDate"] = row["ErrCode"] = None if switches.waiting_fields == "null" else ""
    if message.template_code is not None:
        row["TemplateCode"] = message.template_code
    row["Content"] = message.content
    row["PhoneNum"] = _phone(message, switches.phone_form)
    return row


def _date(call: Call, instant: float) -> str:
    text = beijing(instant)
    return text if call.switches.date_form == "plain" else f"{text.replace(' ', 'T')}+08:00"


def _phone(message: Message, form: str) -> str:
    number = message.phone_number
    if form == "plain":
        return number
    if form == "masked":
        return number[:3] + "*" * max(0, len(number) - 7) + number[-4:]
    if not message.international:
        return _PREFIX[form] + number
    return {"86": "", "+86": "+", "0086": "00"}[form] + number


def _other(number: str) -> str:
    """Return a number that is not this one, however it is written: its last digit is another."""
    return number[:-1] + str((int(number[-1]) + 1) % 10)
