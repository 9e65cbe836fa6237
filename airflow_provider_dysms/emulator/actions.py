"""The three queries, and the table of all actions: parameters and state in, the answer's fields out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator import sends
from airflow_provider_dysms.emulator.errors import (
    VERSION_CHINA,
    VERSION_GLOBE,
    Refusal,
    business,
    gateway,
    invalid,
    missing,
)
from airflow_provider_dysms.emulator.faults import Struck, able_kinds
from airflow_provider_dysms.emulator.listing import (
    Listing,
    answer_rows,
    delivered_code,
    masked,
    outcome_fields,
    records_in_form,
    zone_of,
)
from airflow_provider_dysms.emulator.state import DAY, Message, beijing, day_number, day_of, visible_at, wall_clock
from airflow_provider_dysms.emulator.texts import MAINLAND, normalise, reads_twice

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.emulator.service import Call

WINDOW_DAYS = 30
MAX_PAGE_SIZE = 50
#: A range of statistics is walked day by day; further back there is nothing.
MAX_STATISTICS_DAYS = 400


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
    last_page = max(1, listing.last_page(size))
    if page > last_page and call.switches.past_the_end != "empty":
        if call.switches.past_the_end == "error":
            raise business("isv.SPLIT_PAGE_ILLEGAL", "CurrentPage lies behind the last page.")
        if call.switches.past_the_end == "zero":
            return answer_rows(call, [], 0)
        page = last_page
    rows, total = listing.page(page, size)
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
    struck, plan = Struck(), call.service.faults
    if plan.faults:
        able = able_kinds(page, size, len(days))
        struck = plan.on_listing(call.action, given, max(1, -(-len(days) // size)), able)
    page = struck.page(page)
    rows, total = struck.damage(days[(page - 1) * size : page * size], len(days))
    total = str(total) if call.switches.total_count == "string" else total
    data = {"TotalSize": total, **records_in_form(call.switches.records, "TargetList", rows, flat=True)}
    return {"Code": "OK", "Message": "OK", "RequestId": call.request_id, "Data": data}


def query_message(call: Call) -> dict[str, object]:
    """Answer QueryMessage: one international message."""
    message_id, switches = call.parameters["MessageId"], call.switches
    message = call.service.messages.by_id(call.account, message_id)
    if (
        message is None
        or not call.sees(message)
        or call.now - message.sent_at > switches.message_retention_days * DAY
        or call.now < visible_at(message, switches.message_visible_after)
    ):
        raise business("isv.DATA_NOT_EXIST", "The message does not exist.")
    state = message.state_at(call.now)
    number = {"new": {"delivered": 1, "failed": 2, "waiting": 3}, "old": {"delivered": 3, "failed": 2, "waiting": 1}}
    status = number[switches.message_status].get(state, 6)
    answer: dict[str, object] = {
        "Status": status if switches.message_status_type == "int" else str(status),
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": call.request_id,
        "MessageId": message_id,
        "Message": message.text,
        "SendDate": _message_date(call, message.sent_at),
        "NumberDetail": sends.number_detail(sends.with_dialing_code(message)),
    }
    if switches.message_to_form != "absent":
        answer["To"] = _to(message, switches.message_to_form)
    delivered = state == "delivered"
    codes = {
        "ErrorCode": delivered_code(switches, international=True) if delivered else message.error_code,
        "ErrorDescription": "success" if delivered else "failed",
    }
    received = None if message.received_at is None else _message_date(call, message.received_at)
    answer |= outcome_fields(switches, state, {"ReceiveDate": received}, codes)
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
    (VERSION_GLOBE, "BatchSendMessageToGlobe"): Action(sends.batch_send_message_to_globe, ("To", "Message")),
    (VERSION_GLOBE, "SendMessageWithTemplate"): Action(
        sends.send_message_with_template, ("To", "From", "TemplateCode")
    ),
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


def _page(call: Call, page_name: str, size_name: str) -> tuple[int, int]:
    statistics = page_name == "PageIndex"
    numbers = []
    for name, highest in ((page_name, 10**9), (size_name, MAX_PAGE_SIZE)):
        text = call.parameters[name]
        if not (text.isascii() and text.removeprefix("-").isdigit()):
            raise invalid(name)
        value = int(text) if len(text) <= 10 else highest + 1
        if not 1 <= value <= highest and call.switches.bad_page == "clamped":
            value = min(max(value, 1), highest)
        if not 1 <= value <= highest:
            # The metadata gives the statistics' limits to the gateway; QuerySendDetails' are the service's own.
            if statistics or call.switches.bad_page == "gateway":
                raise invalid(name)
            raise business(call.switches.bad_page, f"{name} is out of range.")
        numbers.append(value)
    return numbers[0], min(numbers[1], call.switches.largest_page)


def _number(call: Call) -> str:
    text, illegal = call.parameters["PhoneNumber"], business("isv.MOBILE_NUMBER_ILLEGAL", "PhoneNumber is illegal.")
    way = call.switches.query_number
    if way == "lenient":
        found = normalise(text)
        if found is None:
            raise illegal
        text = found[0]
    if not (text.isascii() and text.isdigit() and 5 <= len(text) <= 20):
        raise illegal
    if way == "strict" and (text.startswith("00") or (text.startswith("86") and MAINLAND.fullmatch(text[2:]))):
        raise illegal
    if call.switches.plus_one == "error" and reads_twice(text):
        raise illegal
    return text


def _day(call: Call, name: str, illegal: Refusal) -> int:
    text = call.parameters[name]
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        raise illegal
    try:
        return day_number(date(int(text[:4]), int(text[4:6]), int(text[6:])))
    except ValueError:
        raise illegal from None


def _is_counted(call: Call, message: Message) -> bool:
    given, switches = call.parameters, call.switches
    if message.international != (given["IsGlobe"] == "2") or not message.is_billable or not call.sees(message):
        return False
    lag = switches.statistics_lag_seconds
    if lag > 0 and message.sent_at > call.now - lag:
        return False
    if switches.expired_in_statistics == "absent" and message.state_at(call.now) == "expired":
        return False
    if given.get("TemplateType") and str(message.template_type) != given["TemplateType"]:
        return False
    return not given.get("SignName") or message.sign_name == given["SignName"]


def _statistics(call: Call, day: int, messages: list[Message]) -> dict[str, object]:
    counts = dict.fromkeys(("delivered", "failed", "waiting", "expired"), 0)
    for message in messages:
        counts[message.state_at(call.now - call.switches.statistics_lag_seconds)] += message.segments
    if call.switches.expired_in_statistics == "failed":
        counts["failed"] += counts.pop("expired")
    figures = {
        "TotalCount": sum(counts.values()),
        "RespondedSuccessCount": counts["delivered"],
        "RespondedFailCount": counts["failed"],
        "NoRespondedCount": counts["waiting"] + counts.get("expired", 0),
    }
    as_text = call.switches.total_count == "string"
    return {
        **{name: str(figure) if as_text else figure for name, figure in figures.items()},
        "SendDate": beijing(day * DAY)[:10].replace("-", ""),
    }


def _to(message: Message, form: str) -> str:
    number = sends.with_dialing_code(message)
    if form == "masked":
        return f"{number[:-6]}xxx{number[-3:]}"
    if form == "masked_end":
        return masked(number, form)
    return ("" if form == "plain" else form) + number


def _message_date(call: Call, instant: float) -> str:
    form, hours = call.switches.message_date_form, call.switches.zone_hours
    if form == "rfc2822":
        return format_datetime(datetime.fromtimestamp(int(instant), timezone(timedelta(hours=hours))))
    text = wall_clock(instant, hours)
    return text if form == "plain" else f"{text.replace(' ', 'T')}{zone_of(hours)}"
