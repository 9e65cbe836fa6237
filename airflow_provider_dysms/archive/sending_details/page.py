"""The answer to a search: a page of messages, how many there are, and how far the audits of its days reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from datetime import date, datetime

    from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan
    from airflow_provider_dysms.archive.sending_details.record import SendingDetail


class Total(msgspec.Struct, frozen=True):
    """How many messages pass the filters.

    :param count: their number, or a number that they reach
    :param is_exact: whether there are no more
    """

    count: int
    is_exact: bool

    def __str__(self) -> str:
        return f"{self.count:,}" if self.is_exact else f"at least {self.count:,}"


class SearchedDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the span.

    :param day: the Beijing day
    :param is_audited: whether it has been audited; a day that has not been is not empty, but unknown
    :param as_of: when it was audited, ISO 8601 in UTC; ``None`` if it has not been
    :param is_provisional: whether the day was not over when it was audited, so that later messages are not in it
    :param is_of_receipts_alone: whether its rows come from receipts that nobody compared with the service
    :param rows: messages in its file; ``None`` if it has not been audited
    """

    day: date
    is_audited: bool
    as_of: str | None = None
    is_provisional: bool = False
    is_of_receipts_alone: bool = False
    rows: int | None = None


class Page(PrivateStruct, frozen=True, kw_only=True):
    """A page of messages, the newest first.

    :param records: the messages
    :param first: position of the first record among all, from 1; 0 if there are no records
    :param total: how many messages there are on all pages
    :param next_cursor: leads to the next page of the same query; ``None`` on the last one. It holds no number, and is
        safe in a URL
    :param span: the time that was searched
    :param days: every day of the span, the newest first
    :param audited_until: the instant up to which the newest audited day was asked about, at most its end; ``None`` if
        no day of the span has been audited
    :param notes: sentences that a reader of the page needs, such as the days that have not been audited
    """

    records: tuple[SendingDetail, ...]
    first: int
    total: Total
    next_cursor: str | None
    span: TimeSpan
    days: tuple[SearchedDay, ...]
    audited_until: datetime | None
    notes: tuple[str, ...] = ()

    _repr_fields = ("first", "total", "span")

    @property
    def not_audited(self) -> tuple[date, ...]:
        """The days of the span that have not been audited, the newest first."""
        return tuple(day.day for day in self.days if not day.is_audited)

    def as_dict(self, *, show_numbers: bool = False) -> dict[str, Any]:
        """Return the page as JSON-able values.

        :param show_numbers: whether numbers and texts of messages are shown; otherwise numbers are masked
        """
        return {
            "records": [record.as_dict(show_number=show_numbers) for record in self.records],
            "first": self.first,
            "total": {"count": self.total.count, "is_exact": self.total.is_exact},
            "next_cursor": self.next_cursor,
            "sent_from": iso_utc(self.span.start),
            "sent_to": iso_utc(self.span.end),
            "days": [{**msgspec.structs.asdict(each), "day": each.day.isoformat()} for each in self.days],
            "not_audited": [day.isoformat() for day in self.not_audited],
            "audited_until": iso_utc(self.audited_until),
            "notes": list(self.notes),
        }
