"""Reads which messages a task names: ids, or what a send operator returned, as templates and other tasks pass them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow_provider_dysms.arguments.private_fields import in_order, split_list
from airflow_provider_dysms.arguments.values import structure
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import vendor_id

#: Bits of a message id that is a number; Python refuses to write down very long ones.
MAX_BITS = 512

#: ``kind`` of what a send operator returned -> the operator, and the sensor that takes it.
_KINDS = {
    "message": ("DysmsSendMessageToGlobeOperator", "DysmsMessageSensor"),
    "sms": ("DysmsSendSmsOperator", "DysmsSendDetailsSensor"),
}


def parse_message_ids(value: Any) -> list[str]:
    """Return the ids of international messages.

    :param value: one id or what DysmsSendMessageToGlobeOperator returned, several of them in any collection (the XCom
        of a mapped task too), or text with several ids separated by commas, semicolons or line ends
    :raises DysmsInputError: there is none, or something is no id
    """
    return [_message_id(each, place) for place, each in enumerate(_items("message_ids", value), 1)]


def parse_sent(value: Any) -> list[dict[str, Any]]:
    """Return what DysmsSendSmsOperator returned, one dict a request.

    :param value: one of its results, or several in any collection (the XCom of a mapped task too)
    :raises DysmsInputError: there is none, or something is no such result
    """
    return [_sent("sent", "sms", each, place) for place, each in enumerate(_items("sent", value), 1)]


def _items(argument: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        value = _parsed(argument, value)
    if isinstance(value, (int, dict)):
        value = [value]
    if value is None or isinstance(value, bytes) or not isinstance(value, Iterable):
        raise DysmsInputError(argument, f"names one message or a list of them, and is {type(value).__name__} here")
    # Several tasks may be named in a list, and mapped ones each have a list of results.
    items = [item for part in in_order(value) for item in (_parts(part) or [part])]
    if not items:
        raise DysmsInputError(argument, "is empty; name at least one")
    return items


def _parts(value: Any) -> list[Any]:
    """Of a mapped task, this asks Airflow for each of its results."""
    single = isinstance(value, (str, bytes, dict)) or not isinstance(value, Iterable)
    return [] if single else list(in_order(value))


def _parsed(argument: str, text: str) -> Any:
    """Read what a template leaves of a list or a dict: JSON, or Python's own writing."""
    text = text.strip()
    if text.startswith("{"):
        found = structure(argument, f"[{text}]")
        return found[0] if len(found) == 1 else found
    return split_list(argument, text)


def _message_id(given: Any, place: int) -> str:
    if isinstance(given, dict):
        given = _sent("message_ids", "message", given, place).get("message_id")
    is_long = isinstance(given, int) and given.bit_length() > MAX_BITS
    if not isinstance(given, (str, int)) or isinstance(given, bool) or is_long:
        raise DysmsInputError(
            "message_ids", f"(number {place} of the list) is text or a whole number, not {type(given).__name__}"
        )
    return vendor_id("message_ids", str(given).strip())


def _sent(argument: str, kind: str, given: Any, place: int) -> dict[str, Any]:
    if isinstance(given, dict) and given.get("kind") == kind:
        return given
    where = f"(number {place} of the list)"
    operator, _ = _KINDS[kind]
    other = given.get("kind") if isinstance(given, dict) else None
    if isinstance(other, str) and other in _KINDS:
        sender, sensor = _KINDS[other]
        raise DysmsInputError(argument, f"{where} is what {sender} returned; {sensor} waits for it")
    raise DysmsInputError(argument, f"{where} is not what {operator} returned; pass its result on as it is")
