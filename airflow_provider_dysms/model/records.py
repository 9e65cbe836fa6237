"""What the service answers, as frozen records.

Numbers and texts are personal data: they are fields, but they are in no ``repr``. Every instant is aware and in UTC.
States are *not* judged here: a record carries the vendor's own status, :mod:`.delivery` says what it means.
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


class SendDetail(PrivateStruct, frozen=True, kw_only=True, gc=False):
    """One message in the answer of QuerySendDetails. It carries no id and no BizId.

    There are fifty in a page and millions in a day.

    :param extra: fields that nobody knows, of a page that the quick reader in :mod:`.send_details_json` did not take
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

    _shown = ("send_status", "error_code", "template_code", "sent_at", "received_at")

    @property
    def never_changing(self) -> tuple[object, ...]:
        """The fields that stay as they are while the message is on its way: all that two reads can be compared by."""
        return self.phone_number, self.sent_at, self.out_id, self.template_code, self.content


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStatistics:
    """One day in the answer of QuerySendStatistics. The counts are billed segments, not messages."""

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
    """The answer of SendSms: accepted, not delivered. One BizId covers every number of the request."""

    biz_id: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """The answer of SendMessageToGlobe: accepted, not delivered."""

    message_id: str
    segments: int | None = None
    request_id: str | None = None


class Page(msgspec.Struct, Generic[Record], eq=False):
    """One page of a listing, with the total that the service claims for the whole of it.

    :param request_id: of the response, which pages are not compared by
    """

    records: tuple[Record, ...]
    total: int
    request_id: str = ""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Page) and (self.records, self.total) == (other.records, other.total)
