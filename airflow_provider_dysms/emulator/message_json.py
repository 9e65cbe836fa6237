"""Converts messages from and to JSON, so that a test can add them to the service and read them back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.sms_rules import count_segments, extract_sign_name, normalize_number
from airflow_provider_dysms.emulator.state import SITES, STATES, Message, parse_instant, utc_text

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.service import Service

#: Fields that are not part of the JSON.
_INTERNAL_FIELDS = ("outcome", "settles_at", "visible_at", "cached_row", "code")
_INSTANTS = ("sent_at", "received_at", "settles_at", "visible_at")
_DEFAULT_RECEIPT_SECONDS = 3.0
_DEFAULT_CODES = {"delivered": None, "failed": "MOBILE_NOT_ON_SERVICE", "waiting": None, "expired": "EXPIRED"}


def parse_message(data: dict[str, Any], service: Service) -> Message:
    """Create a message from the fields that a test sets, with plausible defaults for all others.

    :param data: ``phone_number`` (any spelling), ``state`` (default delivered) and any field of :class:`.Message`;
        instants as ISO 8601 with a time zone
    :raises InputError: a field is unknown, missing or invalid
    """
    values = dict(data)
    known = ({each.name for each in fields(Message)} | {"state"}) - {"outcome", "cached_row", "code"}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(f"a message has no {', '.join(unknown)}; its fields are {', '.join(sorted(known))}")
    if "phone_number" not in values:
        raise InputError("a message needs a phone_number")
    for name in _INSTANTS:
        if values.get(name) is not None:
            values[name] = parse_instant(values[name], name)
    normalized = normalize_number(str(values["phone_number"]))
    if normalized is None:
        raise InputError("phone_number is not a phone number")
    values["phone_number"] = normalized[0]
    values.setdefault("international", normalized[1])
    state = values.pop("state", "delivered")
    if state not in STATES:
        raise InputError(f"state must be one of {', '.join(STATES)}")
    sent_at = values.setdefault("sent_at", service.clock.now())
    values.setdefault("error_code", _DEFAULT_CODES[state])
    values.setdefault("received_at", None if state == "waiting" else sent_at + _DEFAULT_RECEIPT_SECONDS)
    values.setdefault("template_code", None if values["international"] else "SMS_100000001")
    sign = values.setdefault("sign_name", None)
    values.setdefault(
        "content", f"【{sign or '示例'}】您的验证码是 123456" if not values["international"] else "Code 123456"
    )
    values["sign_name"] = sign or extract_sign_name(values["content"])
    values.setdefault("segments", count_segments(values["content"], international=values["international"]))
    if values.get("site") not in (None, *SITES):
        raise InputError(f"site must be one of {', '.join(SITES)}")
    # Either site can send to an international number, so both sites find such a message unless the test sets the site.
    site = "international" if values.get("message_id") else None if values["international"] else "mainland"
    values.setdefault("site", site)
    serial = service.messages.next_serial()
    values.setdefault("biz_id", f"{int(sent_at * 1000):013d}{serial:05d}^0")
    if values["international"] or values["site"] == "international":
        values.setdefault("message_id", f"{int(sent_at):010d}{serial:06d}")
    values.setdefault("account", "main")
    return Message(outcome=state, **values)


def message_to_json(message: Message, now: float) -> dict[str, Any]:
    """Return the JSON fields of a message.

    :param now: the instant whose ``state`` is returned
    """
    values = {each.name: getattr(message, each.name) for each in fields(Message) if each.name not in _INTERNAL_FIELDS}
    values["content"] = message.text
    for name in ("sent_at", "received_at"):
        values[name] = None if values[name] is None else utc_text(values[name])
    return values | {"state": message.state_at(now)}
