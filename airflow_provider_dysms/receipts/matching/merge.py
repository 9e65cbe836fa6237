"""Merges the receipts of one message, in any order of arrival, into what is known about it.

For each part, equal receipts collapse; a delivery beats a failure, and a final receipt one that is not; else the latest
report wins. A long message is delivered when all its parts are, and failed as soon as one part is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.receipts.receipt import HUAWEI, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.msgpack.Encoder().encode


class PartReceipts(PrivateStruct, frozen=True, array_like=True, gc=False):
    """The receipts of one part of a message, merged.

    :param best: the one that counts
    :param count: number of receipts
    :param low: the smallest of the final states and codes that more than one receipt say; ``None`` for one receipt
    :param high: the largest of them
    """

    best: Receipt
    count: int = 1
    low: tuple[str, str] | None = None
    high: tuple[str, str] | None = None

    @property
    def is_conflicting(self) -> bool:
        """Whether final receipts contradict each other."""
        return self.low != self.high


class Message(PrivateStruct, frozen=True, array_like=True, gc=False):
    """The receipts of one message, taken together.

    :param state: ``delivered``, ``failed``, ``expired`` or ``waiting``
    :param deciding: the receipt that decided it
    :param reported_at: of the last part, or of the part that failed
    :param segments: billed parts
    :param delivered_parts: parts that were delivered
    :param count: number of receipts
    :param duplicates: receipts beyond one per part
    """

    state: State
    deciding: Receipt
    reported_at: datetime | None
    segments: int | None
    parts: int
    delivered_parts: int
    count: int
    duplicates: int
    is_conflicting: bool


#: Stands for the message of a line that repeats the message of another line.
REPEATED = Message(State.WAITING, Receipt(vendor="", state=State.WAITING), None, None, 1, 0, 0, 0, False)


def merged(one: PartReceipts, other: PartReceipts) -> PartReceipts:
    """Merge receipts of one part; the order does not matter, nor does the way in which many are grouped."""
    said = [each for part in (one, other) for each in _said_by(part) if each is not None]
    return PartReceipts(
        _better(one.best, other.best),
        one.count + other.count,
        min(said, default=None),
        max(said, default=None),
    )


def message_of(parts: Sequence[PartReceipts]) -> Message:
    """Return what the receipts of all parts of a message say.

    :param parts: at least one; several may be about the same part
    """
    if len(parts) == 1 and parts[0].best.parts == 1:
        return _of_one(parts[0])
    by_part: dict[int, PartReceipts] = {}
    for each in parts:
        known = by_part.get(each.best.part)
        by_part[each.best.part] = each if known is None else merged(known, each)
    ordered = [by_part[number] for number in sorted(by_part)]
    bests = [each.best for each in ordered]
    total = max(best.parts for best in bests)
    delivered = [best for best in bests if best.state is State.DELIVERED]
    failed = [best for best in bests if best.state is State.FAILED] or [
        best for best in bests if best.state is State.EXPIRED
    ]
    deciding, state = bests[0], State.WAITING
    if failed:
        deciding, state = failed[0], failed[0].state
    elif len(delivered) == total:
        state = State.DELIVERED
    times = [best.reported_at for best in bests if best.reported_at is not None]
    return Message(
        state,
        deciding,
        deciding.reported_at if failed else max(times, default=None) if state is State.DELIVERED else None,
        total if deciding.vendor == HUAWEI else deciding.segments,
        total,
        len(delivered),
        sum(each.count for each in ordered),
        sum(each.count - 1 for each in ordered),
        any(each.is_conflicting for each in ordered),
    )


def _of_one(part: PartReceipts) -> Message:
    best, count = part.best, part.count
    state = best.state
    return Message(
        state,
        best,
        best.reported_at if state is not State.WAITING else None,
        1 if best.vendor == HUAWEI else best.segments,
        1,
        1 if state is State.DELIVERED else 0,
        count,
        count - 1,
        count > 1 and part.is_conflicting,
    )


def _said_by(part: PartReceipts) -> tuple[tuple[str, str] | None, ...]:
    return (_said(part.best),) if part.count == 1 else (part.low, part.high)


def _said(receipt: Receipt) -> tuple[str, str] | None:
    """Return what a final receipt says, as far as two that say it differently contradict each other."""
    if not receipt.is_final:
        return None
    return receipt.state.value, "" if receipt.state is State.DELIVERED else receipt.error_code or ""


def _better(one: Receipt, other: Receipt) -> Receipt:
    if one == other:
        return one
    ours, theirs = _rank(one), _rank(other)
    if ours == theirs:
        return max(one, other, key=_encode)
    return one if ours > theirs else other


def _rank(receipt: Receipt) -> tuple[int, datetime, datetime]:
    return (
        2 if receipt.state is State.DELIVERED else 1 if receipt.is_final else 0,
        receipt.reported_at or _NO_TIME,
        receipt.sent_at or _NO_TIME,
    )
