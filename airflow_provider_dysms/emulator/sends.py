"""The three sends: what is accepted becomes messages, which get their outcome as the switches say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import Refusal, business, invalid
from airflow_provider_dysms.emulator.state import Message
from airflow_provider_dysms.emulator.texts import normalise, segments, sign_name

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.service import Call

MAX_NUMBERS = 1_000
MAX_BATCH = 100
MAX_OUT_ID = 255
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}|\d{1,15}", re.ASCII)
_COUNTRIES = (
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
    given, prefix = call.parameters, "isv." if call.switches.message_codes == "isv" else ""
    found = normalise(given["To"])
    if found is None:
        raise business(prefix + "MOBILE_NUMBER_ILLEGAL", "To is illegal.")
    if not found[1]:
        raise business(prefix + "NOT_SUPPORTED_COUNTRY", "The mainland is not served by this action.")
    if given.get("From") and not _SENDER.fullmatch(given["From"]):
        raise business(prefix + "INVALID_SENDERID", "From is illegal.")
    if given.get("Type") and given["Type"] not in ("OTP", "NOTIFY", "MKT"):
        raise invalid("Type")
    message_id = f"{int(call.now):010d}{call.service.messages.serial():06d}"
    message = _message(call, found[0], True, given["Message"], message_id=message_id)
    call.service.messages.add([message])
    return {
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": call.request_id,
        "MessageId": message_id,
        "To": found[0],
        "From": given.get("From", ""),
        "Segments": str(message.segments),
        "NumberDetail": number_detail(found[0]),
    }


def number_detail(number: str) -> dict[str, object]:
    """Return what the service says of a number's country."""
    for prefix, country, region in _COUNTRIES:
        if number.startswith(prefix):
            return {"Carrier": "CMI", "Region": region, "Country": country}
    return {"Carrier": "", "Region": "", "Country": ""}


def _accept(call: Call, texts: list[tuple[tuple[str, bool], str]]) -> dict[str, object]:
    out_id = call.parameters.get("OutId") or None
    if out_id is not None and len(out_id) > MAX_OUT_ID:
        raise business("isv.PARAM_LENGTH_LIMIT", "OutId is too long.")
    biz_id = f"{int(call.now * 1000):013d}{call.service.messages.serial():05d}^0"
    call.service.messages.add(
        _message(call, *number, text, out_id=out_id, biz_id=biz_id, template_code=call.parameters["TemplateCode"])
        for number, text in texts
    )
    return {"Message": "OK", "RequestId": call.request_id, "BizId": biz_id, "Code": "OK"}


def _message(call: Call, number: str, international: bool, content: str, **fields: Any) -> Message:
    switches = call.switches
    at_once = switches.transition == "at_once"
    by_time = call.now + switches.receipt_seconds
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
