"""Decides which record belongs to which line of the send log, for all lines of one phone number.

A record has neither a BizId nor an id of its own. A record that was queried with a BizId belongs to a line with that
BizId. An equal OutId decides as well. Otherwise only the time is left. Every line gets at most one record, every record
goes to at most one line, and the order in which responses arrive changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_dysms.audit.matching.align import TOLERANCE, align
from airflow_provider_dysms.audit.matching.candidates import (
    NO_TIME,
    Candidate,
    Responses,
    candidates_by_biz_id,
    stripped_out_id,
)
from airflow_provider_dysms.audit.matching.detail_queries import AuditScope, match_keys
from airflow_provider_dysms.audit.send_log.duplicates import assign_without_repeats
from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK, beijing_day, day_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.model.records import SendDetail

#: The service gives times in whole seconds: messages within one second of each other cannot be told apart by time.
RESOLUTION = timedelta(seconds=1)

_TICK = timedelta(microseconds=1)


class Assignment(msgspec.Struct):
    """The records that the lines of one number got.

    :param records: the record of each line, or ``None``
    :param repeated: positions of the lines that repeat the message of another line: see :mod:`.duplicates`
    :param others: the day's other records, each with the BizId that was queried; all records, if the log is only a list
        of numbers
    :param ambiguous: records that could as well have gone to another line
    :param edge: records of the day's first ten minutes without a line: they belong to the log of the day before
    :param off_day: records that are dated one day before or after the queried day
    """

    records: list[SendDetail | None]
    others: list[tuple[SendDetail, str | None]] = []
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: tuple[int, ...] = ()

    def distinct(self) -> list[int]:
        """Return the positions of the lines that stand for a message of their own, with or without a record."""
        if not self.repeated:
            return [*range(len(self.records))]
        repeated = set(self.repeated)
        return [position for position in range(len(self.records)) if position not in repeated]


def assign(lines: Sequence[Line], responses: Responses, scope: AuditScope) -> Assignment:
    """Assign the records of one number to its lines.

    :raises DysmsIncomplete: the service ignored the BizIds of the queries
    """
    if records := assign_simple(lines, responses, scope):
        return Assignment(records)
    pools = candidates_by_biz_id(responses, scope)
    if not scope.has_match_keys or len(lines) == 1:
        return _assign_candidates(lines, pools, scope)
    assigned, kept, repeated = assign_without_repeats(lines, scope, lambda some: _assign_candidates(some, pools, scope))
    found = dict(zip(kept, assigned.records, strict=True))
    assigned.records = [found.get(position) for position in range(len(lines))]
    assigned.repeated = repeated
    return assigned


def assign_simple(lines: Sequence[Line], responses: Responses, scope: AuditScope) -> list[SendDetail | None] | None:
    """Return the record of each line in the usual case: one query, and each record of the day fits exactly one line.

    Most numbers need no other rule. The rules below give the same records, and cost 5 % more time per number.

    :returns: ``None`` if the rules must decide
    """
    if len(responses) > 1 or not scope.has_match_keys:
        return None
    ((query, records),) = responses.items()
    if len(records) != len(lines) or query.day != scope.send_date:
        return None
    for record in records:
        if record.sent_at is None or beijing_day(record.sent_at) != scope.send_date:
            return None
    if len(lines) == 1:
        return [records[0]] if _fits(lines[0], records[0], scope) else None
    if query.biz_id is not None:
        return None
    by_out_id = {out_id: record for record in records if (out_id := stripped_out_id(record))}
    found = [by_out_id.pop(match_keys(line, scope)[1] or "", None) for line in lines]
    return None if None in found else found


def _fits(line: Line, record: SendDetail, scope: AuditScope) -> bool:
    biz_id, out_id = match_keys(line, scope)
    if biz_id:
        return True
    if out_id:
        return out_id == stripped_out_id(record)
    return line.sent_at is None or record.sent_at is None or abs(record.sent_at - line.sent_at) <= TOLERANCE


def _assign_candidates(
    lines: Sequence[Line], pools: Mapping[str | None, list[Candidate]], scope: AuditScope
) -> Assignment:
    for pool in pools.values():
        for candidate in pool:
            candidate.is_assigned = False
    assigner = _Assigner(lines, scope)
    if scope.has_match_keys:
        assigner.assign(pools)
    return assigner.result(pools)


class _Assigner:
    """Assigns candidates to the lines of one number, the most certain matches first."""

    def __init__(self, lines: Sequence[Line], scope: AuditScope) -> None:
        self.lines = lines
        self.scope = scope
        self.assigned = Assignment([None] * len(lines))

    def assign(self, pools: Mapping[str | None, list[Candidate]]) -> None:
        by_number = pools.get(None, [])
        by_biz_id, by_out_id, timed, without_key = self._lines_by_key()
        for biz_id, lines in by_biz_id.items():
            self._assign_by_biz_id(lines, pools.get(biz_id, []))
        if by_out_id:
            candidates_of: dict[str, list[Candidate]] = {}
            for candidate in by_number:
                if candidate.out_id:
                    candidates_of.setdefault(candidate.out_id, []).append(candidate)
            for out_id, lines in by_out_id.items():
                near = [candidate for candidate in candidates_of.get(out_id, []) if self._is_near(candidate, lines)]
                self._assign_in_order(lines, near)
        if timed:
            self._assign_by_time(timed, [each for each in _unassigned(by_number) if each.sent_at is not None])
        if without_key:
            self._assign_without_key(without_key, _unassigned(by_number))

    def result(self, pools: Mapping[str | None, list[Candidate]]) -> Assignment:
        remaining: list[tuple[Candidate, str | None]] = []
        for biz_id, pool in pools.items():
            self.assigned.off_day += sum(
                candidate.sent_at is not None and beijing_day(candidate.sent_at) != candidate.queried_day
                for candidate in pool
            )
            remaining += [(each, biz_id) for each in _unassigned(pool) if each.queried_day == self.scope.send_date]
        remaining.sort(key=lambda entry: (entry[0].sort_key, entry[1] or ""))
        for candidate, biz_id in remaining:
            if self.scope.has_match_keys and self._is_edge(candidate):
                self.assigned.edge += 1
            else:
                self.assigned.others.append((candidate.record, biz_id))
        return self.assigned

    def _lines_by_key(self) -> tuple[dict[str, list[int]], dict[str, list[int]], list[int], list[int]]:
        """Return the positions of the lines that have a BizId, an OutId, a time, and none of them."""
        by_biz_id: dict[str, list[int]] = {}
        by_out_id: dict[str, list[int]] = {}
        timed: list[int] = []
        without_key: list[int] = []
        for index, line in enumerate(self.lines):
            biz_id, out_id = match_keys(line, self.scope)
            if biz_id:
                by_biz_id.setdefault(biz_id, []).append(index)
            elif out_id:
                by_out_id.setdefault(out_id, []).append(index)
            else:
                (timed if line.sent_at else without_key).append(index)
        return by_biz_id, by_out_id, timed, without_key

    def _assign_by_biz_id(self, lines: list[int], candidates: list[Candidate]) -> None:
        candidates = [each for each in candidates if self._is_near(each, lines, any_time=True)]
        for out_id in dict.fromkeys(self.lines[index].out_id for index in lines):
            if out_id:
                same = [index for index in lines if self.lines[index].out_id == out_id]
                self._assign_in_order(same, [each for each in candidates if each.out_id == out_id])
        rest = [index for index in lines if self.assigned.records[index] is None]
        self._assign_in_order(rest, _unassigned(candidates))

    def _assign_in_order(self, lines: list[int], candidates: list[Candidate]) -> None:
        """Assign in order of time, however far apart; lines and candidates without a time come last."""
        if len(lines) == len(candidates) == 1:
            self._store([(lines[0], candidates[0])], lines, candidates)
            return
        self._assign_by_time(lines, candidates, tolerance=None)
        remaining = [index for index in lines if self.assigned.records[index] is None]
        remaining.sort(key=lambda index: self.lines[index].sent_at or NO_TIME)
        self._store(list(zip(remaining, _unassigned(candidates), strict=False)), lines, candidates)

    def _assign_by_time(
        self, lines: list[int], candidates: list[Candidate], tolerance: timedelta | None = TOLERANCE
    ) -> None:
        ours = sorted((_ticks(sent_at), index) for index in lines if (sent_at := self.lines[index].sent_at))
        theirs = [candidate for candidate in candidates if candidate.sent_at is not None]
        limit = None if tolerance is None else tolerance // _TICK
        instants = [_ticks(each.sent_at) for each in theirs if each.sent_at]
        pairs = align([tick for tick, _ in ours], instants, limit, where=self.lines[0].where)
        self._store([(ours[one][1], theirs[other]) for one, other in pairs], lines, candidates)

    def _assign_without_key(self, lines: list[int], candidates: list[Candidate]) -> None:
        """Assign to lines without any key; candidates that rather belong to the log of another day come last."""
        send_date = self.scope.send_date
        candidates = [each for each in candidates if each.queried_day == send_date or self._is_just_after(each)]
        candidates.sort(key=lambda each: (each.queried_day != send_date, self._is_edge(each)))
        self._store(list(zip(lines, candidates, strict=False)), lines, candidates)

    def _store(self, pairs: list[tuple[int, Candidate]], lines: list[int], candidates: list[Candidate]) -> None:
        """Store pairs, and count those in which another line or candidate of the same time would do as well."""
        for index, candidate in pairs:
            candidate.is_assigned = True
            self.assigned.records[index] = candidate.record
        if not pairs or len(lines) == len(candidates) == 1:
            return
        line_ticks = sorted(_ticks(sent_at) for index in lines if (sent_at := self.lines[index].sent_at))
        candidate_ticks = [_ticks(each.sent_at) for each in candidates if each.sent_at is not None]
        for index, candidate in pairs:
            sent_at = self.lines[index].sent_at
            if sent_at is None or candidate.sent_at is None:
                self.assigned.ambiguous += len(lines) > 1 or len(candidates) > 1
            else:
                self.assigned.ambiguous += _has_twin(line_ticks, _ticks(sent_at)) or _has_twin(
                    candidate_ticks, _ticks(candidate.sent_at)
                )

    def _is_near(self, candidate: Candidate, lines: list[int], *, any_time: bool = False) -> bool:
        """Say whether a record of the day before or after can belong to the log: an OutId may be used every day."""
        dated = candidate.sent_at
        if candidate.queried_day == self.scope.send_date or dated is None:
            return True
        if self.scope.distance(dated) <= MIDNIGHT_SLACK:
            return True
        times = [sent_at for index in lines if (sent_at := self.lines[index].sent_at)]
        return bool(times) and (any_time or any(abs(dated - sent_at) <= TOLERANCE for sent_at in times))

    def _is_edge(self, candidate: Candidate) -> bool:
        return candidate.sent_at is not None and candidate.sent_at < self.scope.start + MIDNIGHT_SLACK

    def _is_just_after(self, candidate: Candidate) -> bool:
        end = day_start(self.scope.send_date) + DAY
        return candidate.sent_at is not None and end <= candidate.sent_at < end + MIDNIGHT_SLACK


def _unassigned(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if not candidate.is_assigned]


def _has_twin(ticks: list[int], tick: int) -> bool:
    near = RESOLUTION // _TICK
    return bisect_right(ticks, tick + near) - bisect_left(ticks, tick - near) > 1


def _ticks(instant: datetime) -> int:
    return (instant - NO_TIME) // _TICK
