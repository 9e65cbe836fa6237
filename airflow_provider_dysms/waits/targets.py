"""The messages that a wait watches: how each is queried, and which record of the response belongs to it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.dates import DAY, MAX_CLOCK_SKEW
from airflow_provider_dysms.model.errors import DysmsNotFound
from airflow_provider_dysms.model.reports import Report, report_of_message, report_of_send_detail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.model.records import SendDetail

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatchedMessage:
    """An international message: it has an id.

    :param message_id: the id that SendMessageToGlobe returned
    """

    message_id: str

    @property
    def handle(self) -> dict[str, str]:
        """The fields that name the message in a report."""
        return {"message_id": self.message_id}

    async def query(self, client: DysmsClient) -> Report | None:
        """Query the message by QueryMessage; return ``None`` if the service does not know it (yet).

        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`
        """
        try:
            message = await client.query_message(self.message_id)
        except DysmsNotFound:
            return None
        return report_of_message(message, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class WatchedSendDetail:
    """A mainland message: it has no id, and is found by its number and the request that sent it.

    :param phone_number: in the form that the API takes
    :param send_date: Beijing day of the request; near midnight, the service may date the message a day earlier or later
    :param biz_id: the id that SendSms returned for the request
    :param out_id: the sender's own id of the request
    :param sent_at: when it was sent, by the sender's clock; ``None`` if that is not known
    """

    phone_number: str = field(repr=False)
    send_date: date
    biz_id: str | None
    out_id: str | None
    sent_at: datetime | None = None

    @property
    def handle(self) -> dict[str, str | None]:
        """The fields that name the request in a report."""
        return {"biz_id": self.biz_id, "out_id": self.out_id}

    async def query(self, client: DysmsClient) -> Report | None:
        """Query the message by QuerySendDetails; return ``None`` if the service does not know it (yet).

        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`
        """
        for day in self._days(datetime.now(UTC)):
            records = await client.query_send_details(self.phone_number, day, self.biz_id)
            matching = [record for record in records if self._matches(record)]
            if matching:
                return report_of_send_detail(self._newest(matching), datetime.now(UTC))
        return None

    def check_day(self, now: datetime) -> None:
        """Refuse a day that the service does not remember. Tomorrow is allowed, because a sender's clock may be ahead.

        :raises DysmsWindowError: the service would respond with OK and without records
        """
        if self.send_date - DAY != dates.beijing_day(now):
            dates.check_window(self.send_date, now)

    def as_row(self) -> list[str | None]:
        """Return a compact form that :meth:`from_row` reads."""
        sent_at = None if self.sent_at is None else self.sent_at.isoformat()
        return [self.phone_number, self.send_date.isoformat(), self.biz_id, self.out_id, sent_at]

    @classmethod
    def from_row(cls, row: Sequence[str | None]) -> WatchedSendDetail:
        """Read what :meth:`as_row` wrote.

        :raises ValueError: it is not readable
        """
        number, day, biz_id, out_id, *optional = row  # earlier releases stored no sent_at
        sent_at = datetime.fromisoformat(optional[0]) if optional and optional[0] else None
        return cls(str(number), date.fromisoformat(str(day)), biz_id, out_id, sent_at)

    def _days(self, now: datetime) -> list[date]:
        """Return the day itself, then its neighbours, which are queried only if the day does not have the message."""
        first, last = dates.window(now)
        self.check_day(now)
        return [day for day in (self.send_date, self.send_date + DAY, self.send_date - DAY) if first <= day <= last]

    def _matches(self, record: SendDetail) -> bool:
        if self.biz_id is not None:
            return None in (self.out_id, record.out_id) or _same(record.out_id, self.out_id)
        # A sender may use an OutId again, on another day or on the same one.
        return _same(record.out_id, self.out_id) and self._fits_send_time(record.sent_at)

    def _fits_send_time(self, sent_at: datetime | None) -> bool:
        if sent_at is None:
            return True
        if self.sent_at is not None:
            return sent_at >= self.sent_at - MAX_CLOCK_SKEW
        midnight = dates.day_start(self.send_date)
        return midnight - dates.MIDNIGHT_SLACK <= sent_at < midnight + DAY + dates.MIDNIGHT_SLACK

    def _newest(self, records: Sequence[SendDetail]) -> SendDetail:
        if len(records) > 1:
            _warn_about_ambiguity(len(records), self.biz_id, self.out_id)
        return max(records, key=lambda record: record.sent_at or datetime.min.replace(tzinfo=UTC))


Watched = WatchedMessage | WatchedSendDetail


def dump(watched: Sequence[WatchedSendDetail]) -> bytes:
    """Serialize watched messages, including their phone numbers: the caller must encrypt the result."""
    return json.dumps([each.as_row() for each in watched], separators=(",", ":")).encode()


def load(data: bytes) -> list[WatchedSendDetail]:
    """Read what :func:`dump` wrote.

    :raises ValueError: it is not readable
    """
    return [WatchedSendDetail.from_row(row) for row in json.loads(data)]


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.strip() == other.strip()


@lru_cache(maxsize=4096)
def _warn_about_ambiguity(count: int, biz_id: str | None, out_id: str | None) -> None:
    """Warn once, and not at every poll."""
    log.warning("%d records match one watched message (BizId %s, OutId %s); the newest is used", count, biz_id, out_id)
