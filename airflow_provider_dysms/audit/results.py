"""What became of one case: its verdicts, and what these do not show."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict


class Source(Enum):
    """Where an outcome comes from."""

    LOG = "a line that cannot be asked"
    ASKED = "asked now"
    RESUMED = "asked by an earlier try of the same task"
    COMMITTED = "taken over from an earlier audit"


class HiddenCounts(NamedTuple):
    """Counts of a case that cannot be told from its lines and its rows.

    :param further: questions beyond those that the lines begin with
    :param ambiguous: records that could as well have gone to another line
    :param edge: records of the day's first ten minutes without a line: they belong to the log of the day before
    :param off_day: records dated one day off the day that was asked
    :param repeated: places, among the lines of the case, of those that have no verdict because another line tells of
        the same message
    """

    further: int = 0
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: tuple[int, ...] = ()


class GroupResult(msgspec.Struct):
    """What became of one case.

    :param number: its place among the cases of the log, from 0
    :param lines: the lines of the log that it is about
    :param verdicts: one for each line that is not repeated, in their order, and then one for each message that no line
        tells of; for mere questions one for each record. From another source than asking they are as they stand in
        rows: the number may be hashed, and the text left out
    :param asked: the distinct questions behind it
    """

    number: int
    lines: list[Line]
    verdicts: list[Verdict]
    source: Source = Source.ASKED
    asked: int = 0
    unseen: HiddenCounts = HiddenCounts()

    @property
    def told(self) -> list[Line]:
        """The lines that have a verdict each, if the log is more than a list of questions."""
        gone = set(self.unseen.repeated)
        return [line for place, line in enumerate(self.lines) if place not in gone] if gone else self.lines
