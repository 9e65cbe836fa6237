"""What a task tells of one message: its state, what decided it, and when. No number, no text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.model.delivery import Delivery, State, describe, judge_message, judge_send_detail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.model.records import MessageReport, SendDetail

_CODE = re.compile(r"[!-~]{1,64}")


class Report(msgspec.Struct, frozen=True, gc=False):
    """What is known of one message. Thousands are held in a triggerer; the garbage collector does not walk over them.

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
        """What became of the message."""
        return self.delivery.state

    @property
    def is_open(self) -> bool:
        """Whether it is worth asking again."""
        return self.state is State.WAITING

    def as_dict(self) -> dict[str, Any]:
        """Return it as a task returns it: JSON-able, instants in ISO 8601."""
        return {
            "state": self.state.value,
            "category": self.delivery.category,
            "fault": self.delivery.fault,
            "error_code": self.error_code,
            "sent_at": iso(self.sent_at),
            "received_at": iso(self.received_at),
            # A message that the service does not know (yet) may still turn up.
            "is_final": self.delivery.is_final and self.state is not State.MISSING,
        }

    def as_row(self) -> list[Any]:
        """Return it in few bytes; :meth:`from_row` reads it."""
        return [self.state.value, self.error_code, _epoch(self.sent_at), _epoch(self.received_at)]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Report:
        """Read what :meth:`as_row` wrote; more than it knows is left aside.

        :raises ValueError: it is none
        """
        state, code, sent_at, received_at = row[:4]
        if not isinstance(code, (str, type(None))):
            raise ValueError("the code of a report must be text")
        code = _printable(code)
        return cls(describe(State(state), code), code, _instant(sent_at), _instant(received_at))


#: A message of which nothing is known yet.
UNKNOWN = Report(describe(State.WAITING, None))

#: A message that the service does not know.
MISSING = Report(describe(State.MISSING, None))


def report_of_send_detail(record: SendDetail, as_of: datetime) -> Report:
    """Report a row of QuerySendDetails.

    :param as_of: the instant for which it is judged
    """
    judged = judge_send_detail(record, as_of)
    return Report(judged, _printable(record.error_code), record.sent_at, record.received_at)


def report_of_message(message: MessageReport, as_of: datetime) -> Report:
    """Report an answer of QueryMessage.

    :param as_of: the instant for which it is judged
    """
    judged = judge_message(message, as_of)
    return Report(judged, _printable(message.error_code), message.sent_at, message.received_at)


def iso(instant: datetime | None) -> str | None:
    """Write an instant in UTC, ISO 8601 with ``Z``."""
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def _printable(code: str | None) -> str | None:
    """A server may put anything there, a phone number too: only what looks like a code is repeated."""
    if code is None or (_CODE.fullmatch(code) and sum(map(str.isdigit, code)) < 7):
        return code
    return "UNPRINTABLE"


def _epoch(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
