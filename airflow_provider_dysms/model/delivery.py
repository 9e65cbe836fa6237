"""Judges a delivery: the state of a message, and what the code of a carrier or the vendor means.

The status numbers 1, 2 and 3 mean different things in the two APIs; no other module compares them.

A message with a status that is in no document counts as waiting, and a code that is in no list has the category
``unknown``. Neither is a failure, and each such status is logged once.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.dates import RECEIPT_TIME

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
    :param category: what the code means, a key of :data:`FAULT_OF_CATEGORY`; ``None`` without a code
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


#: Category -> who caused the failure. The recipient stands for the number, its owner and the handset; the sender for
#: text, template, frequency and account; the carrier for the network between them.
FAULT_OF_CATEGORY: dict[str, str | None] = {
    "delivered": None,
    "pending": None,
    "unreachable": "recipient",  # switched off, out of area, suspended
    "invalid_number": "recipient",  # no such number
    "number_abnormal": "recipient",  # in arrears, barred, ported
    "blacklist": "recipient",  # on a blacklist, opted out, complained
    "terminal": "recipient",  # a handset that is full or faulty
    "frequency_limit": "sender",
    "content_rejected": "sender",  # text, template or signature
    "platform_rejected": "sender",  # refused before it reached a carrier
    "network": "carrier",  # no route, gateway, switching centre
    "rejected": "unknown",  # by a carrier, without a reason
    "expired": "unknown",
    "unknown": "unknown",
}

_CODES = {
    "delivered": "DELIVERED DELIVRD SUCCESS",
    "pending": "REQUEST_SUCCESS ACCEPTD",
    "unreachable": (
        "MOBILE_NOT_ON_SERVICE UNDELIV MK:0008 MK:0010 MK:0023 MK:0024 MI:0000 MI:0011 MI:0013 MI:0024 MI:0029 "
        "MN:0001 MN:0054 MN:0059 2:24"
    ),
    "invalid_number": "INVALID_NUMBER MK:0000 MK:0001 MK:0012 CB:0001 CB:0053 DB:0100 DB:0101",
    "number_abnormal": "2:12 MOBILE_ACCOUNT_ABNORMAL MK:0005 MK:0013 MI:0005 DB:0102 CB:0005 NP:1243",
    "blacklist": (
        "MOBILE_IN_BLACK USER_REJECT MB:1077 ID:0141 DB:0141 DB:0144 MX:0013 MOBFAIL 2:70 MBBLACK DBBLACK BLACK "
        "TDBLACK TSBLACK BLOCKED PUBLOKD BWLIST"
    ),
    "terminal": "MOBLLE_TERMINAL_ERROR MOBILE_TERMINAL_ERROR MK:0015 MK:0017 MN:0017",
    "frequency_limit": (
        "MOBILE_SEND_LIMIT MB:1042 MK:1041 ID:0142 ID:0143 DB:0142 DISTURB BEYONDN BEYONDM BEYONDH BEYONDD LIMIT "
        "MILIMIT CTLIMIT"
    ),
    "content_rejected": (
        "CONTENT_KEYWORD CONTENT_ERROR SIGNATURE_BLACKLIST PORT_NOT_REGISTERED MK:0115 ID:0076 DJ:0255 DB:0309 "
        "WHITESMS SIGNERR REJECT KEYWORD SC:0017 SC:0018 SIGFAIL SIGNBLOCKED QM_FAIL NOTITLE MK:1004"
    ),
    "platform_rejected": "PARAMS_ILLEGAL",
    "network": (
        "NO_ROUTE IS_CLOSE SP_NOT_BY_INTER_SMS DELETED MB:1078 NOROUTE NONCHN MC:0001 MC:0055 MC:0151 IC:0001 IC:0055 "
        "IC:0151 IC:0154 IB:0008 IB:0070 CJ:0007 CJ:0008 ROUTEERR TIMEOUT MK:0055 MK:0056 MK:1006 MK:1007"
    ),
    "rejected": "REJECTD",
    "expired": "EXPIRED MI:0010",
    "unknown": "SP_UNKNOWN_ERROR SP_UNKNOW_ERROR UNKNOWN",
}

#: Code in capitals -> category: every code of the vendors' lists (https://help.aliyun.com/document_detail/101347.html,
#: https://support.huaweicloud.com/api-msgsms/sms_05_0051.html), and the carriers' codes that they pass on.
CATEGORY_OF_CODE: dict[str, str] = {code: category for category, codes in _CODES.items() for code in codes.split()}

#: Prefix of a code that is in no list -> category.
CATEGORY_OF_PREFIX: dict[str, str] = {
    "ISV.": "platform_rejected",
    "ISP.": "platform_rejected",
    "E2000": "platform_rejected",  # Huawei's platform: channel, template, application or quota
    "SC:00": "blacklist",
    # Families of the mainland's carriers: switching centre and handset, then gateways, which give no reason.
    "MK:": "unreachable",
    "MN:": "unreachable",
    "ID:": "rejected",
    "DJ:": "rejected",
    "UT:": "rejected",
    "MA:": "network",
    "CA:": "network",
    "DA:": "network",
    "CMPPERR:": "network",
    "SGIP:": "network",
}

#: Prefixes of the codes of messages that the vendor did not hand to a carrier, and does not bill:
#: https://support.huaweicloud.com/api-msgsms/sms_05_0051.html
NOT_BILLED_PREFIXES = ("E2000",)

# Gateways write ``MK:0012`` also as ``MK:12`` and ``MK0012``.
_FAMILY = re.compile(r"([A-Z]{2,})[ :_-]?([0-9]{1,4})")

_SHORT_WORD = re.compile(r"[\w.-]{1,6}", re.ASCII)

_SEND_STATUS = {1: State.WAITING, 2: State.FAILED, 3: State.DELIVERED}
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
    state = _SEND_STATUS.get(record.send_status) if record.send_status is not None else None
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


def is_billed(code: str | None) -> bool:
    """Return whether a vendor bills a message with a code: not if its platform refused it."""
    return code is None or not code.upper().startswith(NOT_BILLED_PREFIXES)


@lru_cache(maxsize=1024)
def describe(state: State, code: str | None) -> Delivery:
    """Return the delivery for a known state and the code that came with it.

    :param code: as the service gave it, in any case; ``None`` without a code
    """
    category, fault = categorise(code)
    if state in (State.DELIVERED, State.WAITING, State.MISSING):
        return Delivery(state, category, None)
    return Delivery(state, category, fault or "unknown")


def categorise(code: str | None) -> tuple[str | None, str | None]:
    """Return the category of a code, and who caused the failure; it never raises.

    :param code: as the service gave it, in any case
    :returns: a key and a value of :data:`FAULT_OF_CATEGORY`; ``None, None`` without a code
    """
    if not code or not code.strip():
        return None, None
    category = _category(code.strip().upper())
    return category, FAULT_OF_CATEGORY[category]


def _category(code: str) -> str:
    if code in CATEGORY_OF_CODE:
        return CATEGORY_OF_CODE[code]
    family = _FAMILY.fullmatch(code)
    if family is not None:
        code = f"{family[1]}:{family[2]:0>4}"
        if code in CATEGORY_OF_CODE:
            return CATEGORY_OF_CODE[code]
    for prefix, category in CATEGORY_OF_PREFIX.items():
        if code.startswith(prefix):
            return category
    return "unknown"


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
