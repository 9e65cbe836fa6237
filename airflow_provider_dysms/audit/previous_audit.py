"""What an earlier audit found out about a case: does it still hold, and what of it has the service lost since?

The rows of an earlier audit do not hold the lines that they come from, so lines are compared as far as rows tell: by
number, ids and carried cells, and by time where that is what lines and records find each other by. Where it is not
certain that the lines are the same, the case is asked again, which is never wrong.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.matching.align import TOLERANCE, align
from airflow_provider_dysms.audit.matching.queries import AuditScope, key_of
from airflow_provider_dysms.audit.send_log.duplicates import message_of, without_copies
from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from airflow_provider_dysms.audit.results import GroupResult
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.verdict import Verdict

_TICK = timedelta(microseconds=1)
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PreviousAudit:
    """Compares the lines of a case with what an earlier audit said of it.

    :param scope: what the audit of now is about; the earlier one was about the same day, in the same way
    :param shown: a number -> how it stands in the rows
    :param blank_is_nothing: whether an empty text was written as nothing, as CSV does
    """

    scope: AuditScope
    shown: Callable[[str], str]
    blank_is_nothing: bool = False

    def key(self, lines: Sequence[Line]) -> str:
        """Return what the case of some lines is known by; see :func:`key_of_verdict`."""
        line = lines[0]
        if line.message_id is not None:
            return f"message {line.message_id}"
        assert line.phone is not None
        return f"number {self.shown(line.phone.digits)}"

    def holds(self, lines: Sequence[Line], earlier: Sequence[Verdict], repeated: Sequence[int]) -> bool:
        """Say whether the verdicts can be taken over: all are final, none is missing, and the lines are the same.

        :param repeated: the places of the lines that were repeated then
        """
        if not earlier or not all(verdict.is_final and verdict.state != State.MISSING for verdict in earlier):
            return False
        if not self.scope.keyed:
            return earlier[0].carried == self._carried(lines[0])
        told = self._told(lines, earlier, repeated)
        if told is None or not self._are_copies(lines, told):
            return False
        theirs = [verdict for verdict in earlier if verdict.state != State.UNLOGGED]
        return len(told) == 1 or self._in_order([lines[place] for place in told], theirs)

    def fits_rules(self, lines: Sequence[Line], earlier: Sequence[Verdict], repeated: Sequence[int]) -> bool:
        """Say whether verdicts of the very same lines are those that the rules about copies give: see :mod:`.duplicates`.

        :param repeated: the places of the lines that were repeated then
        """
        if not self.scope.keyed:
            return True
        gone = set(repeated)
        told = [place for place in range(len(lines)) if place not in gone]
        theirs = sum(verdict.state != State.UNLOGGED for verdict in earlier)
        return len(told) == theirs and self._are_copies(lines, told)

    def lost(self, now: GroupResult, earlier: Sequence[Verdict], repeated: Sequence[int]) -> list[Line]:
        """Return the lines that had a record and now have none.

        Of lines of one message, which of them has the record may change: only their number counts.

        :param now: what became of the case now
        :param repeated: the places of the lines that were repeated then
        """
        lines = now.lines
        if not self.scope.keyed:
            return [] if now.verdicts or not earlier else [lines[0]]
        gone = set(now.unseen.repeated)
        told = [place for place in range(len(lines)) if place not in gone]
        has = {place for place, verdict in zip(told, now.verdicts, strict=False) if verdict.state != State.MISSING}
        if len(has) == len(lines):
            return []
        had = self._had(lines, earlier, repeated)
        spare = Counter(message_of(lines[place], self.scope) for place in has - had)
        lost = []
        for place in sorted(had - has):
            message = message_of(lines[place], self.scope)
            if spare[message]:
                spare[message] -= 1
            else:
                lost.append(lines[place])
        return lost

    def _had(self, lines: Sequence[Line], earlier: Sequence[Verdict], repeated: Sequence[int]) -> set[int]:
        """Return the places of the lines that had a record."""
        theirs = [verdict for verdict in earlier if verdict.state != State.UNLOGGED]
        if told := self._told(lines, earlier, repeated):
            return {place for place, verdict in zip(told, theirs, strict=True) if verdict.state != State.MISSING}
        return self._owners(lines, [verdict for verdict in theirs if verdict.state != State.MISSING])

    def _told(self, lines: Sequence[Line], earlier: Sequence[Verdict], repeated: Sequence[int]) -> list[int] | None:
        """Return the places of the lines that had a verdict each; ``None`` if the lines are not the same as then."""
        gone = set(repeated)
        told = [place for place in range(len(lines)) if place not in gone]
        theirs = [verdict for verdict in earlier if verdict.state != State.UNLOGGED]
        if len(told) + len(gone) != len(lines) or len(told) != len(theirs):
            return None
        return (
            told
            if all(self._fits(lines[place], verdict) for place, verdict in zip(told, theirs, strict=True))
            else None
        )

    def _are_copies(self, lines: Sequence[Line], told: Sequence[int]) -> bool:
        """Say whether every other line tells of the same message as one of these, and none of these has to."""
        if len(lines) == 1:
            return True
        messages = {message_of(lines[place], self.scope) for place in told}
        return set(told) <= set(without_copies(lines, self.scope)) and all(
            message_of(line, self.scope) in messages for line in lines
        )

    def _fits(self, line: Line, verdict: Verdict) -> bool:
        """Say whether a row can be of a line. A record without an OutId, or without a time, got those of the line."""
        biz_id, out_id = key_of(line, self.scope)
        if verdict.state == State.MISSING:
            same_way = (verdict.out_id, verdict.sent_at) == (line.out_id, line.sent_at)
        elif line.message_id is not None:
            same_way = True
        elif out_id and not biz_id:
            same_way = (verdict.out_id or "").strip() == out_id
        elif line.sent_at and verdict.sent_at and not biz_id:
            same_way = abs(verdict.sent_at - line.sent_at) <= TOLERANCE
        else:
            same_way = True
        return (
            same_way
            and verdict.message_id == line.message_id
            and verdict.biz_id == line.biz_id
            and verdict.carried == self._carried(line)
            and (line.phone is None or verdict.country == line.phone.country)
            and (line.phone is None or verdict.phone_number == self.shown(line.phone.digits))
            and (line.out_id is None or verdict.out_id is not None)
            and (line.sent_at is None or verdict.sent_at is not None)
        )

    def _in_order(self, lines: Sequence[Line], verdicts: Sequence[Verdict]) -> bool:
        """Say whether, among lines of the same ids, the later one has the later record: so they are always dealt."""
        times: dict[Hashable, list[tuple[datetime, datetime]]] = {}
        for line, verdict in zip(lines, verdicts, strict=True):
            if line.message_id is None and line.sent_at and verdict.sent_at:
                times.setdefault(self._ids(line), []).append((line.sent_at, verdict.sent_at))
        return all(one[1] <= other[1] for pairs in times.values() for one, other in pairwise(sorted(pairs)))

    def _owners(self, lines: Sequence[Line], recorded: Sequence[Verdict]) -> set[int]:
        """Return the lines that records were dealt to, where lines have come or gone since: the nearest."""
        alike: dict[Hashable, list[int]] = {}
        for index, line in enumerate(lines):
            alike.setdefault((*self._ids(line), self._carried(line)), []).append(index)
        records: dict[Hashable, list[Verdict]] = {}
        for verdict in recorded:
            kind: Hashable = (
                verdict.message_id,
                verdict.biz_id,
                (verdict.out_id or "").strip() or None,
                verdict.carried,
            )
            if kind not in alike:
                kind = (verdict.message_id, verdict.biz_id, None, verdict.carried)
            records.setdefault(kind, []).append(verdict)
        owners: set[int] = set()
        for ids, verdicts in records.items():
            ours = sorted((_ticks(lines[index].sent_at), index) for index in alike.get(ids, ()))
            theirs = sorted(_ticks(verdict.sent_at) for verdict in verdicts)
            is_near = TOLERANCE // _TICK if self._by_time([lines[index] for _, index in ours]) else None
            owners |= {ours[one][1] for one, _ in align([ticks for ticks, _ in ours], theirs, is_near)}
        return owners

    def _by_time(self, lines: Sequence[Line]) -> bool:
        """Say whether lines have nothing but their time to find their records by."""
        return all(line.message_id is None and line.sent_at and not any(key_of(line, self.scope)) for line in lines)

    def _ids(self, line: Line) -> tuple[str | None, str | None, str | None]:
        biz_id, out_id = key_of(line, self.scope)
        return line.message_id, line.biz_id, None if biz_id or line.message_id else out_id

    def _carried(self, line: Line) -> tuple[str | None, ...]:
        return tuple(cell or None for cell in line.carried) if self.blank_is_nothing else line.carried


def key_of_verdict(verdict: Verdict) -> str | None:
    """Return what the case of a verdict is known by; ``None`` for a line that could not be asked."""
    if verdict.state == State.REJECTED:
        return None
    return f"number {verdict.phone_number}" if verdict.message_id is None else f"message {verdict.message_id}"


def _ticks(instant: datetime | None) -> int:
    return ((instant or _NO_TIME) - _NO_TIME) // _TICK
