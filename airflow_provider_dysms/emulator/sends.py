"""The sends: what is accepted becomes messages, which get their outcome as the switches say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import Refusal, business, invalid
from airflow_provider_dysms.emulator.state import Message
from airflow_provider_dysms.emulator.texts import normalise, segments, sign_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.emulator.service import Call

MAX_NUMBERS = 1_000
MAX_BATCH = 100
MAX_OUT_ID = 255
#: Multiples of it, without their whole part, lie evenly between 0 and 1, wherever one begins.
_GOLDEN = 0.618033988749895
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}|\d{1,15}", re.ASCII)
_COUNTRIES = (
    ("86", "China", ""),
    ("852", "China", "HongKong"),
    ("65", "Singapore", ""),
    ("60", "Malaysia", ""),
    ("44", "United Kingdom", ""),
)
_SUFFIXES = {"delivered": None, "waiting": None, "expired": "EXPIRED"}


def send_sms(call: Call) -> dict[str, object]:
    """Answer SendSms: one text to up to 1,000 numbers, under one BizId."""
    given = call.parameters
    numbers = given["PhoneNumbers"].split(",")
    if len(numbers) > MAX_NUMBERS:
        raise business("isv.MOBILE_COUNT_OVER_LIMIT", "Too many numbers.")
    text = _fill(call, given["SignName"], _json(given.get("TemplateParam"), dict))
    return _accept(call, [(_number(number), text) for number in numbers])


def send_batch_sms(call: Call) -> dict[str, object]:
    """Answer SendBatchSms: up to 100 numbers, each with a signature and parameters of its own, under one BizId."""
    given = call.parameters
    numbers, signs = _json(given["PhoneNumberJson"], list), _json(given["SignNameJson"], list)
    values = _json(given.get("TemplateParamJson"), list) or [{}] * len(numbers)
    if len(numbers) > MAX_BATCH:
        raise business("isv.MOBILE_COUNT_OVER_LIMIT", "Too many numbers.")
    if not numbers or not len(numbers) == len(signs) == len(values):
        raise business("isv.INVALID_PARAMETERS", "There must be as many signatures and parameters as numbers.")
    batch = zip(numbers, signs, values, strict=True)
    return _accept(call, [(_number(str(number)), _fill(call, str(sign), value)) for number, sign, value in batch])


def send_message_to_globe(call: Call) -> dict[str, object]:
    """Answer SendMessageToGlobe: one text to one number outside of the mainland."""
    given = call.parameters
    number = _number_abroad(given["To"])
    _check_sender(given)
    if given.get("Type") and given["Type"] not in ("OTP", "NOTIFY", "MKT"):
        raise invalid("Type")
    message = _globe_message(call, number, True, given["Message"])
    call.accept(message)
    return _globe_answer(call, message)


def send_message_with_template(call: Call) -> dict[str, object]:
    """Answer SendMessageWithTemplate: a template to one number of the mainland, from an account of the other site.

    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-sendmessagewithtemplate
    """
    given = call.parameters
    number, international = _number(given["To"])
    if international:
        raise business("isv.NOT_SUPPORTED_COUNTRY", "Templates are for numbers of the mainland.")
    text = _fill(call, given["From"], _json(given.get("TemplateParam"), dict))
    message = _globe_message(call, number, False, text, template_code=given["TemplateCode"])
    call.accept(message)
    return _globe_answer(call, message)


def batch_send_message_to_globe(call: Call) -> dict[str, object]:
    """Answer BatchSendMessageToGlobe: up to 1,000 numbers outside of the mainland, each with a text of its own.

    A number that cannot be sent to fails alone: it is in FailedList, and the others are sent.
    Follows https://www.alibabacloud.com/help/en/sms/developer-reference/api-dysmsapi-2018-05-01-batchsendmessagetoglobe
    """
    given = call.parameters
    numbers, texts = _json(given["To"], list), _json(given["Message"], list)
    _check_sender(given)
    if given.get("Type") and given["Type"] not in ("NOTIFY", "MKT"):
        raise invalid("Type")
    if len(numbers) > MAX_NUMBERS:
        raise business("isv.MOBILE_COUNT_OVER_LIMIT", "Too many numbers.")
    if not numbers or len(numbers) != len(texts):
        raise business("isv.INVALID_PARAMETERS", "There must be as many texts as numbers.")
    messages, failed = [], []
    for number, text in zip(numbers, texts, strict=True):
        try:
            messages.append(_globe_message(call, _number_abroad(str(number)), True, str(text)))
        except Refusal:
            failed.append(str(number))
    call.accept(*messages)
    return {
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": call.request_id,
        "From": given.get("From", ""),
        "MessageIdList": json.dumps([message.message_id for message in messages]),
        "FailedList": json.dumps(failed),
        "SuccessCount": str(len(messages)),
    }


def with_dialing_code(message: Message) -> str:
    """Return the number as 2018-05-01 writes it: the mainland has its code, too."""
    return message.phone_number if message.international else f"86{message.phone_number}"


def number_detail(number: str) -> dict[str, object]:
    """Return what the service says of a number's country."""
    for prefix, country, region in _COUNTRIES:
        if number.startswith(prefix):
            return {"Carrier": "CMI", "Region": region, "Country": country}
    return {"Carrier": "", "Region": "", "Country": ""}


def _number_abroad(text: str) -> str:
    number, international = _number(text)
    if not international:
        raise business("isv.NOT_SUPPORTED_COUNTRY", "The mainland is not served by this action.")
    return number


def _check_sender(given: Mapping[str, str]) -> None:
    if given.get("From") and not _SENDER.fullmatch(given["From"]):
        raise business("isv.INVALID_SENDERID", "From is illegal.")


def _globe_message(call: Call, number: str, international: bool, text: str, **fields: Any) -> Message:
    message_id = f"{int(call.now):010d}{call.service.messages.serial():06d}"
    return _message(call, number, international, text, message_id=message_id, site="international", **fields)


def _globe_answer(call: Call, message: Message) -> dict[str, object]:
    number = with_dialing_code(message)
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


def _accept(call: Call, texts: list[tuple[tuple[str, bool], str]]) -> dict[str, object]:
    out_id = call.parameters.get("OutId") or None
    if out_id is not None and len(out_id) > MAX_OUT_ID:
        raise business("isv.PARAM_LENGTH_LIMIT", "OutId is too long.")
    biz_id = f"{int(call.now * 1000):013d}{call.service.messages.serial():05d}^0"
    call.accept(
        *(
            _message(
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


def _message(call: Call, number: str, international: bool, content: str, **fields: Any) -> Message:
    switches = call.switches
    at_once = switches.transition == "at_once"
    by_time = call.now + (_usual_delay(call) if switches.receipt_seconds is None else switches.receipt_seconds)
    settles_at = {"at_once": call.now, "time": by_time, "tick": float("inf")}[switches.transition]
    outcome = switches.send_outcome
    return Message(
        account=call.account,
        phone_number=number,
        international=international,
        sent_at=call.now,
        outcome=outcome,
        error_code=switches.send_error_code if outcome == "failed" else _SUFFIXES[outcome],
        received_at=None if outcome == "waiting" else call.now if at_once else by_time,
        settles_at=settles_at,
        visible_at=None,
        content=content,
        sign_name=sign_name(content),
        template_type=3 if international else 0,
        segments=segments(content, international=international),
        **fields,
    )


def _usual_delay(call: Call) -> float:
    """Return the seconds until a receipt when nothing is set: 10 to 30, spread evenly over the messages."""
    return 10 + call.service.messages.serial() * _GOLDEN % 1 * 20


def _number(text: str) -> tuple[str, bool]:
    found = normalise(text)
    if found is None:
        raise business("isv.MOBILE_NUMBER_ILLEGAL", "A number is illegal.")
    return found


def _json(text: str | None, shape: type) -> Any:
    if not text:
        return shape()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, shape):
        raise business("isv.INVALID_JSON_PARAM", "A parameter is not JSON of the right kind.")
    return value


def _fill(call: Call, sign: str, values: Any) -> str:
    """Return the text: a template that is known is filled in, of another one the parameters are shown."""
    if not isinstance(values, dict):
        raise business("isv.INVALID_JSON_PARAM", "The parameters of a template are a JSON object.")
    template = call.service.templates.get(call.parameters["TemplateCode"])
    if template is None:
        return f"【{sign}】" + ", ".join(f"{name}: {value}" for name, value in values.items())
    absent = [name for name in _PLACEHOLDER.findall(template) if name not in values]
    if absent:
        raise _missing_values(absent)
    return f"【{sign}】" + _PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)


def _missing_values(names: list[str]) -> Refusal:
    return business("isv.TEMPLATE_MISSING_PARAMETERS", f"The template also needs {', '.join(names)}.")
