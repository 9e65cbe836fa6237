"""Counts the lines of which the previous rows know what the current results do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.results import GroupResult, HiddenCounts, Source
from airflow_provider_dysms.transfers.from_receipts.known_receipts import lost_reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_dysms.audit.previous_audit import PreviousAudit
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict


class LostLines:
    """The lines that had a record, or a receipt, in the previous rows and have none now.

    :param previous_audit: compares the lines of a group
    :ivar count: number of lines
    :ivar first: the first of them; ``None`` if there are none
    """

    def __init__(self, previous_audit: PreviousAudit) -> None:
        self.count = 0
        self.first: Line | None = None
        self._previous_audit = previous_audit

    def add(self, result: GroupResult, hidden_counts: HiddenCounts, previous: Sequence[Verdict]) -> None:
        """Count the lost lines of a group.

        :param result: the current result
        :param hidden_counts: of the previous audit
        :param previous: the verdicts of the previous rows
        """
        if result.source is Source.RECEIPTS:
            lost = lost_reports(result, previous)
        else:
            lost = self._previous_audit.lost_lines(result, previous, hidden_counts.repeated)
        if lost and self.first is None:
            self.first = lost[0]
        self.count += len(lost)
