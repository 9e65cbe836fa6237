"""Reads which messages a sensor is to watch, from its arguments as templates and other tasks leave them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.arguments.messages import parse_message_ids, parse_sent
from airflow_provider_dysms.arguments.private_fields import normalized_numbers
from airflow_provider_dysms.model import dates, ids, validation
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.null_words import is_null_word
from airflow_provider_dysms.sensors.dysms import NO_REQUEST
from airflow_provider_dysms.waits.targets import WatchedMessage, WatchedSendDetail

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.waits.targets import Watched


def by_id(message_ids: Any) -> list[Watched]:
    """Return international messages.

    :param message_ids: as :func:`.ids.parse_message_ids` takes them
    :raises DysmsInputError: there is none, or something is no id
    """
    return [WatchedMessage(message_id) for message_id in parse_message_ids(message_ids)]


def by_sent(sent: Any, hook: DysmsHook, began: datetime) -> list[Watched]:
    """Return what requests sent, one message a number.

    :param sent: as :func:`.ids.parse_sent` takes it
    :param hook: has the key under which the numbers were encrypted
    :param began: when the wait began
    :raises DysmsInputError: it is not readable, or of a day that the service does not remember
    """
    requests = parse_sent(sent)
    key = hook.privacy_key
    return _remembered([each for place, request in enumerate(requests, 1) for each in _of(key, request, place)], began)


def by_number(phone_numbers: Any, biz_id: Any, out_id: Any, send_date: Any, began: datetime) -> list[Watched]:
    """Return what one request sent to numbers.

    :param phone_numbers: a rendered private field
    :param biz_id: the request, as SendSms returned it
    :param out_id: the same, as its sender calls it
    :param send_date: its day; ``None``: that on which the wait began
    :param began: when the wait began
    :raises DysmsInputError: one of them is wrong, or the service does not remember the day
    """
    if biz_id is not None:
        biz_id = ids.vendor_id("biz_id", biz_id)
    if out_id is not None:
        out_id = _out_id(out_id)
    if biz_id is None and out_id is None:
        raise DysmsInputError("phone_numbers", NO_REQUEST)
    day = dates.beijing_day(began) if send_date is None else dates.parse_day(send_date)
    numbers = normalized_numbers("phone_numbers", phone_numbers)
    return _remembered([WatchedSendDetail(number, day, biz_id, out_id) for number in numbers], began)


def _remembered(watched: list[WatchedSendDetail], began: datetime) -> list[Watched]:
    for each in watched:
        each.check_day(began)
    return list(watched)


def _of(key: PrivacyKey, sent: dict[str, Any], place: int) -> list[WatchedSendDetail]:
    """Return the messages of one request."""
    biz_id, out_id = sent.get("biz_id"), sent.get("out_id")
    try:
        numbers = _numbers(key.unseal(sent.get("token", "")))
        day = dates.parse_day(sent.get("send_date", ""))
        biz_id = biz_id and ids.vendor_id("biz_id", biz_id)
        out_id = out_id and _out_id(out_id)
        sent_at = _instant(sent.get("sent_at"))
    except DysmsInputError as error:
        problem = f"(number {place} of the list) has a wrong {error.argument}: it {error.problem}"
        raise DysmsInputError("sent", problem) from None
    if not (biz_id or out_id):
        raise DysmsInputError("sent", f"(number {place} of the list) has neither biz_id nor out_id")
    return [WatchedSendDetail(number, day, biz_id, out_id, sent_at) for number in numbers]


def _numbers(unsealed: bytes) -> list[str]:
    try:
        numbers = json.loads(unsealed)
    except (ValueError, RecursionError):
        numbers = None
    if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
        raise DysmsInputError("token", "holds something else than the numbers of a send")
    return numbers


def _instant(value: object) -> datetime | None:
    try:
        return dates.parse_instant(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise DysmsInputError("sent_at", "is not a time") from None


def _out_id(value: object) -> str:
    text = validation.text("out_id", value, 255)
    if is_null_word(text):
        raise DysmsInputError("out_id", f"is {text!r}, the word for no id: what it came from gave nothing")
    return text
