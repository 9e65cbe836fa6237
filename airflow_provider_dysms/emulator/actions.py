"""The table of all API actions, and the two queries of the mainland site: QuerySendDetails and QuerySendStatistics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator import conversion_actions, send_actions
from airflow_provider_dysms.emulator.errors import (
    VERSION_CHINA,
    VERSION_GLOBE,
    ApiError,
    business_error,
    gateway_error,
    invalid_parameter,
    missing_parameter,
)
from airflow_provider_dysms.emulator.faults import FiredFaults, effective_kinds
from airflow_provider_dysms.emulator.listing import (
    Listing,
    details_payload,
    records_field,
)
from airflow_provider_dysms.emulator.message_query import query_message
from airflow_provider_dysms.emulator.sms_rules import MAINLAND, is_ambiguous_number, normalize_number
from airflow_provider_dysms.emulator.state import (
    SECONDS_PER_DAY,
    Message,
    beijing_day_of,
    beijing_text,
    day_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.emulator.service import Call

WINDOW_DAYS = 30
MAX_PAGE_SIZE = 50
#: The longest range of QuerySendStatistics, in days. A handler looks at every day of the range.
MAX_STATISTICS_DAYS = 400


def query_send_details(call: Call) -> dict[str, object]:
    """Answer QuerySendDetails: one page of the messages to one number on one Beijing day."""
    page, size = _page_and_size(call, "CurrentPage", "PageSize")
    number = _queried_number(call)
    day = _day_number(call, "SendDate", business_error("isv.INVALID_PARAMETERS", "SendDate is not yyyyMMdd."))
    age = beijing_day_of(call.now) - day
    if age < 0 or age > WINDOW_DAYS or (age == WINDOW_DAYS and not call.switches.day_minus_30):
        if call.switches.out_of_window == "error":
            raise business_error("isv.QUERY_DATE_ILLEGAL", "SendDate lies outside of the last 30 days.")
        return details_payload(call, [], 0)
    listing = Listing(call, number, day, call.parameters.get("BizId") or None)
    last_page = max(1, listing.last_page(size))
    if page > last_page and call.switches.past_the_end != "empty":
        if call.switches.past_the_end == "error":
            raise business_error("isv.SPLIT_PAGE_ILLEGAL", "CurrentPage lies behind the last page.")
        if call.switches.past_the_end == "zero":
            return details_payload(call, [], 0)
        page = last_page
    rows, total = listing.page(page, size)
    return details_payload(call, rows, total)


def query_send_statistics(call: Call) -> dict[str, object]:
    """Answer QuerySendStatistics: billed segments per Beijing day, without messages that a blacklist stopped."""
    parameters = call.parameters
    if parameters["IsGlobe"] not in ("1", "2"):
        raise invalid_parameter("IsGlobe", "must be 1 or 2")
    page, size = _page_and_size(call, "PageIndex", "PageSize")
    illegal = business_error(
        "isv.INVALID_PARAMETERS", "StartDate or EndDate is not yyyyMMdd, or they are in the wrong order."
    )
    first, last = _day_number(call, "StartDate", illegal), _day_number(call, "EndDate", illegal)
    if first > last or last - first > MAX_STATISTICS_DAYS:
        raise illegal
    days = []
    for day in range(first, last + 1):
        counted = [
            message for message in call.service.messages.for_day(call.account, day) if _is_counted(call, message)
        ]
        if counted or call.switches.statistics_empty_days:
            days.append(_day_statistics(call, day, counted))
    fired, plan = FiredFaults(), call.service.faults
    if plan.faults:
        effective = effective_kinds(page, size, len(days))
        fired = plan.fire_on_listing(call.action, parameters, max(1, -(-len(days) // size)), effective)
    page = fired.served_page(page)
    rows, total = fired.damage(days[(page - 1) * size : page * size], len(days))
    total = str(total) if call.switches.total_count == "string" else total
    data = {"TotalSize": total, **records_field(call.switches.records, "TargetList", rows, flat=True)}
    return {"Code": "OK", "Message": "OK", "RequestId": call.request_id, "Data": data}


@dataclass(frozen=True, slots=True)
class Action:
    """How an API action is called and answered.

    :param handler: returns the payload of the response
    :param required_parameters: names of the parameters that a request must have
    :param methods: the HTTP methods that the action accepts
    """

    handler: Callable[[Call], dict[str, object]]
    required_parameters: tuple[str, ...]
    methods: tuple[str, ...] = ("GET", "POST")


_CONVERSION = Action(conversion_actions.report_conversion, ("MessageId", "Delivered"))
_CONVERSION_RATE = Action(conversion_actions.report_conversion_rate, ("ConversionRate",))

ACTIONS: dict[tuple[str, str], Action] = {
    (VERSION_CHINA, "QuerySendDetails"): Action(
        query_send_details, ("PhoneNumber", "SendDate", "PageSize", "CurrentPage")
    ),
    (VERSION_CHINA, "QuerySendStatistics"): Action(
        query_send_statistics, ("IsGlobe", "StartDate", "EndDate", "PageIndex", "PageSize"), ("POST",)
    ),
    (VERSION_CHINA, "SendSms"): Action(send_actions.send_sms, ("PhoneNumbers", "SignName", "TemplateCode")),
    (VERSION_CHINA, "SendBatchSms"): Action(
        send_actions.send_batch_sms, ("PhoneNumberJson", "SignNameJson", "TemplateCode")
    ),
    (VERSION_GLOBE, "QueryMessage"): Action(query_message, ("MessageId",)),
    (VERSION_GLOBE, "SendMessageToGlobe"): Action(send_actions.send_message_to_globe, ("To", "Message")),
    (VERSION_GLOBE, "BatchSendMessageToGlobe"): Action(send_actions.batch_send_message_to_globe, ("To", "Message")),
    (VERSION_GLOBE, "SendMessageWithTemplate"): Action(
        send_actions.send_message_with_template, ("To", "From", "TemplateCode")
    ),
    (VERSION_CHINA, "SmsConversionIntl"): _CONVERSION,
    (VERSION_CHINA, "ConversionDataIntl"): _CONVERSION_RATE,
    (VERSION_GLOBE, "SmsConversion"): _CONVERSION,
    (VERSION_GLOBE, "ConversionData"): _CONVERSION_RATE,
}


def find_action(version: str, action: str, method: str) -> Action:
    """Return an action by its name.

    :raises ApiError: the version or action is unknown, or does not accept the HTTP method
    """
    found = ACTIONS.get((version, action))
    if found is None:
        if version not in (VERSION_CHINA, VERSION_GLOBE):
            raise gateway_error("InvalidVersion", "Specified parameter Version is not valid.", 404)
        raise gateway_error(
            "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404
        )
    if method not in found.methods:
        raise gateway_error("UnsupportedHTTPMethod", "This http method is not supported.")
    return found


def check_required_parameters(action: Action, call: Call) -> None:
    """Raise the gateway's error if a request lacks a required parameter."""
    for name in action.required_parameters:
        if not call.parameters.get(name):
            raise missing_parameter(name)


def _page_and_size(call: Call, page_name: str, size_name: str) -> tuple[int, int]:
    is_statistics = page_name == "PageIndex"
    numbers = []
    for name, maximum in ((page_name, 10**9), (size_name, MAX_PAGE_SIZE)):
        text = call.parameters[name]
        if not (text.isascii() and text.removeprefix("-").isdigit()):
            raise invalid_parameter(name)
        value = int(text) if len(text) <= 10 else maximum + 1
        if not 1 <= value <= maximum and call.switches.bad_page == "clamped":
            value = min(max(value, 1), maximum)
        if not 1 <= value <= maximum:
            # According to the API metadata, the gateway checks the limits of QuerySendStatistics and the service itself
            # those of QuerySendDetails.
            if is_statistics or call.switches.bad_page == "gateway":
                raise invalid_parameter(name)
            raise business_error(call.switches.bad_page, f"{name} is out of range.")
        numbers.append(value)
    return numbers[0], min(numbers[1], call.switches.largest_page)


def _queried_number(call: Call) -> str:
    text, illegal = (
        call.parameters["PhoneNumber"],
        business_error("isv.MOBILE_NUMBER_ILLEGAL", "PhoneNumber is illegal."),
    )
    handling = call.switches.query_number
    if handling == "lenient":
        normalized = normalize_number(text)
        if normalized is None:
            raise illegal
        text = normalized[0]
    if not (text.isascii() and text.isdigit() and 5 <= len(text) <= 20):
        raise illegal
    if handling == "strict" and (text.startswith("00") or (text.startswith("86") and MAINLAND.fullmatch(text[2:]))):
        raise illegal
    if call.switches.plus_one == "error" and is_ambiguous_number(text):
        raise illegal
    return text


def _day_number(call: Call, name: str, illegal: ApiError) -> int:
    text = call.parameters[name]
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        raise illegal
    try:
        return day_number(date(int(text[:4]), int(text[4:6]), int(text[6:])))
    except ValueError:
        raise illegal from None


def _is_counted(call: Call, message: Message) -> bool:
    parameters, switches = call.parameters, call.switches
    if message.international != (parameters["IsGlobe"] == "2") or not message.is_billable or not call.can_see(message):
        return False
    lag = switches.statistics_lag_seconds
    if lag > 0 and message.sent_at > call.now - lag:
        return False
    if switches.expired_in_statistics == "absent" and message.state_at(call.now) == "expired":
        return False
    if parameters.get("TemplateType") and str(message.template_type) != parameters["TemplateType"]:
        return False
    return not parameters.get("SignName") or message.sign_name == parameters["SignName"]


def _day_statistics(call: Call, day: int, messages: list[Message]) -> dict[str, object]:
    counts = dict.fromkeys(("delivered", "failed", "waiting", "expired"), 0)
    for message in messages:
        counts[message.state_at(call.now - call.switches.statistics_lag_seconds)] += message.segments
    if call.switches.expired_in_statistics == "failed":
        counts["failed"] += counts.pop("expired")
    counts_by_field = {
        "TotalCount": sum(counts.values()),
        "RespondedSuccessCount": counts["delivered"],
        "RespondedFailCount": counts["failed"],
        "NoRespondedCount": counts["waiting"] + counts.get("expired", 0),
    }
    as_string = call.switches.total_count == "string"
    return {
        **{name: str(count) if as_string else count for name, count in counts_by_field.items()},
        "SendDate": beijing_text(day * SECONDS_PER_DAY)[:10].replace("-", ""),
    }
