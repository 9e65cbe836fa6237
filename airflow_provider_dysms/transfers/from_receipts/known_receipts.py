"""The verdicts that receipts bring for a group of lines: for none of them, for all, or for those that need no query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.receipts.join import REPORTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        self._join = join

    def arrange(self, lines: Lines) -> None:
        self._join.arrange(lines.keys_of_groups())

    def find(self, number: int, lines: list[Line]) -> GroupResult:
        return self._join.result_of(number, lines)


def is_reported(verdicts: Sequence[Verdict]) -> bool:
    """Return whether each verdict is one that only a receipt can bring."""
    return all(verdict.state in REPORTED for verdict in verdicts)


def lost_reports(result: GroupResult, previous: Sequence[Verdict]) -> list[Line]:
    """Return lines of a group, as many as had a receipt in the previous rows and now have none.

    :param previous: the verdicts of the partition's rows
    """
    had = sum(verdict.state in REPORTED for verdict in previous)
    has = sum(verdict.state in REPORTED for verdict in result.verdicts)
    return result.lines[: max(had - has, 0)]
