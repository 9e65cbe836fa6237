"""Typed records of the service's answers: send details, statistics, message reports, accepted sends.

Numbers and texts are personal data: no ``repr`` shows them. Every instant is aware and in UTC. A record holds the
vendor's own status; :mod:`.delivery` judges what it means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

Record = TypeVar("Record")

#: A difference between our segments and the day's statistics above this share of the larger count is flagged: in the
#: manifest, in the asset's event and in lineage.
MAX_STATISTICS_GAP = 0.05


class SendDetail(PrivateStruct, frozen=True, kw_only=True, gc=False):
    """One message in the answer of QuerySendDetails. The service gives neither its id nor its BizId.

    :param extra: fields that this release does not know; empty if :mod:`.send_details_json` read the page
    """

    phone_number: str
    send_status: int | None
    error_code: str | None = None
    template_code: str | None = None
    out_id: str | None = None
    content: str | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    extra: Mapping[str, object] = {}

    _repr_fields = ("send_status", "error_code", "template_code", "sent_at", "received_at")

    @property
    def identity(self) -> tuple[object, ...]:
        """The fields that do not change while the message is on its way; two reads of a day are compared by them."""
        return self.phone_number, self.sent_at, self.out_id, self.template_code, self.content


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStatistics:
    """One day in the answer of QuerySendStatistics. It counts billed segments, not messages."""

    send_date: date
    total: int
    delivered: int
    failed: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """The answer of QueryMessage: one international message."""

    message_id: str
    status: str | None
    error_code: str | None = None
    error_description: str | None = field(default=None, repr=False)
    phone_number: str | None = field(default=None, repr=False)
    content: str | None = field(default=None, repr=False)
    sent_at: datetime | None = None
    received_at: datetime | None = None
    country: str | None = None
    region: str | None = None
    carrier: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSent:
    """The answer of SendSms: the service accepted the send. One BizId covers every number of the request."""

    biz_id: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """The answer of SendMessageToGlobe: the service accepted the message."""

    message_id: str
    segments: int | None = None
    request_id: str | None = None


class Page(msgspec.Struct, Generic[Record], eq=False):
    """One page of a listing.

    :param total: number of records in the whole listing, as the service claims
    :param request_id: of the response; pages are compared without it
    """

    records: tuple[Record, ...]
    total: int
    request_id: str = ""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Page) and (self.records, self.total) == (other.records, other.total)
