"""Reads the messages that a task is given, from templates or XCom: message ids, or results of the send operators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow_provider_dysms.arguments.private_fields import in_order, split_list
from airflow_provider_dysms.arguments.template_values import parse_structure
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import vendor_id

#: Largest message id in bits, if it is a number: Python refuses to convert very long ones to text.
MAX_BITS = 512

#: ``kind`` of a send operator's result -> the operator, and the sensor that takes the result.
_KINDS = {
    "message": ("DysmsSendMessageToGlobeOperator", "DysmsMessageSensor"),
    "sms": ("DysmsSendSmsOperator", "DysmsSendDetailsSensor"),
}


def parse_message_ids(value: Any) -> list[str]:
    """Return the ids of international messages.

    :param value: one id or one result of DysmsSendMessageToGlobeOperator, several of them in any collection (the XCom
        of a mapped task too), or text with several ids separated by commas, semicolons or line ends
    :raises DysmsInputError: there are none, or one of them is not an id
    """
    return [_message_id(item, position) for position, item in enumerate(_items("message_ids", value), 1)]


def parse_sent(value: Any) -> list[dict[str, Any]]:
    """Return results of DysmsSendSmsOperator, one dict per request.

    :param value: one of its results, or several in any collection (the XCom of a mapped task too)
    :raises DysmsInputError: there are none, or one of them is something else
    """
    return [_sent("sent", "sms", item, position) for position, item in enumerate(_items("sent", value), 1)]


def _items(argument: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        value = _parsed(argument, value)
    if isinstance(value, (int, dict)):
        value = [value]
    if value is None or isinstance(value, bytes) or not isinstance(value, Iterable):
        raise DysmsInputError(argument, f"must be one message or a list of messages, not {type(value).__name__}")
    # A list may have results of several tasks, and each mapped task has a list of results.
    items = [item for part in in_order(value) for item in (_parts(part) or [part])]
    if not items:
        raise DysmsInputError(argument, "is empty; name at least one")
    return items


def _parts(value: Any) -> list[Any]:
    """Return the parts of a collection; for the XCom of a mapped task this asks Airflow for each result."""
    single = isinstance(value, (str, bytes, dict)) or not isinstance(value, Iterable)
    return [] if single else list(in_order(value))


def _parsed(argument: str, text: str) -> Any:
    """Read a list or a dict that a template has turned into text: JSON, or Python's own notation."""
    text = text.strip()
    if text.startswith("{"):
        found = parse_structure(argument, f"[{text}]")
        return found[0] if len(found) == 1 else found
    return split_list(argument, text)


def _message_id(value: Any, position: int) -> str:
    if isinstance(value, dict):
        value = _sent("message_ids", "message", value, position).get("message_id")
    is_long = isinstance(value, int) and value.bit_length() > MAX_BITS
    if not isinstance(value, (str, int)) or isinstance(value, bool) or is_long:
        raise DysmsInputError(
            "message_ids",
            f"(number {position} of the list) must be text or a whole number, not {type(value).__name__}",
        )
    return vendor_id("message_ids", str(value).strip())


def _sent(argument: str, kind: str, value: Any, position: int) -> dict[str, Any]:
    if isinstance(value, dict) and value.get("kind") == kind:
        return value
    where = f"(number {position} of the list)"
    operator, _ = _KINDS[kind]
    other = value.get("kind") if isinstance(value, dict) else None
    if isinstance(other, str) and other in _KINDS:
        sender, sensor = _KINDS[other]
        raise DysmsInputError(argument, f"{where} is a result of {sender}; {sensor} waits for it")
    raise DysmsInputError(argument, f"{where} is not a result of {operator}; pass that result unchanged")
