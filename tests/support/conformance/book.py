"""The truth of a case: the messages and counts that an honest service would tell of, and how it would."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from support.conformance.hostile import Ask

Answer = dict[str, Any]
Row = dict[str, Any]

BEIJING = timezone(timedelta(hours=8))
DAY, NOON = datetime.now(BEIJING).date() - timedelta(days=1), time(12)
NUMBER, ANOTHER = "139" + "00001111", "139" + "00001112"
ABROAD = "852" + "51234567"

#: Three pages, the last one short.
MESSAGES = 137
#: Days of statistics: three pages too.
DAYS = 120
FIRST_DAY = DAY - timedelta(days=DAYS - 1)
MESSAGE_IDS = [str(1_000_000_001 + place) for place in range(3)]
#: The one that a wait is about.
WATCHED = 77
BIZ_ID = "900619746936498440^0"

_STATES = {1: "waiting", 2: "failed", 3: "delivered"}


@dataclass
class Book:
    """The records of the service. Faults may change it for good, as other people do.

    :param rows: of QuerySendDetails, in its own names, newest first
    :param days: of QuerySendStatistics
    :param messages: of QueryMessage, by id
    """

    rows: list[Row] = field(default_factory=lambda: [_row(place) for place in range(MESSAGES)])
    days: list[Row] = field(default_factory=lambda: [_day(place) for place in range(DAYS)])
    messages: dict[str, Row] = field(default_factory=lambda: {each: _message(each) for each in MESSAGE_IDS})
    chance: random.Random = field(default_factory=lambda: random.Random(4))
    #: What the last request of each connection should have got, where the service is one behind.
    owed: dict[int, Answer] = field(default_factory=dict)

    def request_id(self) -> str:
        """Return another one each time."""
        return str(uuid.uuid4()).upper()

    def answer(self, ask: Ask) -> Answer:
        """Return the honest answer, made anew."""
        return _ANSWERS[ask.action](self, ask)

    def truth(self, action: str) -> list[Row]:
        """Return what an honest answer means, in the names of the package."""
        rows = {"QuerySendDetails": self.rows, "QuerySendStatistics": self.days}.get(action)
        if rows is None:
            rows = list(self.messages.values())
        return [_MEANINGS[action](row) for row in rows]

    def send_details(self, ask: Ask) -> Answer:
        asked = ask.parameters.get("PhoneNumber"), ask.parameters.get("SendDate")
        rows = self.rows if asked == (NUMBER, DAY.strftime("%Y%m%d")) else []
        cut = rows[(ask.page - 1) * ask.size : ask.page * ask.size]
        return {
            "TotalCount": len(rows),
            "Message": "OK",
            "RequestId": self.request_id(),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": [dict(row) for row in cut]},
            "Code": "OK",
        }

    def statistics(self, ask: Ask) -> Answer:
        first, last = ask.parameters["StartDate"], ask.parameters["EndDate"]
        days = [day for day in self.days if first <= day["SendDate"] <= last]
        cut = days[(ask.page - 1) * ask.size : ask.page * ask.size]
        return {
            "Code": "OK",
            "Message": "OK",
            "RequestId": self.request_id(),
            "Data": {"TotalSize": len(days), "TargetList": [dict(day) for day in cut]},
        }

    def message(self, ask: Ask) -> Answer:
        envelope = {"ResponseCode": "OK", "ResponseDescription": "OK", "RequestId": self.request_id()}
        return {**envelope, **self.messages[ask.parameters["MessageId"]]}

    def sent(self, ask: Ask) -> Answer:
        return {"Code": "OK", "Message": "OK", "RequestId": self.request_id(), "BizId": BIZ_ID}

    def sent_abroad(self, ask: Ask) -> Answer:
        answer = {"ResponseCode": "OK", "ResponseDescription": "OK", "RequestId": self.request_id()}
        return {**answer, "MessageId": MESSAGE_IDS[0], "Segments": "1", "To": ABROAD}


_ANSWERS: dict[str, Callable[[Book, Ask], Answer]] = {
    "QuerySendDetails": Book.send_details,
    "QuerySendStatistics": Book.statistics,
    "QueryMessage": Book.message,
    "SendSms": Book.sent,
    "SendMessageToGlobe": Book.sent_abroad,
}


def rows_of(answer: Answer) -> list[Row]:
    """Return the records of a listing's answer, to be changed in place."""
    rows: list[Row] = (
        answer["Data"]["TargetList"] if "Data" in answer else answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    )
    return rows


def total_in(answer: Answer) -> tuple[Answer, str]:
    """Return what holds the total of a listing's answer, and its name there."""
    return (answer["Data"], "TotalSize") if "Data" in answer else (answer, "TotalCount")


def dumped(answer: Answer) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _row(place: int) -> Row:
    """One of many messages: each another one, though some differ by their OutId alone."""
    at = datetime.combine(DAY, NOON) - timedelta(seconds=7 * (place // 2))
    row = {"SendDate": str(at), "OutId": f"out-{place}", "SendStatus": 3 - place % 11 % 3, "TemplateCode": "SMS_100"}
    if row["SendStatus"] > 1:
        row |= {"ReceiveDate": str(at + timedelta(seconds=3))}
        row |= {"ErrCode": "DELIVERED" if row["SendStatus"] == 3 else "MOBILE_NOT_ON_SERVICE"}
    return row | {"Content": "【签名】您的包裹已到, code 4711", "PhoneNum": NUMBER}


def _day(place: int) -> Row:
    counts = {
        "TotalCount": 60 + place,
        "RespondedSuccessCount": 50,
        "RespondedFailCount": 7,
        "NoRespondedCount": 3 + place,
    }
    return {**counts, "SendDate": (FIRST_DAY + timedelta(days=place)).strftime("%Y%m%d")}


def _message(message_id: str) -> Row:
    at = datetime.combine(DAY, NOON, BEIJING)
    failed = message_id == MESSAGE_IDS[1]
    return {
        "MessageId": message_id,
        "Status": "2" if failed else "1",
        "ErrorCode": "UNDELIV" if failed else "DELIVERED",
        "ErrorDescription": "success",
        "To": ABROAD,
        "Message": "your parcel has arrived",
        "SendDate": format_datetime(at),
        "ReceiveDate": format_datetime(at + timedelta(seconds=5)),
        "NumberDetail": {"Country": "Hong Kong", "Region": "Hong Kong", "Carrier": "CSL"},
    }


def _meaning_of_row(row: Row) -> Row:
    return {
        "phone_number": row["PhoneNum"],
        "state": _STATES[row["SendStatus"]],
        "error_code": row.get("ErrCode"),
        "template_code": row.get("TemplateCode"),
        "out_id": row.get("OutId"),
        "content": row.get("Content"),
        "sent_at": _utc(row.get("SendDate")),
        "received_at": _utc(row.get("ReceiveDate")),
    }


def _meaning_of_day(row: Row) -> Row:
    names = {"TotalCount": "total", "RespondedSuccessCount": "delivered", "RespondedFailCount": "failed"}
    names |= {"NoRespondedCount": "waiting"}
    day = date(int(row["SendDate"][:4]), int(row["SendDate"][4:6]), int(row["SendDate"][6:]))
    return {"send_date": str(day), **{ours: row[theirs] for theirs, ours in names.items()}}


def _meaning_of_message(row: Row) -> Row:
    at = datetime.combine(DAY, NOON, BEIJING)
    return {
        "message_id": row["MessageId"],
        "state": "failed" if row["Status"] == "2" else "delivered",
        "error_code": row["ErrorCode"],
        "phone_number": row["To"],
        "content": row["Message"],
        "sent_at": _iso(at),
        "received_at": _iso(at + timedelta(seconds=5)),
    }


_MEANINGS: dict[str, Callable[[Row], Row]] = {
    "QuerySendDetails": _meaning_of_row,
    "QuerySendStatistics": _meaning_of_day,
    "QueryMessage": _meaning_of_message,
    "SendSms": lambda row: {"id": BIZ_ID},
    "SendMessageToGlobe": lambda row: {"id": MESSAGE_IDS[0]},
}


def _utc(text: str | None) -> str | None:
    return text and _iso(datetime.fromisoformat(text).replace(tzinfo=BEIJING))


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
