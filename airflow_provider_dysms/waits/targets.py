"""What is asked of the service for one watched message, and which of the answer's records is the message."""

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
    """An international message, which has an id.

    :param message_id: as SendMessageToGlobe returned it
    """

    message_id: str

    @property
    def handle(self) -> dict[str, str]:
        """What names the message in a report."""
        return {"message_id": self.message_id}

    async def ask(self, client: DysmsClient) -> Report | None:
        """Ask for the message by QueryMessage; ``None``: the service does not know it, or not yet.

        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`
        """
        try:
            answer = await client.query_message(self.message_id)
        except DysmsNotFound:
            return None
        return report_of_message(answer, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class WatchedSendDetail:
    """A message that has no id: it is known by its number and the request that sent it.

    :param phone_number: as the API takes it
    :param send_date: the Beijing day of the request; the message may be dated a day off, when it was near midnight
    :param biz_id: the request, as SendSms returned it
    :param out_id: the request, as its sender calls it
    :param sent_at: when it was sent, by the sender's clock; ``None`` where that is not known
    """

    phone_number: str = field(repr=False)
    send_date: date
    biz_id: str | None
    out_id: str | None
    sent_at: datetime | None = None

    @property
    def handle(self) -> dict[str, str | None]:
        """What names the request in a report."""
        return {"biz_id": self.biz_id, "out_id": self.out_id}

    async def ask(self, client: DysmsClient) -> Report | None:
        """Ask for the message by QuerySendDetails; ``None``: the service does not know it, or not yet.

        :raises DysmsError: see :mod:`airflow_provider_dysms.model.errors`
        """
        for day in self._days(datetime.now(UTC)):
            records = await client.query_send_details(self.phone_number, day, self.biz_id)
            found = [record for record in records if self._is_ours(record)]
            if found:
                return report_of_send_detail(self._chosen(found), datetime.now(UTC))
        return None

    def check_day(self, now: datetime) -> None:
        """Refuse a day that the service does not remember; a sender's clock that is ahead may make tomorrow of today.

        :raises DysmsWindowError: the service would answer with nothing, and say OK
        """
        if self.send_date - DAY != dates.beijing_day(now):
            dates.check_window(self.send_date, now)

    def as_row(self) -> list[str | None]:
        """Return it in few bytes; :meth:`from_row` reads it."""
        sent_at = None if self.sent_at is None else self.sent_at.isoformat()
        return [self.phone_number, self.send_date.isoformat(), self.biz_id, self.out_id, sent_at]

    @classmethod
    def from_row(cls, row: Sequence[str | None]) -> WatchedSendDetail:
        """Read what :meth:`as_row` wrote.

        :raises ValueError: it is none
        """
        number, day, biz_id, out_id, *later = row
        sent_at = datetime.fromisoformat(later[0]) if later and later[0] else None
        return cls(str(number), date.fromisoformat(str(day)), biz_id, out_id, sent_at)

    def _days(self, now: datetime) -> list[date]:
        """The day itself first; its neighbours are asked only where it does not have the message."""
        first, last = dates.window(now)
        self.check_day(now)
        return [day for day in (self.send_date, self.send_date + DAY, self.send_date - DAY) if first <= day <= last]

    def _is_ours(self, record: SendDetail) -> bool:
        if self.biz_id is not None:
            return None in (self.out_id, record.out_id) or _same(record.out_id, self.out_id)
        # An OutId is the sender's own, and may have been given before: on another day, or earlier on this one.
        return _same(record.out_id, self.out_id) and self._is_of_then(record.sent_at)

    def _is_of_then(self, sent_at: datetime | None) -> bool:
        if sent_at is None:
            return True
        if self.sent_at is not None:
            return sent_at >= self.sent_at - MAX_CLOCK_SKEW
        begin = dates.day_start(self.send_date)
        return begin - dates.MIDNIGHT_SLACK <= sent_at < begin + DAY + dates.MIDNIGHT_SLACK

    def _chosen(self, records: Sequence[SendDetail]) -> SendDetail:
        if len(records) > 1:
            _warn_of_several(len(records), self.biz_id, self.out_id)
        return max(records, key=lambda record: record.sent_at or datetime.min.replace(tzinfo=UTC))


Watched = WatchedMessage | WatchedSendDetail


def dump(watched: Sequence[WatchedSendDetail]) -> bytes:
    """Write watched messages down, numbers and all: to be encrypted."""
    return json.dumps([each.as_row() for each in watched], separators=(",", ":")).encode()


def load(data: bytes) -> list[WatchedSendDetail]:
    """Read what :func:`dump` wrote.

    :raises ValueError: it is none
    """
    return [WatchedSendDetail.from_row(row) for row in json.loads(data)]


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.strip() == other.strip()


@lru_cache(maxsize=4096)
def _warn_of_several(count: int, biz_id: str | None, out_id: str | None) -> None:
    """Once, and not with every question."""
    log.warning("%d records fit one watched message (BizId %s, OutId %s); the newest is taken", count, biz_id, out_id)
