"""The actions that send: they check a request and store its messages, whose outcome the switches decide."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import ApiError, business_error, invalid_parameter
from airflow_provider_dysms.emulator.sms_rules import count_segments, extract_sign_name, normalize_number
from airflow_provider_dysms.emulator.state import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.emulator.service import Call

MAX_RECIPIENTS = 1_000
MAX_BATCH_RECIPIENTS = 100
MAX_OUT_ID_LENGTH = 255
#: The fractional parts of the multiples of this number are spread evenly between 0 and 1.
_GOLDEN_RATIO = 0.618033988749895
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}|\d{1,15}", re.ASCII)
_COUNTRIES = (
    ("86", "China", ""),
    ("852", "China", "HongKong"),
    ("65", "Singapore", ""),
    ("60", "Malaysia", ""),
    ("44", "United Kingdom", ""),
)
_OUTCOME_CODES = {"delivered": None, "waiting": None, "expired": "EXPIRED"}


def send_sms(call: Call) -> dict[str, object]:
    """Answer SendSms: one text to at most 1,000 numbers, with one BizId."""
    parameters = call.parameters
    numbers = parameters["PhoneNumbers"].split(",")
    if len(numbers) > MAX_RECIPIENTS:
        raise business_error("isv.MOBILE_COUNT_OVER_LIMIT", "Too many numbers.")
    text = _fill_template(call, parameters["SignName"], _json_parameter(parameters.get("TemplateParam"), dict))
    return _store_mainland_messages(call, [(_normalized_number(number), text) for number in numbers])


def send_batch_sms(call: Call) -> dict[str, object]:
    """Answer SendBatchSms: at most 100 numbers, each with its own signature and template parameters, with one BizId."""
    parameters = call.parameters
    numbers, signs = (
        _json_parameter(parameters["PhoneNumberJson"], list),
        _json_parameter(parameters["SignNameJson"], list),
    )
    values = _json_parameter(parameters.get("TemplateParamJson"), list) or [{}] * len(numbers)
    if len(numbers) > MAX_BATCH_RECIPIENTS:
        raise business_error("isv.MOBILE_COUNT_OVER_LIMIT", "Too many numbers.")
    if not numbers or not len(numbers) == len(signs) == len(values):
        raise business_error("isv.INVALID_PARAMETERS", "There must be as many signatures and parameters as numbers.")
    batch = zip(numbers, signs, values, strict=True)
    return _store_mainland_messages(
        call,
        [(_normalized_number(str(number)), _fill_template(call, str(sign), value)) for number, sign, value in batch],
    )


def send_message_to_globe(call: Call) -> dict[str, object]:
    """Answer SendMessageToGlobe: one text to one number outside the mainland."""
    parameters = call.parameters
    number = _international_number(parameters["To"])
    _check_sender(parameters)
    if parameters.get("Type") and parameters["Type"] not in ("OTP", "NOTIFY", "MKT"):
        raise invalid_parameter("Type")
    message = _build_globe_message(call, number, True, parameters["Message"])
    call.store(message)
    return _globe_payload(call, message)


def send_message_with_template(call: Call) -> dict[str, object]:
    """Answer SendMessageWithTemplate: a template to one mainland number, sent by an account of the international site.

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagewithtemplate
    """
    parameters = call.parameters
    number, international = _normalized_number(parameters["To"])
    if international:
        raise business_error("isv.NOT_SUPPORTED_COUNTRY", "Templates are for numbers of the mainland.")
    text = _fill_template(call, parameters["From"], _json_parameter(parameters.get("TemplateParam"), dict))
    message = _build_globe_message(call, number, False, text, template_code=parameters["TemplateCode"])
    call.store(message)
    return _globe_payload(call, message)


def batch_send_message_to_globe(call: Call) -> dict[str, object]:
    """Answer BatchSendMessageToGlobe: at most 1,000 numbers outside the mainland, each with its own text.

    A number that cannot receive a message is put into FailedList; the messages to all other numbers are sent.
    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-batchsendmessagetoglobe
    """
    parameters = call.parameters
    numbers, texts = _json_parameter(parameters["To"], list), _json_parameter(parameters["Message"], list)
    _check_sender(parameters)
    if parameters.get("Type") and parameters["Type"] not in ("NOTIFY", "MKT"):
        raise invalid_parameter("Type")
    if len(numbers) > MAX_RECIPIENTS:
        raise business_error("isv.MOBILE_COUNT_OVER_LIMIT", "Too many numbers.")
    if not numbers or len(numbers) != len(texts):
        raise business_error("isv.INVALID_PARAMETERS", "There must be as many texts as numbers.")
    messages, failed = [], []
    for number, text in zip(numbers, texts, strict=True):
        try:
            messages.append(_build_globe_message(call, _international_number(str(number)), True, str(text)))
        except ApiError:
            failed.append(str(number))
    call.store(*messages)
    return {
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": call.request_id,
        "From": parameters.get("From", ""),
        "MessageIdList": json.dumps([message.message_id for message in messages]),
        "FailedList": json.dumps(failed),
        "SuccessCount": str(len(messages)),
    }


def number_with_country_code(message: Message) -> str:
    """Return the recipient in the form of 2018-05-01, in which mainland numbers have their country code, too."""
    return message.phone_number if message.international else f"86{message.phone_number}"


def number_detail(number: str) -> dict[str, object]:
    """Return the field NumberDetail: the country of a number."""
    for prefix, country, region in _COUNTRIES:
        if number.startswith(prefix):
            return {"Carrier": "CMI", "Region": region, "Country": country}
    return {"Carrier": "", "Region": "", "Country": ""}


def _international_number(text: str) -> str:
    number, international = _normalized_number(text)
    if not international:
        raise business_error("isv.NOT_SUPPORTED_COUNTRY", "The mainland is not served by this action.")
    return number


def _check_sender(parameters: Mapping[str, str]) -> None:
    if parameters.get("From") and not _SENDER.fullmatch(parameters["From"]):
        raise business_error("isv.INVALID_SENDERID", "From is illegal.")


def _build_globe_message(call: Call, number: str, international: bool, text: str, **fields: Any) -> Message:
    message_id = f"{int(call.now):010d}{call.service.messages.next_serial():06d}"
    return _build_message(call, number, international, text, message_id=message_id, site="international", **fields)


def _globe_payload(call: Call, message: Message) -> dict[str, object]:
    number = number_with_country_code(message)
    return {
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": call.request_id,
        "MessageId": message.message_id,
        "To": number,
        "From": call.parameters.get("From", ""),
        "Segments": str(message.segments),
        "NumberDetail": number_detail(number),
    }


def _store_mainland_messages(call: Call, texts: list[tuple[tuple[str, bool], str]]) -> dict[str, object]:
    out_id = call.parameters.get("OutId") or None
    if out_id is not None and len(out_id) > MAX_OUT_ID_LENGTH:
        raise business_error("isv.PARAM_LENGTH_LIMIT", "OutId is too long.")
    biz_id = f"{int(call.now * 1000):013d}{call.service.messages.next_serial():05d}^0"
    call.store(
        *(
            _build_message(
                call,
                *number,
                text,
                out_id=out_id,
                biz_id=biz_id,
                template_code=call.parameters["TemplateCode"],
                site="mainland",
            )
            for number, text in texts
        )
    )
    return {"Message": "OK", "RequestId": call.request_id, "BizId": biz_id, "Code": "OK"}


def _build_message(call: Call, number: str, international: bool, content: str, **fields: Any) -> Message:
    switches = call.switches
    at_once = switches.transition == "at_once"
    receipt_at = call.now + (
        _default_receipt_delay(call) if switches.receipt_seconds is None else switches.receipt_seconds
    )
    settles_at = {"at_once": call.now, "time": receipt_at, "tick": float("inf")}[switches.transition]
    outcome = switches.send_outcome
    return Message(
        account=call.account,
        phone_number=number,
        international=international,
        sent_at=call.now,
        outcome=outcome,
        error_code=switches.send_error_code if outcome == "failed" else _OUTCOME_CODES[outcome],
        received_at=None if outcome == "waiting" else call.now if at_once else receipt_at,
        settles_at=settles_at,
        visible_at=None,
        content=content,
        sign_name=extract_sign_name(content),
        template_type=3 if international else 0,
        segments=count_segments(content, international=international),
        **fields,
    )


def _default_receipt_delay(call: Call) -> float:
    """Return the seconds from a send to its receipt: 10 to 30, spread evenly over the messages."""
    return 10 + call.service.messages.next_serial() * _GOLDEN_RATIO % 1 * 20


def _normalized_number(text: str) -> tuple[str, bool]:
    normalized = normalize_number(text)
    if normalized is None:
        raise business_error("isv.MOBILE_NUMBER_ILLEGAL", "A number is illegal.")
    return normalized


def _json_parameter(text: str | None, expected_type: type) -> Any:
    if not text:
        return expected_type()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, expected_type):
        raise business_error("isv.INVALID_JSON_PARAM", "A parameter is not JSON of the right type.")
    return value


def _fill_template(call: Call, sign: str, values: Any) -> str:
    """Return the text of a message: a registered template with its parameters, or a list of the parameters."""
    if not isinstance(values, dict):
        raise business_error("isv.INVALID_JSON_PARAM", "The parameters of a template are a JSON object.")
    template = call.service.templates.get(call.parameters["TemplateCode"])
    if template is None:
        return f"【{sign}】" + ", ".join(f"{name}: {value}" for name, value in values.items())
    missing_names = [name for name in _PLACEHOLDER.findall(template) if name not in values]
    if missing_names:
        raise _missing_values(missing_names)
    return f"【{sign}】" + _PLACEHOLDER.sub(lambda match: str(values[match[1]]), template)


def _missing_values(names: list[str]) -> ApiError:
    return business_error("isv.TEMPLATE_MISSING_PARAMETERS", f"The template also needs {', '.join(names)}.")
