"""The verdicts that receipts bring for a group of lines: for none of them, for all, or for those that need no query."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from airflow_provider_dysms.audit.results import NOTHING_HIDDEN, HiddenCounts
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.receipts.join import REPORTED

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from airflow_provider_dysms.audit.results import GroupResult
    from airflow_provider_dysms.audit.send_log.lines import Line, Lines
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.receipts.join import ReceiptJoin


class KnownReceipts:
    """No receipts: every line is asked about."""

    def arrange(self, lines: Lines) -> None:
        """Prepare for :meth:`find` of the groups of a log, in their order."""

    def find(self, number: int, lines: list[Line]) -> GroupResult | None:
        """Return the result of a group; ``None`` if the service must be asked.

        :param number: of the group
        """
        return None

    def known_verdicts(self, number: int) -> Mapping[int, Verdict | None] | None:
        """Return the verdicts of a group that :meth:`find` knows in part, by the position of their line.

        :param number: of the group
        """
        return None

    def compare(self, result: GroupResult) -> None:
        """Compare the result of a group with its receipts, if it is in the sample."""


class OnlyReceipts(KnownReceipts):
    """Every line is judged by its receipts, or by their absence."""

    def __init__(self, join: ReceiptJoin) -> None:
        #: Number of lines of whose rows a receipt tells something, also if it was read by an earlier audit.
        self.rows = 0
        self._join = join

    def arrange(self, lines: Lines) -> None:
        self._join.arrange(lines.keys_of_groups())

    def find(self, number: int, lines: list[Line]) -> GroupResult:
        return self._join.result_of(number, lines)

    def compare(self, result: GroupResult) -> None:
        self.rows += sum(map(_has_receipt, result.verdicts))


def is_reported(verdict: Verdict) -> bool:
    """Return whether a verdict is one that only a receipt can bring; of those that have expired, some are told so."""
    return verdict.state in REPORTED or (verdict.state == State.EXPIRED and verdict.received_at is not None)


def _has_receipt(verdict: Verdict) -> bool:
    return verdict.received_at is not None or verdict.error_code is not None or is_reported(verdict)


def keep_known(found: GroupResult, previous: Mapping[int, Verdict]) -> bool:
    """Put final verdicts of the previous audit in the place of those that no receipt has brought.

    :param found: what receipts say of the lines of a number
    :param previous: the verdicts of the partition's rows, by the position of their line
    :returns: whether any was kept
    """
    repeated = set(found.hidden_counts.repeated)
    distinct = [position for position in range(len(found.lines)) if position not in repeated]
    verdicts = dict(zip(distinct, found.verdicts, strict=True))
    has_kept = False
    for position, known in previous.items():
        if not known.is_final or known.state == State.MISSING:
            continue
        # Without its own receipt, a line may now look like a copy of another one.
        if position in repeated or not is_reported(verdicts[position]):
            phone = found.lines[position].phone
            # The number of a row may be hashed.
            verdicts[position] = replace(known, phone_number=phone.digits if phone else None)
            repeated.discard(position)
            has_kept = True
    if has_kept:
        found.verdicts = [verdicts[position] for position in sorted(verdicts)]
        found.hidden_counts = HiddenCounts(repeated=tuple(sorted(repeated))) if repeated else NOTHING_HIDDEN
    return has_kept


def lost_reports(result: GroupResult, previous: Sequence[Verdict]) -> list[Line]:
    """Return the lines of a group that had a receipt in the previous rows and now have none.

    A failure may be followed by a delivery of the same part of a long message, of which other parts are open.

    :param previous: the verdicts of the partition's rows
    """
    had = Counter(_message(verdict) for verdict in previous if is_reported(verdict))
    had.subtract(_message(verdict) for verdict in result.verdicts if is_reported(verdict))
    delivered = {_message(verdict) for verdict in previous if verdict.state == State.DELIVERED}
    lost = []
    for line, verdict in zip(result.distinct_lines, result.verdicts, strict=True):
        message = _message(verdict)
        if is_reported(verdict) or (_has_parts(verdict) and message not in delivered):
            continue
        if had[message] > 0:
            had[message] -= 1
            lost.append(line)
    return lost


def _has_parts(verdict: Verdict) -> bool:
    return "delivered_parts" in (verdict.vendor_extra or "")


def _message(verdict: Verdict) -> Hashable:
    return verdict.message_id, verdict.biz_id, None if verdict.biz_id else verdict.out_id
