"""Pushes the receipts of messages to a receiver on this machine, as the vendors do: late, twice, or never.

Alibaba Cloud: https://help.aliyun.com/document_detail/101867.html; Huawei, whose sends and receipts are made up from
the same messages: https://support.huaweicloud.com/api-msgsms/sms_05_0003.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.state import beijing_text, utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_dysms.emulator.state import Message

#: Reports in one request of a format that has more than one.
BATCH = 50

#: Seconds in which the receiver must answer one request.
TIMEOUT = 10.0

_NAMESPACE = uuid.UUID("11aa22bb-0000-4000-8000-000000000000")
_HUAWEI_CODES = {"delivered": "DELIVRD", "failed": "UNDELIV", "expired": "EXPIRED", "waiting": "ACCEPTD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A push of receipts, and how it goes wrong. Each share is of the messages, from 0 to 1.

    :param url: of the receiver: ``http://`` and an address of this machine
    :param format: ``sms_report``, ``queue``, ``queue_base64``, ``globe``, ``huawei`` or ``huawei_batch``
    :param lost: no receipt is pushed
    :param doubled: it is pushed twice
    :param contradicting: another one that says the opposite is pushed too
    :param forged: one that says the opposite is pushed instead
    :param late: it is kept back until a push with ``only_late``
    :param only_late: whether only those that were kept back are pushed; the other arguments must be the same
    :param shuffled: whether they arrive in a random order
    :param seed: decides which messages, and the order
    :param push_key: id and secret with which requests of Huawei are signed
    :raises InputError: an argument is wrong
    """

    url: str
    format: str = "sms_report"
    lost: float = 0.0
    doubled: float = 0.0
    contradicting: float = 0.0
    forged: float = 0.0
    late: float = 0.0
    only_late: bool = False
    shuffled: bool = False
    seed: int = 1
    push_key: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if not _is_of_this_machine(self.url):
            raise InputError(
                "url must be http:// and an address of this machine, such as http://127.0.0.1:8000/receipts"
            )
        if self.format not in list(FORMATS):
            raise InputError(f"format must be one of {', '.join(FORMATS)}")
        for name in ("lost", "doubled", "contradicting", "forged", "late"):
            share = getattr(self, name)
            if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
                raise InputError(f"{name} must be a share from 0 to 1")
        for name, kind in (("only_late", bool), ("shuffled", bool), ("seed", int)):
            if not isinstance(getattr(self, name), kind):
                raise InputError(f"{name} must be {'true or false' if kind is bool else 'a whole number'}")
        key_types = [*map(type, self.push_key)] if isinstance(self.push_key, (list, tuple)) else None
        if self.push_key is not None and key_types != [str, str]:
            raise InputError("push_key must be a list of two texts: id and secret")


def _is_of_this_machine(url: object) -> bool:
    # A URL with a line end would end the line of the request.
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    parts = urlsplit(url)
    try:
        is_loopback = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
    return parts.scheme == "http" and is_loopback


def push_receipts(messages: Iterable[Message], push: Push, now: float) -> dict[str, int]:
    """Push receipts; return how many reports were pushed, and how many messages were treated in which way.

    :param now: the emulator's time
    :raises InputError: the receiver does not answer, or not in HTTP with status 200
    """
    names = ("reports", "requests", "lost", "kept_back", "forged", "doubled", "contradicting")
    counts = Counter(dict.fromkeys(names, 0))
    reports = [report for message in messages for report in _reports_of(message, push, now, counts)]
    if push.shuffled:
        random.Random(push.seed).shuffle(reports)  # noqa: S311 - a test wants the same order again
    counts["reports"] = len(reports)
    encode, size = FORMATS[push.format][1:]
    parts = urlsplit(push.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT)
    try:
        for start in range(0, len(reports), size):
            body, content_type = encode(reports[start : start + size])
            _post(
                connection, push, f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", body, content_type
            )
            counts["requests"] += 1
    except OSError as error:
        raise InputError(f"the receiver does not answer ({type(error).__name__})") from None
    except http.client.HTTPException as error:
        raise InputError(f"the receiver does not answer in HTTP ({type(error).__name__})") from None
    finally:
        connection.close()
    return dict(counts)


def huawei_send_answers(messages: Iterable[Message]) -> list[dict[str, object]]:
    """Return the messages as the answers to sends by Huawei have them, for a send log."""
    return [
        {
            "smsMsgId": huawei_id(message),
            "from": "8824110605***",
            "originTo": f"+{'' if message.international else '86'}{message.phone_number}",
            "status": "000000",
            "createTime": utc_text(message.sent_at),
            "countryId": "" if message.international else "CN",
            "total": message.segments,
        }
        for message in messages
    ]


def huawei_id(message: Message) -> str:
    """Return the ``smsMsgId`` of a message: a UUID and a number, the same each time."""
    identity = "/".join(map(str, (message.phone_number, message.sent_at, message.out_id, message.biz_id)))
    return f"{uuid.uuid5(_NAMESPACE, identity)}_{int(message.sent_at) % 100_000}"


def _reports_of(message: Message, push: Push, now: float, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    build = FORMATS[push.format][0]
    chance = random.Random(f"{push.seed}/{huawei_id(message)}")  # noqa: S311 - a test wants the same choice again
    draws = {name: chance.random() for name in ("lost", "late", "forged", "doubled", "contradicting")}
    state = message.state_at(now)
    is_late = draws["late"] < push.late
    if draws["lost"] < push.lost:
        counts["lost"] += 1
        return
    if is_late is not push.only_late:
        counts["kept_back"] += is_late
        return
    opposite = "failed" if state == "delivered" else "delivered"
    is_forged = draws["forged"] < push.forged
    counts["forged"] += is_forged
    true_reports = list(build(message, opposite if is_forged else state))
    yield from true_reports
    if draws["doubled"] < push.doubled:
        counts["doubled"] += 1
        yield from true_reports
    if draws["contradicting"] < push.contradicting:
        counts["contradicting"] += 1
        yield from build(message, state if is_forged else opposite)


def _code(message: Message, state: str, delivered: str, failed: str) -> str:
    return delivered if state == "delivered" else (message.error_code if message.outcome == state else None) or failed


def _received_at(message: Message) -> float:
    return message.received_at or message.sent_at + 5


def _sms_report(message: Message, state: str) -> Iterator[dict[str, Any]]:
    if message.international or state in ("waiting", "expired"):
        return
    yield {
        "phone_number": message.phone_number,
        "send_time": beijing_text(message.sent_at),
        "report_time": beijing_text(_received_at(message)),
        "success": state == "delivered",
        "err_code": _code(message, state, "DELIVERED", "UNDELIV"),
        "err_msg": "用户接收成功" if state == "delivered" else "失败",
        "sms_size": str(message.segments),
        **{name: value for name, value in (("biz_id", message.biz_id), ("out_id", message.out_id)) if value},
    }


def _globe_receipt(message: Message, state: str) -> Iterator[dict[str, Any]]:
    if message.message_id is None or state == "waiting":
        return
    yield {
        "To": message.phone_number,
        "Status": {"delivered": "1", "failed": "2", "expired": "6"}[state],
        "MessageId": message.message_id,
        "SmsSize": str(message.segments),
        "SendDate": _rfc_2822(message.sent_at),
        "ReceiveDate": _rfc_2822(_received_at(message)),
        "ErrorCode": _code(message, state, "DELIVERED", "UNDELIV"),
        "ErrorDescription": "success" if state == "delivered" else "failed",
    }


def _huawei_report(message: Message, state: str) -> Iterator[dict[str, Any]]:
    has_time = state in ("delivered", "failed")
    for part in range(1, message.segments + 1):
        fields = {
            "smsMsgId": huawei_id(message),
            "status": _code(message, state, "DELIVRD", _HUAWEI_CODES[state]),
            "source": "2" if has_time else "1",
            "total": message.segments,
            "sequence": part,
            "updateTime": utc_text(_received_at(message)) if has_time else None,
            "orgCode": "000" if state == "delivered" else None,
        }
        yield {name: value for name, value in fields.items() if value is not None}


def _rfc_2822(instant: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S +0800", time.gmtime(instant + 8 * 3600))


def _as_json(reports: list[dict[str, Any]]) -> tuple[bytes, str]:
    return json.dumps(reports, ensure_ascii=False).encode(), "application/json;charset=utf-8"


def _as_object(reports: list[dict[str, Any]]) -> tuple[bytes, str]:
    return json.dumps(reports[0], ensure_ascii=False).encode(), "application/json;charset=utf-8"


def _as_base64(reports: list[dict[str, Any]]) -> tuple[bytes, str]:
    return base64.b64encode(_as_object(reports)[0]), "text/plain"


def _as_form(reports: list[dict[str, Any]]) -> tuple[bytes, str]:
    return urlencode(reports[0]).encode(), "application/x-www-form-urlencoded"


def _as_batch(reports: list[dict[str, Any]]) -> tuple[bytes, str]:
    return json.dumps({"statusReportList": reports}).encode(), "application/json"


Build = Callable[["Message", str], Iterator[dict[str, Any]]]
Encode = Callable[[list[dict[str, Any]]], tuple[bytes, str]]

#: Format -> how its reports are built and encoded, and how many are in one request.
FORMATS: dict[str, tuple[Build, Encode, int]] = {
    "sms_report": (_sms_report, _as_json, BATCH),
    "queue": (_sms_report, _as_object, 1),
    "queue_base64": (_sms_report, _as_base64, 1),
    "globe": (_globe_receipt, _as_json, BATCH),
    "huawei": (_huawei_report, _as_form, 1),
    "huawei_batch": (_huawei_report, _as_batch, BATCH),
}


def _post(connection: http.client.HTTPConnection, push: Push, target: str, body: bytes, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    if push.push_key is not None and push.format.startswith("huawei"):
        headers |= _signature(push.push_key, urlsplit(push.url).netloc, target, body, content_type)
    connection.request("POST", target, body, headers)
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise InputError(f"the receiver answered with HTTP status {response.status}")


def _signature(key: Sequence[str], host: str, target: str, body: bytes, content_type: str) -> dict[str, str]:
    """Return the headers of SDK-HMAC-SHA256: https://support.huaweicloud.com/devg-apisign/api-sign-algorithm.html."""
    path, _, query = target.partition("?")
    signed_at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    signed = {"content-type": content_type, "host": host, "x-sdk-date": signed_at}
    names = ";".join(signed)
    query = "&".join(sorted(query.split("&")))
    lines = ("POST", f"{path.rstrip('/')}/", query, *(f"{name}:{value}" for name, value in signed.items()), "", names)
    canonical = "\n".join((*lines, hashlib.sha256(body).hexdigest()))
    to_sign = f"SDK-HMAC-SHA256\n{signed_at}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key[1].encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return {
        "Host": host,
        "X-Sdk-Date": signed_at,
        "Authorization": f"SDK-HMAC-SHA256 Access={key[0]}, SignedHeaders={names}, Signature={signature}",
    }
