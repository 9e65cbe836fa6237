"""Messages as JSON: how a test puts one in, and how it reads them back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.state import SITES, STATES, Message, instant_of, utc
from airflow_provider_dysms.emulator.texts import normalise, segments, sign_name

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator.service import Service

_INSTANTS = ("sent_at", "received_at", "settles_at", "visible_at")
_DEFAULT_RECEIPT = 3.0
_DEFAULT_CODE = {"delivered": None, "failed": "MOBILE_NOT_ON_SERVICE", "waiting": None, "expired": "EXPIRED"}


def message_from(given: dict[str, Any], service: Service) -> Message:
    """Make a message of what a test says of it; what it does not say is made up.

    :param given: ``phone_number`` (any form), ``state`` (default delivered) and any field of :class:`.Message`;
        instants as ISO 8601 with a zone
    :raises InputError: something is not known, missing or no message can have it
    """
    asked = dict(given)
    known = ({each.name for each in fields(Message)} | {"state"}) - {"outcome", "shown", "code"}
    unknown = sorted(set(asked) - known)
    if unknown or "phone_number" not in asked:
        raise InputError(f"a message has a phone_number, and of {', '.join(sorted(known))} what you like")
    for name in _INSTANTS:
        if asked.get(name) is not None:
            asked[name] = instant_of(asked[name], name)
    found = normalise(str(asked["phone_number"]))
    if found is None:
        raise InputError("phone_number is no number")
    asked["phone_number"] = found[0]
    asked.setdefault("international", found[1])
    state = asked.pop("state", "delivered")
    if state not in STATES:
        raise InputError(f"state must be one of {', '.join(STATES)}")
    sent_at = asked.setdefault("sent_at", service.clock.now())
    asked.setdefault("error_code", _DEFAULT_CODE[state])
    asked.setdefault("received_at", None if state == "waiting" else sent_at + _DEFAULT_RECEIPT)
    asked.setdefault("template_code", None if asked["international"] else "SMS_100000001")
    sign = asked.setdefault("sign_name", None)
    asked.setdefault(
        "content", f"【{sign or '示例'}】您的验证码是 123456" if not asked["international"] else "Code 123456"
    )
    asked["sign_name"] = sign or sign_name(asked["content"])
    asked.setdefault("segments", segments(asked["content"], international=asked["international"]))
    if asked.get("site") not in (None, *SITES):
        raise InputError(f"site must be one of {', '.join(SITES)}")
    # A number abroad may have been sent to by either site: then both know the message, unless it is told.
    site = "international" if asked.get("message_id") else None if asked["international"] else "mainland"
    asked.setdefault("site", site)
    serial = service.messages.serial()
    asked.setdefault("biz_id", f"{int(sent_at * 1000):013d}{serial:05d}^0")
    if asked["international"] or asked["site"] == "international":
        asked.setdefault("message_id", f"{int(sent_at):010d}{serial:06d}")
    asked.setdefault("account", "main")
    return Message(outcome=state, **asked)


def message_to(message: Message, now: float) -> dict[str, Any]:
    """Return a message as JSON, in its state at an instant."""
    shown = {each.name: getattr(message, each.name) for each in fields(Message) if each.name not in _HIDDEN}
    shown["content"] = message.text
    for name in ("sent_at", "received_at"):
        shown[name] = None if shown[name] is None else utc(shown[name])
    return shown | {"state": message.state_at(now)}


_HIDDEN = ("outcome", "settles_at", "visible_at", "shown", "code")
