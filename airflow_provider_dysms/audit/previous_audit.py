"""Compares a group of lines with the verdicts of the previous audit: can they be reused, and which records were lost?

The rows of the previous audit do not contain the lines behind them. So lines are compared as far as rows can tell: by
number, ids and carried cells, and by time if lines and records are matched by time. If it is not certain that the lines
are the same, the group is queried again, which is always right.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.matching.align import TOLERANCE, align
from airflow_provider_dysms.audit.matching.detail_queries import AuditScope, match_keys
from airflow_provider_dysms.audit.send_log.duplicates import message_key, without_copies
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
    """Compares the lines of a group with the verdicts of the previous audit.

    :param scope: the scope of the current audit; the previous audit had the same day and the same ``match``
    :param display_number: returns the form of a number in the rows, which may be a hash
    :param empty_is_null: whether empty text was written as null, as in CSV
    """

    scope: AuditScope
    display_number: Callable[[str], str]
    empty_is_null: bool = False

    def key(self, lines: Sequence[Line]) -> str:
        """Return the key of the group that lines belong to; see :func:`key_of_verdict`."""
        line = lines[0]
        if line.message_id is not None:
            return f"message {line.message_id}"
        assert line.phone is not None
        return f"number {self.display_number(line.phone.digits)}"

    def matches(self, lines: Sequence[Line], previous: Sequence[Verdict], repeated: Sequence[int]) -> bool:
        """Say whether the previous verdicts can be reused: all are final, none is missing, and the lines are the same.

        :param repeated: positions of the lines that were repeated in the previous audit
        """
        if not previous or not all(verdict.is_final and verdict.state != State.MISSING for verdict in previous):
            return False
        if not self.scope.has_match_keys:
            return previous[0].carried == self._carried(lines[0])
        return bool(self.verdicts_by_line(lines, previous, repeated))

    def verdicts_by_line(
        self, lines: Sequence[Line], previous: Sequence[Verdict], repeated: Sequence[int]
    ) -> dict[int, Verdict]:
        """Return the previous verdicts by the position of their line; none if the lines have changed.

        :param repeated: positions of the lines that were repeated in the previous audit
        """
        distinct = self._distinct(lines, previous, repeated)
        if distinct is None or not self._others_are_copies(lines, distinct):
            return {}
        logged = _logged(previous)
        if len(distinct) > 1 and not self._are_in_order([lines[index] for index in distinct], logged):
            return {}
        return dict(zip(distinct, logged, strict=True))

    def fits_rules(self, lines: Sequence[Line], previous: Sequence[Verdict], repeated: Sequence[int]) -> bool:
        """Say whether verdicts of exactly these lines follow the current rules about copies: see :mod:`.duplicates`.

        :param repeated: positions of the lines that were repeated then
        """
        if not self.scope.has_match_keys:
            return True
        distinct = _complement(repeated, len(lines))
        return len(distinct) == len(_logged(previous)) and self._others_are_copies(lines, distinct)

    def lost_lines(self, current: GroupResult, previous: Sequence[Verdict], repeated: Sequence[int]) -> list[Line]:
        """Return the lines that had a record and now have none.

        Among the lines of one message, the record may move to another line, so only the number of records counts.

        :param current: the result of the current audit
        :param repeated: positions of the lines that were repeated in the previous audit
        """
        lines = current.lines
        if not self.scope.has_match_keys:
            return [] if current.verdicts or not previous else [lines[0]]
        distinct = _complement(current.hidden_counts.repeated, len(lines))
        has = {
            index for index, verdict in zip(distinct, current.verdicts, strict=False) if verdict.state != State.MISSING
        }
        if len(has) == len(lines):
            return []
        had = self._had(lines, previous, repeated)
        moved = Counter(message_key(lines[index], self.scope) for index in has - had)
        lost = []
        for index in sorted(had - has):
            message = message_key(lines[index], self.scope)
            if moved[message]:
                moved[message] -= 1
            else:
                lost.append(lines[index])
        return lost

    def _had(self, lines: Sequence[Line], previous: Sequence[Verdict], repeated: Sequence[int]) -> set[int]:
        """Return the positions of the lines that had a record."""
        logged = _logged(previous)
        if distinct := self._distinct(lines, previous, repeated):
            return {index for index, verdict in zip(distinct, logged, strict=True) if verdict.state != State.MISSING}
        return self._owners(lines, [verdict for verdict in logged if verdict.state != State.MISSING])

    def _distinct(
        self, lines: Sequence[Line], previous: Sequence[Verdict], repeated: Sequence[int]
    ) -> list[int] | None:
        """Return the positions of the lines that had a verdict each; ``None`` if the lines have changed since."""
        distinct = _complement(repeated, len(lines))
        logged = _logged(previous)
        if len(distinct) + len(set(repeated)) != len(lines) or len(distinct) != len(logged):
            return None
        is_same = all(self._fits(lines[index], verdict) for index, verdict in zip(distinct, logged, strict=True))
        return distinct if is_same else None

    def _others_are_copies(self, lines: Sequence[Line], distinct: Sequence[int]) -> bool:
        """Say whether every other line stands for the message of a distinct line, and no distinct line is a copy."""
        if len(lines) == 1:
            return True
        messages = {message_key(lines[index], self.scope) for index in distinct}
        return set(distinct) <= set(without_copies(lines, self.scope)) and all(
            message_key(line, self.scope) in messages for line in lines
        )

    def _fits(self, line: Line, verdict: Verdict) -> bool:
        """Say whether a verdict can be that of a line; a record without an OutId or a time got those of its line."""
        biz_id, out_id = match_keys(line, self.scope)
        if verdict.state == State.MISSING:
            same_key = (verdict.out_id, verdict.sent_at) == (line.out_id, line.sent_at)
        elif line.message_id is not None:
            same_key = True
        elif out_id and not biz_id:
            same_key = (verdict.out_id or "").strip() == out_id
        elif line.sent_at and verdict.sent_at and not biz_id:
            same_key = abs(verdict.sent_at - line.sent_at) <= TOLERANCE
        else:
            same_key = True
        return (
            same_key
            and verdict.message_id == line.message_id
            and verdict.biz_id == line.biz_id
            and verdict.carried == self._carried(line)
            and (line.phone is None or verdict.country == line.phone.country)
            and (line.phone is None or verdict.phone_number == self.display_number(line.phone.digits))
            and (line.out_id is None or verdict.out_id is not None)
            and (line.sent_at is None or verdict.sent_at is not None)
        )

    def _are_in_order(self, lines: Sequence[Line], verdicts: Sequence[Verdict]) -> bool:
        """Say whether, among lines with the same ids, the later line has the later record, as in every assignment."""
        times: dict[Hashable, list[tuple[datetime, datetime]]] = {}
        for line, verdict in zip(lines, verdicts, strict=True):
            if line.message_id is None and line.sent_at and verdict.sent_at:
                times.setdefault(self._ids(line), []).append((line.sent_at, verdict.sent_at))
        return all(one[1] <= other[1] for pairs in times.values() for one, other in pairwise(sorted(pairs)))

    def _owners(self, lines: Sequence[Line], recorded: Sequence[Verdict]) -> set[int]:
        """Return the positions of the lines that are nearest to the records, if lines were added or removed since."""
        alike: dict[Hashable, list[int]] = {}
        for index, line in enumerate(lines):
            alike.setdefault((*self._ids(line), self._carried(line)), []).append(index)
        records: dict[Hashable, list[Verdict]] = {}
        for verdict in recorded:
            out_id = (verdict.out_id or "").strip() or None
            ids: Hashable = (verdict.message_id, verdict.biz_id, out_id, verdict.carried)
            if ids not in alike:
                ids = (verdict.message_id, verdict.biz_id, None, verdict.carried)
            records.setdefault(ids, []).append(verdict)
        owners: set[int] = set()
        for ids, verdicts in records.items():
            ours = sorted((_ticks(lines[index].sent_at), index) for index in alike.get(ids, ()))
            theirs = sorted(_ticks(verdict.sent_at) for verdict in verdicts)
            tolerance = TOLERANCE // _TICK if self._are_matched_by_time([lines[index] for _, index in ours]) else None
            pairs = align([ticks for ticks, _ in ours], theirs, tolerance, where=lines[0].where)
            owners |= {ours[one][1] for one, _ in pairs}
        return owners

    def _are_matched_by_time(self, lines: Sequence[Line]) -> bool:
        """Say whether lines have no key but their time."""
        return all(line.message_id is None and line.sent_at and not any(match_keys(line, self.scope)) for line in lines)

    def _ids(self, line: Line) -> tuple[str | None, str | None, str | None]:
        biz_id, out_id = match_keys(line, self.scope)
        return line.message_id, line.biz_id, None if biz_id or line.message_id else out_id

    def _carried(self, line: Line) -> tuple[str | None, ...]:
        return tuple(cell or None for cell in line.carried) if self.empty_is_null else line.carried


def key_of_verdict(verdict: Verdict) -> str | None:
    """Return the key of the group that a verdict belongs to; ``None`` for a line that could not be queried."""
    if verdict.state == State.REJECTED:
        return None
    return f"number {verdict.phone_number}" if verdict.message_id is None else f"message {verdict.message_id}"


def _logged(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts of messages that have a line."""
    return [verdict for verdict in verdicts if verdict.state != State.UNLOGGED]


def _complement(indexes: Sequence[int], count: int) -> list[int]:
    """Return the indexes below ``count`` that are not among others."""
    others = set(indexes)
    return [index for index in range(count) if index not in others]


def _ticks(instant: datetime | None) -> int:
    return ((instant or _NO_TIME) - _NO_TIME) // _TICK
