"""A service in memory, and an audit that is run against it."""

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta, timezone

import pytest

from airflow_provider_dysms.audit.run import audit
from airflow_provider_dysms.audit.send_log.lines import Line, Lines
from airflow_provider_dysms.audit.send_log.log import SendLog
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.model.dates import beijing_day
from airflow_provider_dysms.model.errors import DysmsNotFound
from airflow_provider_dysms.model.phone_numbers.parse import parse_number
from airflow_provider_dysms.model.records import SendDetail

BEIJING = timezone(timedelta(hours=8))
DAY = date(2025, 6, 1)


class World:
    """A send log, the records of the service, and the audit that queries them."""

    day = DAY
    as_of = datetime(2025, 6, 3, 9, 0, tzinfo=BEIJING)
    phone = "13900000000"

    def __init__(self):
        self.lines = []
        self.carry = ()
        self.records = []  # (record, BizId, the day whose query returns it)
        self.reports = {}
        self.queries = Counter()
        self.tally = Tally()
        self.has_match_keys = None
        self.pause = None

    def at(self, text):
        """An instant: ``12:00:00`` of the day, or ``+1 00:01:00`` and ``-1 23:59:00`` of the neighbouring days."""
        days, _, clock = text.rpartition(" ")
        hour, minute, second = clock.split(":")
        start = datetime(self.day.year, self.day.month, self.day.day, tzinfo=BEIJING)
        return start + timedelta(days=int(days or 0), hours=int(hour), minutes=int(minute), seconds=float(second))

    def line(self, sent_at=None, *, phone=phone, **fields):
        self.lines.append(
            Line(
                "log.csv",
                len(self.lines) + 2,
                phone=parse_number(phone, to_query="message_id" not in fields) if phone else None,
                raw_number=phone,
                sent_at=self.at(sent_at) if sent_at else None,
                **fields,
            )
        )
        return self

    def rejected(self, reason="invalid_number", raw="nonsense", **fields):
        self.lines.append(
            Line(
                "log.csv",
                len(self.lines) + 2,
                raw_number=raw,
                rejection=(reason, "phone_number is not a number"),
                **fields,
            )
        )
        return self

    def record(self, sent_at, *, phone=phone, biz_id=None, found=None, status=3, code="DELIVERED", took=5, **fields):
        instant = self.at(sent_at) if sent_at else None
        row = SendDetail(
            phone_number=phone,
            send_status=status,
            error_code=code,
            sent_at=instant,
            received_at=instant + timedelta(seconds=took) if instant and took is not None else None,
            **{"template_code": "SMS_1", "content": "【Sign】hello"} | fields,
        )
        days = found if found is not None else [beijing_day(instant)]
        self.records += [(row, biz_id, day) for day in days]
        return self

    async def query_send_details(self, phone_number, send_date, biz_id=None):
        self.queries[phone_number, send_date, biz_id] += 1
        if self.pause:
            await self.pause()
        return [
            row
            for row, of, day in self.records
            if row.phone_number == phone_number and day == send_date and biz_id in (None, of)
        ]

    async def query_message(self, message_id):
        self.queries[message_id] += 1
        if self.pause:
            await self.pause()
        try:
            return self.reports[message_id]
        except KeyError:
            raise DysmsNotFound("QueryMessage: no such message") from None

    def log(self):
        has_match_keys = any(line.biz_id or line.out_id or line.sent_at or line.message_id for line in self.lines)
        return SendLog(
            Lines(self.lines), self.carry, has_match_keys if self.has_match_keys is None else self.has_match_keys
        )

    async def results(self, match="auto", in_flight=8):
        return [
            result.verdicts
            async for result in audit(
                self.log(),
                self,
                send_date=self.day,
                as_of=self.as_of,
                match=match,
                in_flight=in_flight,
                tally=self.tally,
            )
        ]

    def run(self, match="auto", in_flight=8):
        """Run the audit; return every verdict."""
        results = asyncio.run(self.results(match, in_flight))
        return [verdict for case in results for verdict in case]


@pytest.fixture
def world():
    return World()


@pytest.fixture(scope="session")
def new_world():
    return World
