"""The switches: one for each behaviour that the vendor's documents leave open or that has changed over the years.

The defaults are the documented behaviour, or else the one that was observed last. A client is only correct if it is
correct for every value of every switch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from airflow_provider_dysms.emulator.errors import InputError


def _choice(description: str, default: Any, *others: Any) -> Any:
    return field(default=default, metadata={"description": description, "choices": (default, *others)})


def _number(description: str, default: float | None, minimum: float, maximum: float) -> Any:
    return field(default=default, metadata={"description": description, "minimum": minimum, "maximum": maximum})


#: The largest allowed clock skew (s). It is 90 days, so that a test can move the emulator's clock across the whole
#: window of 30 days and its client is still accepted.
MAX_SKEW_SECONDS = 90 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The value of every switch. README.md has the descriptions in a table."""

    # Accounts.
    sites: str = _choice(
        "separate: an account uses the mainland site (2017-05-25) or the international site (2018-05-01), not both",
        "separate",
        "joined",
    )
    wrong_site: str = _choice(
        "response to a request to the other site: PRODUCT_UN_SUBSCRIPT (2018-05-01: PRODUCT_NOT_SUBSCRIBED), an empty "
        "result (sends are still refused), or InvalidAccessKeyId.NotFound",
        "not_subscribed",
        "empty",
        "unknown_key",
    )

    # The window and the pages of QuerySendDetails.
    day_minus_30: bool = _choice("whether the 30th day back is still in the window", True, False)
    out_of_window: str = _choice(
        "response for a day outside the window; error is isv.QUERY_DATE_ILLEGAL", "empty", "error"
    )
    past_the_end: str = _choice(
        "response for a page after the last one; error is isv.SPLIT_PAGE_ILLEGAL, zero has TotalCount 0, last_page "
        "has the last rows",
        "empty",
        "error",
        "zero",
        "last_page",
    )
    bad_page: str = _choice(
        "response for PageSize 0 or 51 and CurrentPage 0; gateway is InvalidParameter, clamped uses the nearest "
        "allowed value",
        "isv.INVALID_PARAMETERS",
        "isv.SPLIT_PAGE_ILLEGAL",
        "gateway",
        "clamped",
    )
    largest_page: int = _choice("the most rows on a page, even if a larger PageSize is requested", 50, 20, 10)
    order: str = _choice("order of the rows", "newest_first", "oldest_first")
    detail_visible_after: float = _number("seconds from a send until QuerySendDetails finds it", 0.0, 0, 86_400)

    # The form of the responses.
    waiting_fields: str = _choice(
        "code and ReceiveDate of a waiting message; code_only and date_only have one of them, empty; request_success "
        "has the code REQUEST_SUCCESS and no date",
        "absent",
        "null",
        "empty",
        "code_only",
        "date_only",
        "request_success",
    )
    settled_fields: str = _choice(
        "code and ReceiveDate of a message with an outcome: both, or only one of them", "both", "code", "date"
    )
    total_count: str = _choice("type of TotalCount and of the counts of the statistics", "number", "string")
    delivered_code: str = _choice("ErrCode of a delivered message", "DELIVERED", "DELIVRD")
    records: str = _choice(
        "form of the records, also in statistics: object instead of a list of one record; text, missing, null instead "
        "of an empty list; bare is a list without the inner name",
        "list",
        "object",
        "text",
        "missing",
        "null",
        "bare",
    )
    phone_form: str = _choice(
        "form of PhoneNum in responses; masked_end is `1390000****`",
        "plain",
        "86",
        "+86",
        "0086",
        "masked",
        "masked_end",
    )
    date_form: str = _choice("form of SendDate and ReceiveDate in QuerySendDetails", "plain", "zone")
    zone_hours: float = _number("offset from UTC, in hours, of the times in responses", 8, -12, 14)
    send_date_shift_days: float = _number("days by which SendDate in responses is wrong", 0, -2, 2)
    default_format: str = _choice("format of the response to an HMAC-SHA1 request without Format", "XML", "JSON")

    # Numbers.
    query_number: str = _choice(
        "PhoneNumber with +, 00 or 86 before a mainland number: strict refuses it, literal finds nothing for these "
        "digits (and refuses +), lenient understands it",
        "strict",
        "literal",
        "lenient",
    )
    plus_one: str = _choice(
        "meaning of eleven digits that are both a mainland mobile number and a number of country code +1; error is "
        "isv.MOBILE_NUMBER_ILLEGAL",
        "both",
        "mainland",
        "international",
        "error",
    )

    # QueryMessage.
    message_status: str = _choice(
        "meaning of Status; new: 1 delivered, 2 failed, 3 pending; old: 1 submitted, 2 failed, 3 delivered; 6 is "
        "expired in both",
        "new",
        "old",
    )
    message_delivered_code: str = _choice(
        "ErrorCode of a delivered message; same is the code of QuerySendDetails", "same", "success"
    )
    message_to_form: str = _choice(
        "form of To in responses; masked is `6581xxx810`, masked_end `658112****`",
        "plain",
        "+",
        "00",
        "masked",
        "masked_end",
        "absent",
    )
    message_status_type: str = _choice("type of Status", "str", "int")
    message_date_form: str = _choice("form of SendDate and ReceiveDate in QueryMessage", "rfc2822", "plain", "zone")
    message_visible_after: float = _number("seconds from a send until DATA_NOT_EXIST stops", 0.0, 0, 86_400)
    message_retention_days: float = _number("days after which a message id is forgotten", 30, 0, 3_650)
    message_codes: str = _choice("ResponseCode of 2018-05-01 without or with the prefix isv. or isp.", "bare", "isv")

    # The gateway.
    skew_v3: float = _number("seconds by which x-acs-date may be wrong", 900, 1, MAX_SKEW_SECONDS)
    skew_v1: float = _number(
        "seconds by which Timestamp may be wrong (documented as both 900 and 1860)", 900, 1, MAX_SKEW_SECONDS
    )
    nonce_seconds: float = _number("seconds for which a nonce cannot be used again", 1_860, 0, MAX_SKEW_SECONDS)
    unknown_key_status: int = _choice("HTTP status of InvalidAccessKeyId.NotFound", 404, 400)
    bearer_token_code: str = _choice(
        "error for a request with a bearer token instead of a signature",
        "InvalidBearerToken",
        "InvalidSecurityToken.Malformed",
        "InvalidSignatureMethod",
    )
    security_token_status: int = _choice("HTTP status of InvalidSecurityToken.*", 400, 403)
    ram_denied: str = _choice(
        "error for a missing permission; gateway: Forbidden.RAM 403; business: isp.RAM_PERMISSION_DENY, see "
        "message_codes",
        "gateway",
        "business",
    )
    throttle_status: int = _choice("HTTP status of Throttling.User", 400, 429)
    retry_after_ms: float | None = _number(
        "header x-acs-retry-after of a throttled response; None: no such header", None, 0, 600_000
    )
    latency_ms: float = _number("milliseconds by which every response is delayed", 0.0, 0, 600_000)

    # Messages that are sent through the emulator.
    transition: str = _choice("when a sent message gets its outcome", "time", "tick", "at_once")
    receipt_seconds: float | None = _number(
        "seconds from a send to its receipt, if transition is time; None: 10 to 30, different for each message",
        None,
        0,
        1e7,
    )
    send_outcome: str = _choice("outcome of a sent message", "delivered", "failed", "waiting", "expired")
    send_error_code: str = field(
        default="MOBILE_NOT_ON_SERVICE",
        metadata={"description": "error code of a sent message that fails", "text": True},
    )

    # Statistics.
    statistics_empty_days: bool = _choice("whether QuerySendStatistics lists days without a send", False, True)
    statistics_lag_seconds: float = _number(
        "seconds by which QuerySendStatistics lags behind QuerySendDetails; negative: it is ahead",
        0,
        -7 * 86_400,
        7 * 86_400,
    )
    expired_in_statistics: str = _choice(
        "the count in which statistics include expired messages", "no_response", "failed", "absent"
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            problem = _problem(getattr(self, each.name), each.default, each.metadata)
            if problem:
                raise InputError(f"switch {each.name} {problem}")

    def with_changes(self, changes: dict[str, object]) -> Switches:
        """Return a copy with some switches set to other values.

        :param changes: switch name -> value
        :raises InputError: a switch is unknown, or does not take the value
        """
        unknown = sorted(set(changes) - {each.name for each in fields(self)})
        if unknown:
            known = ", ".join(each.name for each in fields(self))
            raise InputError(f"unknown: {', '.join(unknown)}; the switches are {known}")
        return replace(self, **changes)  # type: ignore[arg-type]  # checked in __post_init__

    def as_dict(self) -> dict[str, object]:
        """Return every switch and its value."""
        return asdict(self)

    @classmethod
    def documentation(cls) -> list[tuple[str, str, str]]:
        """Return the name, the values (default first) and the description of every switch."""
        return [
            (each.name, _values_text(each.default, each.metadata), each.metadata["description"]) for each in fields(cls)
        ]


def _problem(value: object, default: object, metadata: Any) -> str | None:
    """Return what is wrong with the value of a switch, or ``None``."""
    if "choices" in metadata:
        if not any(value == choice and type(value) is type(choice) for choice in metadata["choices"]):
            return f"must be one of {', '.join(map(str, metadata['choices']))}"
    elif "minimum" in metadata:
        if value is None and default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        if not metadata["minimum"] <= value <= metadata["maximum"]:
            return f"must be a number from {metadata['minimum']} to {metadata['maximum']}"
    elif not isinstance(value, str) or not value:
        return "must be a text that is not empty"
    return None


def _values_text(default: object, metadata: Any) -> str:
    if "choices" in metadata:
        return ", ".join(str(choice) for choice in metadata["choices"])
    return str(default)
