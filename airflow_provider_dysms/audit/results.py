"""The result of auditing one group of lines: its verdicts, and counts that the verdicts do not show."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict


class Source(Enum):
    """Where the result of a group comes from."""

    LOG = "a line that cannot be queried"
    ASKED = "queried now"
    RESUMED = "queried by an earlier attempt of the same task"
    COMMITTED = "taken over from the previous audit"


class HiddenCounts(NamedTuple):
    """Counts of a group that neither its lines nor its rows show. They are stored in this order.

    :param further_queries: queries beyond those that the lines begin with
    :param ambiguous: records that could as well have gone to another line
    :param edge: records of the day's first ten minutes without a line: they belong to the log of the day before
    :param off_day: records that are dated one day before or after the queried day
    :param repeated: positions, among the lines of the group, of the lines without a verdict, because another line
        stands for the same message
    """

    further_queries: int = 0
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: tuple[int, ...] = ()


class GroupResult(msgspec.Struct):
    """The result of auditing one group of lines.

    :param index: the position of the group in the log, from 0
    :param lines: the lines of the group
    :param verdicts: one for each line that is not repeated, in their order, then one for each message without a line.
        If the log is only a list of numbers: one for each record. Verdicts that were not queried now are as in the
        rows: the number may be hashed and the text absent
    :param asked: the number of distinct queries behind it
    """

    index: int
    lines: list[Line]
    verdicts: list[Verdict]
    source: Source = Source.ASKED
    asked: int = 0
    hidden_counts: HiddenCounts = HiddenCounts()

    @property
    def distinct_lines(self) -> list[Line]:
        """The lines that have a verdict each, if the log is more than a list of numbers."""
        repeated = set(self.hidden_counts.repeated)
        if not repeated:
            return self.lines
        return [line for position, line in enumerate(self.lines) if position not in repeated]
