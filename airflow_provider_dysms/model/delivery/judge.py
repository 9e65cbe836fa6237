"""Judges a delivery: the state of a message from what a response or a receipt says of it.

The status numbers 1, 2 and 3 mean different things in the two APIs; no other module compares them.

A message with a status that is in no document counts as waiting. That is not a failure, and each such status is logged
once.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.dates import RECEIPT_TIME
from airflow_provider_dysms.model.delivery.codes import categorise

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_dysms.model.records import MessageReport, SendDetail

log = logging.getLogger(__name__)


class State(StrEnum):
    """The state of one message."""

    DELIVERED = "delivered"
    FAILED = "failed"
    WAITING = "waiting"
    EXPIRED = "expired"  # no receipt within 72 hours
    MISSING = "missing"  # the log has a line for it, the service has no record of it
    UNLOGGED = "unlogged"  # the service sent it, the log has no line for it
    REJECTED = "rejected"  # the line cannot be queried


@dataclass(frozen=True, slots=True)
class Delivery:
    """A judged delivery.

    :param state: ``delivered``, ``failed``, ``waiting`` or ``expired``
    :param category: what the code means, a key of :data:`~.codes.FAULT_OF_CATEGORY`; ``None`` without a code
    :param fault: who caused that it did not arrive: ``recipient``, ``sender``, ``carrier`` or ``unknown``; ``None`` for
        a message that arrived or may still arrive
    """

    state: State
    category: str | None
    fault: str | None

    @property
    def is_final(self) -> bool:
        """Whether the state can no longer change."""
        return self.state is not State.WAITING


_SHORT_WORD = re.compile(r"[\w.-]{1,6}", re.ASCII)

_SEND_STATUS: dict[int | None, State] = {1: State.WAITING, 2: State.FAILED, 3: State.DELIVERED}
_GLOBE_RECEIPT_STATUS = {"1": State.DELIVERED, "2": State.FAILED, "6": State.EXPIRED}

#: Number of unknown statuses that are logged, so that a broken server cannot fill the log or the memory.
MAX_LOGGED_STATUSES = 50
_logged_statuses: set[tuple[str, object]] = set()


def judge_send_detail(record: SendDetail, as_of: datetime) -> Delivery:
    """Judge a record of QuerySendDetails (SendStatus 1 waiting, 2 failed, 3 delivered).

    The status decides the state and the code decides the category, even if they contradict each other: the service's
    own word about a message counts more than a carrier's, and the result shows both.

    :param as_of: the instant for which it is judged; a message that has waited for more than 72 hours has expired
    """
    state = _SEND_STATUS.get(record.send_status)
    if state is None:
        _warn_once("QuerySendDetails", "SendStatus", record.send_status)
    return _delivery(state or State.WAITING, record.error_code, record.sent_at, as_of)


def judge_message(report: MessageReport, as_of: datetime) -> Delivery:
    """Judge an answer of QueryMessage, whose documents contradict each other about 1 and 3.

    ====== ==================== ============ =========
    Status ErrorCode            ReceiveDate  State
    ====== ==================== ============ =========
    1      success              any          delivered
    1      accepted             any          waiting
    1      any other            any          failed
    1      none                 a time       delivered
    1      none                 none         waiting
    2      any                  any          failed
    3      success              a time       delivered
    3      any other, or none   any          waiting
    6      any                  any          expired
    else   any                  any          waiting
    ====== ==================== ============ =========

    :param as_of: the instant for which it is judged; a message that has waited for more than 72 hours has expired
    """
    category, _ = categorise(report.error_code)
    state = State.WAITING
    match report.status:
        case "1" if category == "delivered" or (category is None and report.received_at is not None):
            state = State.DELIVERED
        case "1" if category is not None and category != "pending":
            state = State.FAILED
        case "2":
            state = State.FAILED
        case "3" if category == "delivered" and report.received_at is not None:
            state = State.DELIVERED
        case "6":
            state = State.EXPIRED
        case "1" | "3":
            pass
        case _:
            _warn_once("QueryMessage", "Status", report.status)
    return _delivery(state, report.error_code, report.sent_at, as_of)


def state_of_globe_receipt(status: str) -> State:
    """Return the state that an international receipt of Alibaba Cloud reports: 1 delivered, 2 failed, 6 expired."""
    state = _GLOBE_RECEIPT_STATUS.get(status)
    if state is None:
        _warn_once("International receipt", "Status", status)
    return state or State.WAITING


def state_of_huawei_receipt(status: str, *, is_dated: bool) -> State:
    """Return the state that a status report of Huawei reports.

    ACCEPTD is not final. The platform writes UNKNOWN or EXPIRED without a time if it has no receipt of a carrier: the
    message waits, or has expired. With a time, and with every other code, a carrier or the platform has failed it.

    :param status: code of the report, such as ``DELIVRD`` or ``E200018``
    :param is_dated: whether the report has a time
    """
    match status.upper():
        case "DELIVRD":
            return State.DELIVERED
        case "ACCEPTD":
            return State.WAITING
        case "UNKNOWN" if not is_dated:
            return State.WAITING
        case "EXPIRED" if not is_dated:
            return State.EXPIRED
    return State.FAILED


def judge_receipt(state: State, code: str | None, sent_at: datetime | None, as_of: datetime) -> Delivery:
    """Judge the state that a receipt reports, or ``waiting`` without one; after 72 hours it has expired."""
    return _delivery(state, code, sent_at, as_of)


@lru_cache(maxsize=1024)
def describe(state: State, code: str | None) -> Delivery:
    """Return the delivery for a known state and the code that came with it.

    :param code: as the service gave it, in any case; ``None`` without a code
    """
    category, fault = categorise(code)
    if state in (State.DELIVERED, State.WAITING, State.MISSING):
        return Delivery(state, category, None)
    return Delivery(state, category, fault or "unknown")


def _delivery(state: State, code: str | None, sent_at: datetime | None, as_of: datetime) -> Delivery:
    if state is State.WAITING and sent_at is not None and as_of - sent_at > RECEIPT_TIME:
        state = State.EXPIRED
    return describe(state, code)


def _warn_once(action: str, field: str, value: object) -> None:
    if (action, value) in _logged_statuses or len(_logged_statuses) >= MAX_LOGGED_STATUSES:
        return
    _logged_statuses.add((action, value))
    # A server may put anything there, even a phone number.
    safe_value = value if value is None or _SHORT_WORD.fullmatch(str(value)) else "of an unknown form"
    log.warning("%s: %s %s is not documented; such messages count as waiting", action, field, safe_value)
