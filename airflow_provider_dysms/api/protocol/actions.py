"""Builds the request of every API action from Python arguments, under the vendor's names. Nothing is sent here."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from airflow_provider_dysms.api.protocol import parameters
from airflow_provider_dysms.model import ids, validation
from airflow_provider_dysms.model.choices import TEMPLATE_TYPES, MessageType
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

#: The API version of the China site's accounts, which send to the mainland and to other countries.
API_VERSION_CHINA = "2017-05-25"

#: The API version of the international site's accounts.
API_VERSION_GLOBE = "2018-05-01"

API_VERSIONS = (API_VERSION_CHINA, API_VERSION_GLOBE)

MESSAGE_TYPES = get_args(MessageType)


class Call(PrivateStruct, frozen=True):
    """One request before it is signed. Its parameters are personal data, so its repr does not show them.

    :param action: name of the API action
    :param version: API version, which decides the endpoint
    :param query: parameters of the query string, not yet encoded
    :param form: parameters of the body; ``None`` for a request without a body
    """

    action: str
    version: str
    query: Mapping[str, str]
    form: Mapping[str, str] | None = None

    _repr_fields = ("action", "version")


def query_send_details(phone_number: str, day: date, biz_id: str | None = None, *, page: int, page_size: int) -> Call:
    """Build the request for one page of the messages sent to a number on a day.

    :param phone_number: 11 digits (mainland), or country code and number, digits only
    :param day: a Beijing day
    :param biz_id: only the messages of one send request; default: all
    :param page: from 1
    :param page_size: 1 to 50
    :raises DysmsInputError: an argument is wrong; the error names it

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
    return Call("QuerySendDetails", API_VERSION_CHINA, query)


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
    """Build the request for one page of daily counts.

    :param first: the first Beijing day
    :param last: the last Beijing day
    :param is_globe: count messages to other countries instead of those to the mainland
    :param template_type: a value of :data:`.choices.TEMPLATE_TYPES`; default: all
    :param sign_name: count only messages with one signature; default: all
    :param page: from 1
    :param page_size: 1 to 50
    :raises DysmsInputError: an argument is wrong; the error names it

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
        raise DysmsInputError("last_date", f"is {last}, which is before first_date, {first}; exchange them")
    if template_type is not None:
        query["TemplateType"] = validation.one_of("template_type", template_type, tuple(TEMPLATE_TYPES.values()))
    if sign_name is not None:
        query["SignName"] = parameters.sign_name("sign_name", sign_name)
    return Call("QuerySendStatistics", API_VERSION_CHINA, query)


def query_message(message_id: str) -> Call:
    """Build the request for the report of one international message.

    :param message_id: the id that SendMessageToGlobe returned
    :raises DysmsInputError: an argument is wrong; the error names it

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-querymessage.
    """
    return Call("QueryMessage", API_VERSION_GLOBE, {"MessageId": ids.vendor_id("message_id", message_id)})


def send_sms(
    phone_numbers: Sequence[str],
    sign_name: str,
    template_code: str,
    template_param: Mapping[str, object] | str | None = None,
    out_id: str | None = None,
) -> Call:
    """Build the request that sends one text to up to 1,000 numbers.

    :param phone_numbers: 1 to 1,000 phone numbers
    :param sign_name: the registered signature, without brackets
    :param template_code: such as ``SMS_12231000``
    :param template_param: the variables of the template, a mapping or a JSON object as text; default: none
    :param out_id: an id of the caller's own, at most 255 characters; default: none
    :raises DysmsInputError: an argument is wrong; the error names it

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
    return Call("SendSms", API_VERSION_CHINA, query)


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
    """Build the request that sends one message to a number outside the mainland.

    :param to: country code and number
    :param message: the text
    :param sender_id: the sender that the phone shows: up to 11 letters and digits, or up to 15 digits; this and each
        default below: the account's
    :param message_type: ``OTP``, ``NOTIFY`` or ``MKT``
    :param task_id: an id of the caller's own, at most 255 characters; default: none
    :param validity_period: seconds for which the carrier may try to deliver the message
    :param channel_id: a channel that the vendor has assigned; default: none
    :raises DysmsInputError: an argument is wrong; the error names it

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
    return Call("SendMessageToGlobe", API_VERSION_GLOBE, query)
