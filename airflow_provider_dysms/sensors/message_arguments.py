"""Reads which messages a sensor must watch from its arguments, as templates and other tasks leave them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.arguments.message_ids import parse_message_ids
from airflow_provider_dysms.arguments.private_fields import normalized_numbers
from airflow_provider_dysms.model import dates, ids, validation
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.ids import is_null_word
from airflow_provider_dysms.waits.targets import WatchedMessage, WatchedSendDetail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.waits.targets import Watched

NEEDS_REQUEST = "needs biz_id or out_id: without one, a record of a number may belong to another message"


def watched_by_id(message_ids: Any) -> list[Watched]:
    """Return international messages.

    :param message_ids: in the forms of :func:`.parse_message_ids`
    :raises DysmsInputError: the list is empty, or an entry is not an id
    """
    return [WatchedMessage(message_id) for message_id in parse_message_ids(message_ids)]


def watched_by_request(
    requests: Sequence[dict[str, Any]], privacy_key: PrivacyKey, started_at: datetime
) -> list[Watched]:
    """Return the messages of mainland requests, one per number.

    :param requests: as :func:`.parse_sent` returns them
    :param privacy_key: the key that encrypted the numbers
    :param started_at: when the wait began
    :raises DysmsInputError: a request is not readable, or the service does not remember its day
    """
    watched = [each for place, sent in enumerate(requests, 1) for each in _of_request(privacy_key, sent, place)]
    return _check_days(watched, started_at)


def watched_by_number(
    phone_numbers: Any, *, biz_id: Any, out_id: Any, send_date: Any, started_at: datetime
) -> list[Watched]:
    """Return the messages that one mainland request sent to numbers.

    :param phone_numbers: a rendered private field
    :param biz_id: the id that SendSms returned for the request
    :param out_id: the sender's own id of the request
    :param send_date: day of the request; ``None`` means the day on which the wait began
    :param started_at: when the wait began
    :raises DysmsInputError: an argument is wrong, or the service does not remember the day
    """
    if biz_id is not None:
        biz_id = ids.vendor_id("biz_id", biz_id)
    if out_id is not None:
        out_id = _check_out_id(out_id)
    if biz_id is None and out_id is None:
        raise DysmsInputError("phone_numbers", NEEDS_REQUEST)
    day = dates.beijing_day(started_at) if send_date is None else dates.parse_day(send_date)
    numbers = normalized_numbers("phone_numbers", phone_numbers)
    return _check_days([WatchedSendDetail(number, day, biz_id, out_id) for number in numbers], started_at)


def _check_days(watched: list[WatchedSendDetail], started_at: datetime) -> list[Watched]:
    for each in watched:
        each.check_day(started_at)
    return list(watched)


def _of_request(privacy_key: PrivacyKey, sent: dict[str, Any], place: int) -> list[WatchedSendDetail]:
    biz_id, out_id = sent.get("biz_id"), sent.get("out_id")
    try:
        numbers = _parse_numbers(privacy_key.unseal(sent.get("token", "")))
        day = dates.parse_day(sent.get("send_date", ""))
        biz_id = biz_id and ids.vendor_id("biz_id", biz_id)
        out_id = out_id and _check_out_id(out_id)
        sent_at = _parse_instant(sent.get("sent_at"))
    except DysmsInputError as error:
        problem = f"(number {place} of the list) has a wrong {error.argument}: it {error.problem}"
        raise DysmsInputError("sent", problem) from None
    if not (biz_id or out_id):
        raise DysmsInputError("sent", f"(number {place} of the list) has neither biz_id nor out_id")
    return [WatchedSendDetail(number, day, biz_id, out_id, sent_at) for number in numbers]


def _parse_numbers(unsealed: bytes) -> list[str]:
    try:
        numbers = json.loads(unsealed)
    except (ValueError, RecursionError):
        numbers = None
    if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
        raise DysmsInputError("token", "does not hold the numbers of a send")
    return numbers


def _parse_instant(value: object) -> datetime | None:
    try:
        return dates.parse_instant(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise DysmsInputError("sent_at", "is not a time") from None


def _check_out_id(value: object) -> str:
    text = validation.text("out_id", value, 255)
    if is_null_word(text):
        raise DysmsInputError(
            "out_id", f"is {text!r}, a word for a missing value; check the task or column that the id comes from"
        )
    return text
