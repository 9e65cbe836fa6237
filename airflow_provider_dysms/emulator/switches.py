"""Every behaviour of the service that its documents leave open, and every drift seen on the wire, as one frozen record.

The defaults are what is documented or was seen last; a client that is right under every setting is right.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from airflow_provider_dysms.emulator.errors import InputError


def _one_of(why: str, default: Any, *others: Any) -> Any:
    return field(default=default, metadata={"why": why, "choices": (default, *others)})


def _number(why: str, default: float | None, low: float, high: float) -> Any:
    return field(default=default, metadata={"why": why, "low": low, "high": high})


#: 90 days, so that a test may move the emulator's clock over a whole window and its client still be let in (s).
MAX_SKEW = 90 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What may differ between the documents, the years and the service itself."""

    # Accounts.
    sites: str = _one_of(
        "separate: an account serves the mainland site (2017-05-25) or the international one (2018-05-01), not both",
        "separate",
        "joined",
    )
    wrong_site: str = _one_of(
        "a request to the other site: PRODUCT_UN_SUBSCRIPT (2018-05-01: PRODUCT_NOT_SUBSCRIBED), nothing found "
        "(sends are refused all the same), or InvalidAccessKeyId.NotFound",
        "not_subscribed",
        "empty",
        "unknown_key",
    )

    # The window and the pages of QuerySendDetails.
    day_minus_30: bool = _one_of("is the 30th day back still remembered", True, False)
    out_of_window: str = _one_of("a day that is not remembered; error is isv.QUERY_DATE_ILLEGAL", "empty", "error")
    past_the_end: str = _one_of(
        "a page after the last; error is isv.SPLIT_PAGE_ILLEGAL, zero has TotalCount 0, last_page has the last rows",
        "empty",
        "error",
        "zero",
        "last_page",
    )
    bad_page: str = _one_of(
        "PageSize 0 or 51, CurrentPage 0; gateway is InvalidParameter, clamped takes the nearest that is allowed",
        "isv.INVALID_PARAMETERS",
        "isv.SPLIT_PAGE_ILLEGAL",
        "gateway",
        "clamped",
    )
    largest_page: int = _one_of("rows that a page has at most, however large a PageSize is asked for", 50, 20, 10)
    order: str = _one_of("order of the rows", "newest_first", "oldest_first")
    detail_visible_after: float = _number("seconds until QuerySendDetails knows a send", 0.0, 0, 86_400)

    # The form of what it answers.
    waiting_fields: str = _one_of(
        "code and ReceiveDate of a waiting message; code_only and date_only are one of them, empty; "
        "request_success is the code REQUEST_SUCCESS without a date",
        "absent",
        "null",
        "empty",
        "code_only",
        "date_only",
        "request_success",
    )
    settled_fields: str = _one_of(
        "code and ReceiveDate of a message with an outcome: both, or one of them is absent", "both", "code", "date"
    )
    total_count: str = _one_of("type of TotalCount, and of the counts of the statistics", "number", "string")
    delivered_code: str = _one_of("ErrCode of a delivery", "DELIVERED", "DELIVRD")
    records: str = _one_of(
        "where records belong, in statistics too: object instead of a list of one; text, missing, null instead of an "
        "empty list; bare is a list without the inner name",
        "list",
        "object",
        "text",
        "missing",
        "null",
        "bare",
    )
    phone_form: str = _one_of(
        "PhoneNum in answers; masked_end is `1390000****`", "plain", "86", "+86", "0086", "masked", "masked_end"
    )
    date_form: str = _one_of("SendDate and ReceiveDate of QuerySendDetails", "plain", "zone")
    zone_hours: float = _number("hours by which the clock that dates answers is ahead of UTC", 8, -12, 14)
    send_date_shift_days: float = _number("days by which SendDate in answers is off", 0, -2, 2)
    default_format: str = _one_of("answer to an HMAC-SHA1 request without Format", "XML", "JSON")

    # Numbers.
    query_number: str = _one_of(
        "PhoneNumber with +, 00 or 86 in front of a mainland number: strict refuses, literal finds nothing under such "
        "digits (+ is refused), lenient understands",
        "strict",
        "literal",
        "lenient",
    )
    plus_one: str = _one_of(
        "what eleven digits are that +1 and a mainland mobile share; error is isv.MOBILE_NUMBER_ILLEGAL",
        "both",
        "mainland",
        "international",
        "error",
    )

    # QueryMessage.
    message_status: str = _one_of(
        "new: 1 delivered, 2 failed, 3 pending; old: 1 submitted, 2 failed, 3 delivered; 6 expired in both",
        "new",
        "old",
    )
    message_delivered_code: str = _one_of(
        "ErrorCode of a delivery; same is that of QuerySendDetails", "same", "success"
    )
    message_to_form: str = _one_of(
        "To in answers; masked is `6581xxx810`, masked_end `658112****`",
        "plain",
        "+",
        "00",
        "masked",
        "masked_end",
        "absent",
    )
    message_status_type: str = _one_of("type of Status", "str", "int")
    message_date_form: str = _one_of("SendDate and ReceiveDate of QueryMessage", "rfc2822", "plain", "zone")
    message_visible_after: float = _number("seconds until DATA_NOT_EXIST stops after a send", 0.0, 0, 86_400)
    message_retention_days: float = _number("days until a message id is forgotten", 30, 0, 3_650)
    message_codes: str = _one_of("ResponseCode of 2018-05-01 with or without isv. and isp. in front", "bare", "isv")

    # The gateway.
    skew_v3: float = _number("seconds that x-acs-date may be off", 900, 1, MAX_SKEW)
    skew_v1: float = _number("seconds that Timestamp may be off (documents: 900 and 1860)", 900, 1, MAX_SKEW)
    nonce_seconds: float = _number("seconds in which a nonce must not come again", 1_860, 0, MAX_SKEW)
    unknown_key_status: int = _one_of("HTTP status of InvalidAccessKeyId.NotFound", 404, 400)
    bearer_token_code: str = _one_of(
        "error of a request with a bearer token instead of a signature",
        "InvalidBearerToken",
        "InvalidSecurityToken.Malformed",
        "InvalidSignatureMethod",
    )
    security_token_status: int = _one_of("HTTP status of InvalidSecurityToken.*", 400, 403)
    ram_denied: str = _one_of(
        "gateway: Forbidden.RAM 403; business: isp.RAM_PERMISSION_DENY, see message_codes", "gateway", "business"
    )
    throttle_status: int = _one_of("HTTP status of Throttling.User", 400, 429)
    retry_after_ms: float | None = _number("x-acs-retry-after of a throttled answer, none by default", None, 0, 600_000)
    latency_ms: float = _number("milliseconds until an answer leaves", 0.0, 0, 600_000)

    # Messages that are sent here.
    transition: str = _one_of("when a sent message gets its outcome", "time", "tick", "at_once")
    receipt_seconds: float | None = _number(
        "seconds from a send to its receipt, with transition time; by default 10 to 30, each message its own",
        None,
        0,
        1e7,
    )
    send_outcome: str = _one_of("what becomes of a sent message", "delivered", "failed", "waiting", "expired")
    send_error_code: str = field(
        default="MOBILE_NOT_ON_SERVICE", metadata={"why": "code of a sent message that fails", "text": True}
    )

    # Statistics.
    statistics_empty_days: bool = _one_of("does QuerySendStatistics list days without a send", False, True)
    statistics_lag_seconds: float = _number(
        "seconds by which QuerySendStatistics lags behind what QuerySendDetails shows; below 0 it leads",
        0,
        -7 * 86_400,
        7 * 86_400,
    )
    expired_in_statistics: str = _one_of(
        "where statistics count messages that expired", "no_response", "failed", "absent"
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            problem = _problem(getattr(self, each.name), each.default, each.metadata)
            if problem:
                raise InputError(f"switch {each.name} {problem}")

    def changed(self, changes: dict[str, object]) -> Switches:
        """Return the switches with some of them set.

        :raises InputError: there is no such switch, or it does not take the value
        """
        unknown = sorted(set(changes) - {each.name for each in fields(self)})
        if unknown:
            known = ", ".join(each.name for each in fields(self))
            raise InputError(f"there is no switch {', '.join(unknown)}; there are {known}")
        return replace(self, **changes)  # type: ignore[arg-type]  # checked in __post_init__

    def as_dict(self) -> dict[str, object]:
        """Return every switch and its value."""
        return asdict(self)

    @classmethod
    def documentation(cls) -> list[tuple[str, str, str]]:
        """Return (name, values with the default first, why) of every switch."""
        return [(each.name, _values(each.default, each.metadata), each.metadata["why"]) for each in fields(cls)]


def _problem(value: object, default: object, metadata: Any) -> str | None:
    if "choices" in metadata:
        if not any(value == choice and type(value) is type(choice) for choice in metadata["choices"]):
            return f"must be one of {', '.join(map(str, metadata['choices']))}"
    elif "low" in metadata:
        if value is None and default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number"
        if not metadata["low"] <= value <= metadata["high"]:
            return f"must lie between {metadata['low']} and {metadata['high']}"
    elif not isinstance(value, str) or not value:
        return "must be a text"
    return None


def _values(default: object, metadata: Any) -> str:
    if "choices" in metadata:
        return ", ".join(str(choice) for choice in metadata["choices"])
    return str(default)
