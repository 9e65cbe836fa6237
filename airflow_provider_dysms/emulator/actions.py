"""The three queries, and the table of all actions: parameters and state in, the answer's fields out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator import sends
from airflow_provider_dysms.emulator.errors import VERSION_GLOBE, Refusal, business, gateway, invalid, missing
from airflow_provider_dysms.emulator.listing import Listing, answer_rows
from airflow_provider_dysms.emulator.state import DAY, Message, beijing, day_number, day_of
from airflow_provider_dysms.emulator.texts import MAINLAND, normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.emulator.service import Call

VERSION_CHINA = "2017-05-25"
WINDOW_DAYS = 30
MAX_PAGE_SIZE = 50
#: A range of statistics is walked day by day; further back there is nothing.
MAX_STATISTICS_DAYS = 400
_BEIJING = timezone(timedelta(hours=8))


def query_send_details(call: Call) -> dict[str, object]:
    """Answer QuerySendDetails: the messages to one number on one Beijing day, a page of them."""
    page, size = _page(call, "CurrentPage", "PageSize")
    number = _number(call)
    day = _day(call, "SendDate", business("isv.INVALID_PARAMETERS", "SendDate is not yyyyMMdd."))
    age = day_of(call.now) - day
    if age < 0 or age > WINDOW_DAYS or (age == WINDOW_DAYS and not call.switches.day_minus_30):
        if call.switches.out_of_window == "error":
            raise business("isv.QUERY_DATE_ILLEGAL", "SendDate lies outside of the last 30 days.")
        return answer_rows(call, [], 0)
    listing = Listing(call, number, day, call.parameters.get("BizId") or None)
    rows, total = listing.page(page, size)
    if call.switches.past_the_end == "error" and page > max(1, listing.last_page(size)):
        raise business("isv.SPLIT_PAGE_ILLEGAL", "CurrentPage lies behind the last page.")
    return answer_rows(call, rows, total)


def query_send_statistics(call: Call) -> dict[str, object]:
    """Answer QuerySendStatistics: billed segments per Beijing day, without what a blacklist stopped."""
    given = call.parameters
    if given["IsGlobe"] not in ("1", "2"):
        raise invalid("IsGlobe", "must be 1 or 2")
    page, size = _page(call, "PageIndex", "PageSize")
    illegal = business(
        "isv.INVALID_PARAMETERS", "StartDate or EndDate is not yyyyMMdd, or they are in the wrong order."
    )
    first, last = _day(call, "StartDate", illegal), _day(call, "EndDate", illegal)
    if first > last or last - first > MAX_STATISTICS_DAYS:
        raise illegal
    days = []
    for day in range(first, last + 1):
        counted = [message for message in call.service.messages.of_day(call.account, day) if _is_counted(call, message)]
        if counted or call.switches.statistics_empty_days:
            days.append(_statistics(call, day, counted))
    rows: list[dict[str, object]] = days[(page - 1) * size : page * size]
    target: object = rows[0] if call.switches.records == "object" and len(rows) == 1 else rows
    data: dict[str, object] = {"TotalSize": len(days), "TargetList": target}
    return {"Code": "OK", "Message": "OK", "RequestId": call.request_id, "Data": data}


def query_message(call: Call) -> dict[str, object]:
    """Answer QueryMessage: one international message."""
    message_id, switches = call.parameters["MessageId"], call.switches
    message = call.service.messages.by_id(call.account, message_id)
    if (
        message is None
        or call.now - message.sent_at > switches.message_retention_days * DAY
        or call.now < _visible_at(message, switches.message_visible_after)
    ):
        raise business(globe_code(call, "DATA_NOT_EXIST"), "The message does not exist.")
    state = message.state_at(call.now)
    number = {"new": {"delivered": 1, "failed": 2, "waiting": 3}, "old": {"delivered": 3, "failed": 2, "waiting": 1}}
    status = number[switches.message_status].get(state, 6)
    answer: dict[str, object] = {
        "Status": status if switches.message_status_type == "int" else str(status),
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": call.request_id,
        "MessageId": message_id,
        "To": message.phone_number,
        "Message": message.content,
        "SendDate": _message_date(call, message.sent_at),
        "NumberDetail": sends.number_detail(message.phone_number),
    }
    if state == "waiting":
        _put_waiting(call, answer, "ErrorCode", "ErrorDescription", "ReceiveDate")
    else:
        answer["ErrorCode"] = switches.delivered_code if state == "delivered" else message.error_code
        answer["ErrorDescription"] = "success" if state == "delivered" else "failed"
        if message.received_at is not None:
            answer["ReceiveDate"] = _message_date(call, message.received_at)
    return answer


@dataclass(frozen=True, slots=True)
class Action:
    """How an action is called."""

    answer: Callable[[Call], dict[str, object]]
    required: tuple[str, ...]
    methods: tuple[str, ...] = ("GET", "POST")


ACTIONS: dict[tuple[str, str], Action] = {
    (VERSION_CHINA, "QuerySendDetails"): Action(
        query_send_details, ("PhoneNumber", "SendDate", "PageSize", "CurrentPage")
    ),
    (VERSION_CHINA, "QuerySendStatistics"): Action(
        query_send_statistics, ("IsGlobe", "StartDate", "EndDate", "PageIndex", "PageSize"), ("POST",)
    ),
    (VERSION_CHINA, "SendSms"): Action(sends.send_sms, ("PhoneNumbers", "SignName", "TemplateCode")),
    (VERSION_CHINA, "SendBatchSms"): Action(sends.send_batch_sms, ("PhoneNumberJson", "SignNameJson", "TemplateCode")),
    (VERSION_GLOBE, "QueryMessage"): Action(query_message, ("MessageId",)),
    (VERSION_GLOBE, "SendMessageToGlobe"): Action(sends.send_message_to_globe, ("To", "Message")),
}


def find(version: str, action: str, method: str) -> Action:
    """Return an action.

    :raises Refusal: there is no such version or action, or not by this method
    """
    found = ACTIONS.get((version, action))
    if found is None:
        if version not in (VERSION_CHINA, VERSION_GLOBE):
            raise gateway("InvalidVersion", "Specified parameter Version is not valid.", 404)
        raise gateway("InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404)
    if method not in found.methods:
        raise gateway("UnsupportedHTTPMethod", "This http method is not supported.")
    return found


def check_required(action: Action, call: Call) -> None:
    """Refuse a call that lacks a parameter."""
    for name in action.required:
        if not call.parameters.get(name):
            raise missing(name)


def globe_code(call: Call, code: str) -> str:
    """Return a code of 2018-05-01 as the switches want it."""
    return f"isv.{code}" if call.switches.message_codes == "isv" else code


def _page(call: Call, page_name: str, size_name: str) -> tuple[int, int]:
    statistics = page_name == "PageIndex"
    numbers = []
    for name, highest in ((page_name, 10**9), (size_name, MAX_PAGE_SIZE)):
        text = call.parameters[name]
        if not (text.isascii() and text.removeprefix("-").isdigit()):
            raise invalid(name)
        if len(text) > 10 or not 1 <= int(text) <= highest:
            # The metadata gives the statistics' limits to the gateway; QuerySendDetails' are the service's own.
            if statistics or call.switches.bad_page == "gateway":
                raise invalid(name)
            raise business(call.switches.bad_page, f"{name} is out of range.")
        numbers.append(int(text))
    return numbers[0], numbers[1]


def _number(call: Call) -> str:
    text, illegal = call.parameters["PhoneNumber"], business("isv.MOBILE_NUMBER_ILLEGAL", "PhoneNumber is illegal.")
    if call.switches.query_number == "lenient":
        found = normalise(text)
        if found is None:
            raise illegal
        text = found[0]
    if not (text.isascii() and text.isdigit() and 5 <= len(text) <= 20):
        raise illegal
    if call.switches.plus_one == "error" and MAINLAND.fullmatch(text) and _could_be_plus_one(text):
        raise illegal
    return text


def _could_be_plus_one(text: str) -> bool:
    """North American area codes and exchanges begin with 2 to 9."""
    return text[1] in "23456789" and text[4] in "23456789"


def _day(call: Call, name: str, illegal: Refusal) -> int:
    text = call.parameters[name]
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        raise illegal
    try:
        return day_number(date(int(text[:4]), int(text[4:6]), int(text[6:])))
    except ValueError:
        raise illegal from None


def _is_counted(call: Call, message: Message) -> bool:
    given = call.parameters
    if message.international != (given["IsGlobe"] == "2") or not message.is_billable:
        return False
    if given.get("TemplateType") and str(message.template_type) != given["TemplateType"]:
        return False
    return not given.get("SignName") or message.sign_name == given["SignName"]


def _statistics(call: Call, day: int, messages: list[Message]) -> dict[str, object]:
    counts = dict.fromkeys(("delivered", "failed", "waiting", "expired"), 0)
    for message in messages:
        counts[message.state_at(call.now)] += message.segments
    return {
        "TotalCount": sum(counts.values()),
        "RespondedSuccessCount": counts["delivered"],
        "RespondedFailCount": counts["failed"],
        "NoRespondedCount": counts["waiting"] + counts["expired"],
        "SendDate": beijing(day * DAY)[:10].replace("-", ""),
    }


def _visible_at(message: Message, delay: float) -> float:
    return message.sent_at + delay if message.visible_at is None else message.visible_at


def _put_waiting(call: Call, answer: dict[str, object], *names: str) -> None:
    if call.switches.waiting_fields != "absent":
        answer.update(dict.fromkeys(names, None if call.switches.waiting_fields == "null" else ""))


def _message_date(call: Call, instant: float) -> str:
    moment = datetime.fromtimestamp(int(instant), _BEIJING)
    if call.switches.message_date_form == "rfc2822":
        return format_datetime(moment)
    return beijing(instant) if call.switches.message_date_form == "plain" else moment.isoformat()
