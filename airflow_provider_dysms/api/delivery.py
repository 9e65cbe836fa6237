"""The only judge of a delivery: its state, and what a carrier's code means.

1, 2 and 3 mean different things in the two APIs. Nobody else compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from airflow_provider_dysms.api.records import MessageReport, SendDetail


class State(StrEnum):
    """What became of one message."""

    DELIVERED = "delivered"
    FAILED = "failed"
    WAITING = "waiting"
    EXPIRED = "expired"  # no receipt within 72 hours
    MISSING = "missing"  # we sent it, the service has no record of it
    UNLOGGED = "unlogged"  # the service sent it, the log has no line for it
    REJECTED = "rejected"  # the line cannot be asked


@dataclass(frozen=True, slots=True)
class Delivery:
    """A judged delivery.

    :param state: ``delivered``, ``failed``, ``waiting`` or ``expired``
    :param category: what the code means, such as ``unreachable``; ``None`` where there is no code
    :param fault: whose it is: ``recipient``, ``sender``, ``carrier`` or ``unknown``; ``None`` for none
    """

    state: State
    category: str | None
    fault: str | None

    @property
    def is_final(self) -> bool:
        """Whether the state cannot change any more."""
        return self.state is not State.WAITING


def judge_send_detail(record: SendDetail, as_of: datetime) -> Delivery:
    """Judge a row of QuerySendDetails (SendStatus 1 waiting, 2 failed, 3 delivered)."""
    raise NotImplementedError


def judge_message(report: MessageReport, as_of: datetime) -> Delivery:
    """Judge an answer of QueryMessage."""
    raise NotImplementedError
