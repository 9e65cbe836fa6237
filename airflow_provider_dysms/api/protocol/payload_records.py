"""Parses the decoded payload of every API action into records, in each form in which the service has written it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.api.protocol import responses
from airflow_provider_dysms.model.records import MessageReport, MessageSent, Page, SendDetail, SendStatistics, SmsSent

if TYPE_CHECKING:
    from collections.abc import Mapping

# The fields of each record, under the vendor's names.
_SEND_DETAIL = frozenset(
    {"PhoneNum", "SendStatus", "ErrCode", "TemplateCode", "OutId", "Content", "SendDate", "ReceiveDate"}
)
_STATISTICS = frozenset({"SendDate", "TotalCount", "RespondedSuccessCount", "RespondedFailCount", "NoRespondedCount"})
_ENVELOPE = frozenset({"ResponseCode", "ResponseDescription", "RequestId"})
_REPORT = _ENVELOPE | frozenset(
    {"MessageId", "Status", "ErrorCode", "ErrorDescription", "To", "Message", "SendDate", "ReceiveDate", "NumberDetail"}
)
_NUMBER_DETAIL = frozenset({"Country", "Region", "Carrier"})


def parse_send_details(payload: Mapping[str, object]) -> Page[SendDetail]:
    """Parse a page of QuerySendDetails, in every form since 2017.

    :raises DysmsUnreadable: a field is missing or has an invalid value
    """
    rows = responses.records(payload.get("SmsSendDetailDTOs"), "SmsSendDetailDTO")
    return Page(tuple([_send_detail(row) for row in rows]), responses.count(payload, "TotalCount"))


def parse_send_statistics(payload: Mapping[str, object]) -> Page[SendStatistics]:
    """Parse a page of QuerySendStatistics.

    :raises DysmsUnreadable: a field is missing or has an invalid value
    """
    data = payload.get("Data")
    if not isinstance(data, dict):
        raise responses.unreadable("Data", "is missing")
    data, _ = responses.known(data, frozenset({"TotalSize", "TargetList"}))
    rows = responses.records(data.get("TargetList"), "TargetList")
    return Page(tuple([_statistics(row) for row in rows]), responses.count(data, "TotalSize"))


def parse_message(payload: Mapping[str, object]) -> MessageReport:
    """Parse a response of QueryMessage.

    :raises DysmsUnreadable: a field is missing or has an invalid value
    """
    fields, extra = responses.known(payload, _REPORT)
    detail, unknown = _number_detail(fields.get("NumberDetail"))
    return MessageReport(
        message_id=responses.required(fields, "MessageId"),
        status=responses.token(fields, "Status"),
        error_code=responses.token(fields, "ErrorCode"),
        error_description=responses.text(fields, "ErrorDescription"),
        phone_number=responses.token(fields, "To"),
        content=responses.text(fields, "Message"),
        sent_at=responses.instant(fields, "SendDate"),
        received_at=responses.instant(fields, "ReceiveDate"),
        country=responses.token(detail, "Country"),
        region=responses.token(detail, "Region"),
        carrier=responses.token(detail, "Carrier"),
        extra=extra | unknown,
    )


def parse_sms_sent(payload: Mapping[str, object]) -> SmsSent:
    """Parse a response of SendSms.

    :raises DysmsUnreadable: the BizId is missing; the service may have accepted the messages
    """
    return SmsSent(biz_id=responses.required(payload, "BizId"), request_id=_optional(payload, "RequestId"))


def parse_message_sent(payload: Mapping[str, object]) -> MessageSent:
    """Parse a response of SendMessageToGlobe.

    :raises DysmsUnreadable: the MessageId is missing; the service may have accepted the message
    """
    segments = _optional(payload, "Segments")
    return MessageSent(
        message_id=responses.required(payload, "MessageId"),
        segments=int(segments) if segments and segments.isascii() and segments.isdigit() else None,
        request_id=_optional(payload, "RequestId"),
    )


def _send_detail(row: Mapping[str, object]) -> SendDetail:
    fields, extra = responses.known(row, _SEND_DETAIL)
    return SendDetail(
        phone_number=responses.required(fields, "PhoneNum"),
        send_status=responses.integer(fields, "SendStatus"),
        error_code=responses.token(fields, "ErrCode"),
        template_code=responses.token(fields, "TemplateCode"),
        out_id=responses.text(fields, "OutId"),
        content=responses.text(fields, "Content"),
        sent_at=responses.instant(fields, "SendDate"),
        received_at=responses.instant(fields, "ReceiveDate"),
        extra=extra,
    )


def _statistics(row: Mapping[str, object]) -> SendStatistics:
    fields, _ = responses.known(row, _STATISTICS)
    return SendStatistics(
        send_date=responses.day(fields, "SendDate"),
        total=responses.count(fields, "TotalCount"),
        delivered=responses.count(fields, "RespondedSuccessCount"),
        failed=responses.count(fields, "RespondedFailCount"),
        waiting=responses.count(fields, "NoRespondedCount"),
    )


def _number_detail(value: object) -> tuple[Mapping[str, object], dict[str, object]]:
    """Return the known details of a number and all others; earlier documents called the field a string."""
    if isinstance(value, str) and value.strip():
        value = responses.decode(value.encode()) or {"Text": value}
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}, {}
    if not isinstance(value, dict):
        raise responses.unreadable("NumberDetail", "is neither text nor names and values")
    detail, unknown = responses.known(value, _NUMBER_DETAIL)
    return detail, {"NumberDetail": unknown} if unknown else {}


def _optional(payload: Mapping[str, object], name: str) -> str | None:
    """Return an optional field, ``None`` if unreadable: an error would hide that the send was accepted."""
    value = payload.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
