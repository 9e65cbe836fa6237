"""The report of one message that sensors and query tasks return: state, code and times, no number, no text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.delivery import Delivery, State, describe, judge_message, judge_send_detail
from airflow_provider_dysms.model.safe_text import is_visible_ascii, may_hold_phone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.model.records import MessageReport, SendDetail

#: Characters of a code that is repeated.
MAX_CODE = 64


class Report(msgspec.Struct, frozen=True, gc=False):
    """The known facts about one message. A triggerer holds thousands, so the garbage collector does not track them.

    :param delivery: its judged state, with category and fault
    :param error_code: the vendor's or the carrier's code
    :param sent_at: as the service dates it
    :param received_at: when the receipt came
    """

    delivery: Delivery
    error_code: str | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None

    @property
    def state(self) -> State:
        """The state of the message."""
        return self.delivery.state

    @property
    def is_open(self) -> bool:
        """Whether a further query may find another state."""
        return self.state is State.WAITING

    def as_dict(self) -> dict[str, Any]:
        """Return the report as a task returns it: JSON-able, instants in ISO 8601."""
        return {
            "state": self.state.value,
            "category": self.delivery.category,
            "fault": self.delivery.fault,
            "error_code": self.error_code,
            "sent_at": iso_utc(self.sent_at),
            "received_at": iso_utc(self.received_at),
            # A message that the service does not know (yet) may still turn up.
            "is_final": self.delivery.is_final and self.state is not State.MISSING,
        }

    def to_list(self) -> list[Any]:
        """Return the report in few bytes, for :meth:`from_list`."""
        return [self.state.value, self.error_code, _to_epoch(self.sent_at), _to_epoch(self.received_at)]

    @classmethod
    def from_list(cls, fields: Sequence[Any]) -> Report:
        """Read what :meth:`to_list` wrote; fields that a later release has appended are ignored.

        :raises ValueError: it is not a report
        """
        state, code, sent_at, received_at = fields[:4]
        if not isinstance(code, (str, type(None))):
            raise ValueError("the code of a report must be text")
        code = _safe_code(code)
        return cls(describe(State(state), code), code, _from_epoch(sent_at), _from_epoch(received_at))


#: The report of a message before the first answer.
UNKNOWN = Report(describe(State.WAITING, None))

#: The report of a message that the service does not know.
MISSING = Report(describe(State.MISSING, None))


def report_of_send_detail(record: SendDetail, as_of: datetime) -> Report:
    """Return the report of a record of QuerySendDetails.

    :param as_of: the instant for which it is judged
    """
    judged = judge_send_detail(record, as_of)
    return Report(judged, _safe_code(record.error_code), record.sent_at, record.received_at)


def report_of_message(message: MessageReport, as_of: datetime) -> Report:
    """Return the report of an answer of QueryMessage.

    :param as_of: the instant for which it is judged
    """
    judged = judge_message(message, as_of)
    return Report(judged, _safe_code(message.error_code), message.sent_at, message.received_at)


def _safe_code(code: str | None) -> str | None:
    """Return a code if it looks like one: a server may put anything into the field, even a phone number."""
    if code is None or (is_visible_ascii(code, MAX_CODE) and not may_hold_phone(code)):
        return code
    return "UNPRINTABLE"


def _to_epoch(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _from_epoch(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
