"""Every API action side by side: arguments in, parameters out; answers in, records out. Nothing is sent here.

The vendor's own names live here, and only here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from airflow_provider_dysms.api.protocol import parameters, responses
from airflow_provider_dysms.api.protocol.responses import decode as decode
from airflow_provider_dysms.model import ids, validation
from airflow_provider_dysms.model.choices import TEMPLATE_TYPES as TEMPLATE_TYPES
from airflow_provider_dysms.model.choices import MessageType
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.model.records import MessageReport, MessageSent, Page, SendDetail, SendStatistics, SmsSent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

#: Accounts of the China site: the mainland, and abroad too.
CHINA = "2017-05-25"

#: Accounts of the international site.
INTERNATIONAL = "2018-05-01"

MESSAGE_TYPES = get_args(MessageType)

_SEND_DETAIL = frozenset(
    {"PhoneNum", "SendStatus", "ErrCode", "TemplateCode", "OutId", "Content", "SendDate", "ReceiveDate"}
)
_STATISTICS = frozenset({"SendDate", "TotalCount", "RespondedSuccessCount", "RespondedFailCount", "NoRespondedCount"})
_ENVELOPE = frozenset({"ResponseCode", "ResponseDescription", "RequestId"})
_REPORT = _ENVELOPE | frozenset(
    {"MessageId", "Status", "ErrorCode", "ErrorDescription", "To", "Message", "SendDate", "ReceiveDate", "NumberDetail"}
)
_NUMBER_DETAIL = frozenset({"Country", "Region", "Carrier"})


class Call(PrivateStruct, frozen=True):
    """One request, before it is signed. Its parameters are personal data, so no repr shows them.

    :param action: name of the API action
    :param version: API version, which decides the site
    :param query: parameters of the query string, not encoded
    :param form: parameters of the body; ``None`` for no body
    """

    action: str
    version: str
    query: Mapping[str, str]
    form: Mapping[str, str] | None = None

    _repr_fields = ("action", "version")


def query_send_details(phone_number: str, day: date, biz_id: str | None = None, *, page: int, page_size: int) -> Call:
    """Ask for a page of the messages that a number was sent on a day.

    :param phone_number: 11 digits (mainland), or country code and number, digits only
    :param day: a Beijing day
    :param biz_id: only the messages of one request
    :param page: from 1
    :param page_size: 1 to 50
    :raises DysmsInputError: naming the argument

    Follows https://help.aliyun.com/document_detail/419277.html.
    """
    query = {
        "PhoneNumber": parameters.number("phone_number", phone_number),
        "SendDate": parameters.wire_date("send_date", day),
        "PageSize": parameters.page_size("page_size", page_size),
        "CurrentPage": parameters.page_number("page", page),
    }
    if biz_id is not None:
        query["BizId"] = ids.vendor_id("biz_id", biz_id)
    return Call("QuerySendDetails", CHINA, query)


def parse_send_details(answer: Mapping[str, object]) -> Page[SendDetail]:
    """Read a page of QuerySendDetails, as the service has written it since 2017.

    :raises DysmsUnreadable: a field is not what it can be
    """
    rows = responses.records(answer.get("SmsSendDetailDTOs"), "SmsSendDetailDTO")
    return Page(tuple([_send_detail(row) for row in rows]), responses.count(answer, "TotalCount"))


def query_send_statistics(
    first: date,
    last: date,
    *,
    is_globe: bool,
    template_type: int | None = None,
    sign_name: str | None = None,
    page: int,
    page_size: int,
) -> Call:
    """Ask for a page of daily counts.

    :param first: the first Beijing day
    :param last: the last Beijing day
    :param is_globe: messages abroad, instead of the mainland
    :param template_type: a number of :data:`TEMPLATE_TYPES`; default all
    :param sign_name: only messages of one signature; default all
    :param page: from 1
    :param page_size: 1 to 50
    :raises DysmsInputError: naming the argument

    Follows https://help.aliyun.com/document_detail/397330.html.
    """
    query = {
        "IsGlobe": "2" if is_globe else "1",
        "StartDate": parameters.wire_date("first_date", first),
        "EndDate": parameters.wire_date("last_date", last),
        "PageIndex": parameters.page_number("page", page),
        "PageSize": parameters.page_size("page_size", page_size),
    }
    if first > last:
        raise DysmsInputError("last_date", f"{last} lies before first_date, {first}; exchange them")
    if template_type is not None:
        query["TemplateType"] = validation.one_of("template_type", template_type, tuple(TEMPLATE_TYPES.values()))
    if sign_name is not None:
        query["SignName"] = parameters.sign_name("sign_name", sign_name)
    return Call("QuerySendStatistics", CHINA, query)


def parse_send_statistics(answer: Mapping[str, object]) -> Page[SendStatistics]:
    """Read a page of QuerySendStatistics.

    :raises DysmsUnreadable: a field is not what it can be
    """
    data = answer.get("Data")
    if not isinstance(data, dict):
        raise responses.unreadable("Data", "is missing")
    data, _ = responses.known(data, frozenset({"TotalSize", "TargetList"}))
    rows = responses.records(data.get("TargetList"), "TargetList")
    return Page(tuple([_statistics(row) for row in rows]), responses.count(data, "TotalSize"))


def query_message(message_id: str) -> Call:
    """Ask for the report of one international message.

    :param message_id: as SendMessageToGlobe returned it
    :raises DysmsInputError: naming the argument

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage.
    """
    return Call("QueryMessage", INTERNATIONAL, {"MessageId": ids.vendor_id("message_id", message_id)})


def parse_message(answer: Mapping[str, object]) -> MessageReport:
    """Read an answer of QueryMessage.

    :raises DysmsUnreadable: a field is not what it can be
    """
    fields, extra = responses.known(answer, _REPORT)
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


def send_sms(
    phone_numbers: Sequence[str],
    sign_name: str,
    template_code: str,
    template_param: Mapping[str, object] | str | None = None,
    out_id: str | None = None,
) -> Call:
    """Send one text to up to 1,000 numbers.

    :param phone_numbers: 1 to 1,000 of them
    :param sign_name: the registered signature, without brackets
    :param template_code: such as ``SMS_12231000``
    :param template_param: the template's variables, a mapping or a JSON object as text; default none
    :param out_id: an id of the sender's own, below 256 characters; default none
    :raises DysmsInputError: naming the argument

    Follows https://help.aliyun.com/document_detail/419273.html.
    """
    query = {
        "PhoneNumbers": parameters.recipients("phone_numbers", phone_numbers),
        "SignName": parameters.sign_name("sign_name", sign_name),
        "TemplateCode": validation.text("template_code", template_code, 255),
    }
    if template_param is not None:
        query["TemplateParam"] = parameters.template_param("template_param", template_param)
    if out_id is not None:
        query["OutId"] = validation.text("out_id", out_id, 255)
    return Call("SendSms", CHINA, query)


def parse_sms_sent(answer: Mapping[str, object]) -> SmsSent:
    """Read an answer of SendSms.

    :raises DysmsUnreadable: there is no BizId; the messages may have been accepted all the same
    """
    return SmsSent(biz_id=responses.required(answer, "BizId"), request_id=_optional(answer, "RequestId"))


def send_message_to_globe(
    to: str,
    message: str,
    *,
    sender_id: str | None = None,
    message_type: str | None = None,
    task_id: str | None = None,
    validity_period: int | None = None,
    channel_id: str | None = None,
) -> Call:
    """Send one message to a number outside the mainland.

    :param to: country code and number
    :param message: the text
    :param sender_id: shown as the sender: up to 11 letters and digits, or up to 15 digits; default the account's
    :param message_type: ``OTP``, ``NOTIFY`` or ``MKT``; default the account's
    :param task_id: an id of the sender's own, up to 255 characters; default none
    :param validity_period: seconds for which the carrier may try; default the account's
    :param channel_id: a channel that the vendor has assigned; default none
    :raises DysmsInputError: naming the argument

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagetoglobe.
    """
    query = {"To": parameters.recipient("to", to), "Message": validation.text("message", message)}
    if sender_id is not None:
        query["From"] = parameters.sender("sender_id", sender_id)
    if message_type is not None:
        query["Type"] = validation.one_of("message_type", message_type, MESSAGE_TYPES)
    if task_id is not None:
        query["TaskId"] = validation.text("task_id", task_id, 255)
    if validity_period is not None:
        query["ValidityPeriod"] = validation.whole_number("validity_period", validity_period, "seconds", 1, 2**31)
    if channel_id is not None:
        query["ChannelId"] = validation.text("channel_id", channel_id, 255)
    return Call("SendMessageToGlobe", INTERNATIONAL, query)


def parse_message_sent(answer: Mapping[str, object]) -> MessageSent:
    """Read an answer of SendMessageToGlobe.

    :raises DysmsUnreadable: there is no MessageId; the message may have been accepted all the same
    """
    segments = _optional(answer, "Segments")
    return MessageSent(
        message_id=responses.required(answer, "MessageId"),
        segments=int(segments) if segments and segments.isascii() and segments.isdigit() else None,
        request_id=_optional(answer, "RequestId"),
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
    """Return what is known of a number and the rest of it; the documents once called all of it a string."""
    if isinstance(value, str) and value.strip():
        value = decode(value.encode()) or {"Text": value}
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}, {}
    if not isinstance(value, dict):
        raise responses.unreadable("NumberDetail", "is neither text nor names and values")
    detail, unknown = responses.known(value, _NUMBER_DETAIL)
    return detail, {"NumberDetail": unknown} if unknown else {}


def _optional(answer: Mapping[str, object], name: str) -> str | None:
    """An answer to a send is never refused for a field that only describes it: the message is on its way."""
    value = answer.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
