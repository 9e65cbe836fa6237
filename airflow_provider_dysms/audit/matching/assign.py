"""Which record belongs to which line: the answers to the lines of one number are dealt out to them.

A record carries no BizId and no id of its own. What was asked with a BizId belongs to the lines of that BizId; an OutId
that is equal decides as well; else there is only time. Every line gets at most one record, every record goes to at most
one line, and nothing depends on the order in which answers arrive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.audit.matching import glance
from airflow_provider_dysms.audit.matching.align import TOLERANCE, align
from airflow_provider_dysms.audit.matching.queries import AuditScope, DetailQuery, key_of
from airflow_provider_dysms.audit.send_log.duplicates import without_repeated
from airflow_provider_dysms.model.dates import DAY, MIDNIGHT_SLACK, beijing_day, day_start
from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.model.records import SendDetail

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.send_log.lines import Line

#: The service dates by the second: what is nearer to each other than this cannot be told apart by time.
RESOLUTION = timedelta(seconds=1)

_NEVER_CHANGING = 5  # of Row.order: SendDate, OutId, TemplateCode, text, number
_TICK = timedelta(microseconds=1)
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

Answers = Mapping[DetailQuery, Sequence[SendDetail]]


class Candidate:
    """A record in the answer that it came in.

    :param home: the day that was asked
    """

    __slots__ = ("at", "home", "out_id", "record", "taken")

    def __init__(self, record: SendDetail, home: date) -> None:
        self.record = record
        self.home = home
        self.at = record.sent_at
        self.out_id = (record.out_id or "").strip() or None
        self.taken = False

    @property
    def order(self) -> tuple[Any, ...]:
        """Everything that records are told apart by; the fields that never change come first."""
        record = self.record
        return (
            record.sent_at or _NO_TIME,
            record.out_id or "",
            record.template_code or "",
            record.content or "",
            record.phone_number,
            record.send_status or 0,
            record.error_code or "",
            record.received_at or _NO_TIME,
        )


class Assignment(msgspec.Struct):
    """How the answers to the lines of one number were dealt out.

    :param records: the record of each line, or ``None``
    :param repeated: places of the lines that tell of a message which another line tells of: see :mod:`.duplicates`
    :param others: the day's other records, each with the BizId it was asked with; all of them, for mere questions
    :param ambiguous: records that could as well have gone to another line
    :param edge: records of the day's first ten minutes without a line: they belong to the log of the day before
    :param off_day: records dated one day off the day that was asked
    """

    records: list[SendDetail | None]
    others: list[tuple[SendDetail, str | None]] = []
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: tuple[int, ...] = ()

    def told(self) -> list[int]:
        """Return the places of the lines that tell of a message each, whether it has a record or not."""
        if not self.repeated:
            return [*range(len(self.records))]
        gone = set(self.repeated)
        return [place for place in range(len(self.records)) if place not in gone]


def assign(lines: Sequence[Line], answers: Answers, scope: AuditScope) -> Assignment:
    """Deal the answers out to the lines of one number.

    :raises DysmsIncomplete: the service did not look at the BizIds that it was asked for
    """
    if records := glance.dealt(lines, answers, scope):
        return Assignment(records)
    pools: dict[str | None, list[Candidate]] = {}
    for question in sorted(answers, key=lambda question: (question.day != scope.send_date, question.day)):
        pool = pools.setdefault(question.biz_id, [])
        pool += _without(_rows(question, answers[question]), pool)
    _check_apart(pools)
    if None in pools:  # what was asked by number alone has the records of every BizId as well
        pools[None] = _without(pools[None], [row for biz_id, pool in pools.items() if biz_id for row in pool])
    for pool in pools.values():
        _sort(pool)
    if not scope.keyed or len(lines) == 1:
        return _assigned(lines, pools, scope)
    dealt, kept, gone = without_repeated(lines, scope, lambda some: _assigned(some, pools, scope))
    found = dict(zip(kept, dealt.records, strict=True))
    dealt.records = [found.get(place) for place in range(len(lines))]
    dealt.repeated = gone
    return dealt


def _assigned(lines: Sequence[Line], pools: Mapping[str | None, list[Candidate]], scope: AuditScope) -> Assignment:
    for rows in pools.values():
        for row in rows:
            row.taken = False
    dealer = _Assigner(lines, scope)
    if scope.keyed:
        dealer.deal(pools)
    return dealer.result(pools)


def _rows(question: DetailQuery, records: Sequence[SendDetail]) -> list[Candidate]:
    rows = [Candidate(record, question.day) for record in records]
    _sort(rows)
    return rows


def _sort(rows: list[Candidate]) -> None:
    if len(rows) > 1:  # which is rare, and an order takes time to make
        rows.sort(key=lambda row: row.order)


def _check_apart(pools: Mapping[str | None, list[Candidate]]) -> None:
    """Refuse answers in which the BizId was not looked at: each request then seems to have the messages of all.

    One message may have a twin of the same second in another request; two of one request do not both have one.
    """
    named = [pool for biz_id, pool in pools.items() if biz_id is not None]
    if len(named) < 2:
        return
    kinds = [{row.order[:_NEVER_CHANGING] for row in pool} for pool in named]
    owners = Counter(kind for found in kinds for kind in found)
    if any(sum(owners[kind] > 1 for kind in found) > 1 for found in kinds):
        raise DysmsIncomplete("QuerySendDetails: the answers to different BizIds of one number hold the same messages")


def _without(rows: list[Candidate], others: list[Candidate]) -> list[Candidate]:
    """Take rows out of rows, one for one: equal ones first, then those that were met in another state."""
    if not others:
        return rows
    equal: Counter[tuple[object, ...]] = Counter(row.order for row in others)
    rows = [row for row in rows if not _taken_from(equal, row.order)]
    same: Counter[tuple[object, ...]] = Counter()
    for order, count in equal.items():
        same[order[:_NEVER_CHANGING]] += count
    return [row for row in rows if not _taken_from(same, row.order[:_NEVER_CHANGING])]


def _taken_from(counts: Counter[tuple[object, ...]], key: tuple[object, ...]) -> bool:
    if counts[key] <= 0:
        return False
    counts[key] -= 1
    return True


class _Assigner:
    """Deals rows out to the lines of one number, the surest first."""

    def __init__(self, lines: Sequence[Line], scope: AuditScope) -> None:
        self.lines = lines
        self.scope = scope
        self.dealt = Assignment([None] * len(lines))

    def deal(self, pools: Mapping[str | None, list[Candidate]]) -> None:
        by_number = pools.get(None, [])
        by_biz_id, by_out_id, timed, loose = self._sorted_lines()
        for biz_id, lines in by_biz_id.items():
            self._deal_by_biz_id(lines, pools.get(biz_id, []))
        if by_out_id:
            rows_of_out_id: dict[str, list[Candidate]] = {}
            for row in by_number:
                if row.out_id:
                    rows_of_out_id.setdefault(row.out_id, []).append(row)
            for out_id, lines in by_out_id.items():
                self._deal_in_order(lines, [row for row in rows_of_out_id.get(out_id, []) if self._is_near(row, lines)])
        if timed:
            self._deal_by_time(timed, [row for row in by_number if not row.taken and row.at is not None])
        if loose:
            self._deal_loosely(loose, [row for row in by_number if not row.taken])

    def result(self, pools: Mapping[str | None, list[Candidate]]) -> Assignment:
        left: list[tuple[Candidate, str | None]] = []
        for biz_id, rows in pools.items():
            self.dealt.off_day += sum(row.at is not None and beijing_day(row.at) != row.home for row in rows)
            left += [(row, biz_id) for row in rows if not row.taken and row.home == self.scope.send_date]
        left.sort(key=lambda entry: (entry[0].order, entry[1] or ""))
        for row, biz_id in left:
            if self.scope.keyed and self._is_edge(row):
                self.dealt.edge += 1
            else:
                self.dealt.others.append((row.record, biz_id))
        return self.dealt

    def _sorted_lines(self) -> tuple[dict[str, list[int]], dict[str, list[int]], list[int], list[int]]:
        by_biz_id: dict[str, list[int]] = {}
        by_out_id: dict[str, list[int]] = {}
        timed: list[int] = []
        loose: list[int] = []
        for index, line in enumerate(self.lines):
            biz_id, out_id = key_of(line, self.scope)
            if biz_id:
                by_biz_id.setdefault(biz_id, []).append(index)
            elif out_id:
                by_out_id.setdefault(out_id, []).append(index)
            else:
                (timed if line.sent_at else loose).append(index)
        return by_biz_id, by_out_id, timed, loose

    def _deal_by_biz_id(self, lines: list[int], rows: list[Candidate]) -> None:
        rows = [row for row in rows if self._is_near(row, lines, any_time=True)]
        for out_id in dict.fromkeys(self.lines[index].out_id for index in lines):
            if out_id:
                same = [index for index in lines if self.lines[index].out_id == out_id]
                self._deal_in_order(same, [row for row in rows if row.out_id == out_id])
        rest = [index for index in lines if self.dealt.records[index] is None]
        self._deal_in_order(rest, [row for row in rows if not row.taken])

    def _deal_in_order(self, lines: list[int], rows: list[Candidate]) -> None:
        """Deal by order of time, however far apart; what has no time comes last."""
        if len(lines) == len(rows) == 1:
            self._give([(lines[0], rows[0])], lines, rows)
            return
        self._deal_by_time(lines, rows, tolerance=None)
        lines_left = [index for index in lines if self.dealt.records[index] is None]
        lines_left.sort(key=lambda index: self.lines[index].sent_at or _NO_TIME)
        rows_left = [row for row in rows if not row.taken]
        self._give(list(zip(lines_left, rows_left, strict=False)), lines, rows)

    def _deal_by_time(self, lines: list[int], rows: list[Candidate], tolerance: timedelta | None = TOLERANCE) -> None:
        ours = sorted((_ticks(sent_at), index) for index in lines if (sent_at := self.lines[index].sent_at))
        theirs = [row for row in rows if row.at is not None]
        limit = None if tolerance is None else tolerance // _TICK
        pairs = align([tick for tick, _ in ours], [_ticks(row.at) for row in theirs if row.at], limit)
        self._give([(ours[one][1], theirs[other]) for one, other in pairs], lines, rows)

    def _deal_loosely(self, lines: list[int], rows: list[Candidate]) -> None:
        """Deal to lines that have nothing to go by; rows that rather belong to another day's log come last."""
        rows = [row for row in rows if row.home == self.scope.send_date or self._is_just_after(row)]
        rows.sort(key=lambda row: (row.home != self.scope.send_date, self._is_edge(row)))
        self._give(list(zip(lines, rows, strict=False)), lines, rows)

    def _give(self, pairs: list[tuple[int, Candidate]], lines: list[int], rows: list[Candidate]) -> None:
        """Give rows to lines, and count those that another line or row of the same kind could be exchanged for."""
        for index, row in pairs:
            row.taken = True
            self.dealt.records[index] = row.record
        if not pairs or len(lines) == len(rows) == 1:
            return
        sent = sorted(_ticks(sent_at) for index in lines if (sent_at := self.lines[index].sent_at))
        dated = [_ticks(row.at) for row in rows if row.at is not None]
        for index, row in pairs:
            sent_at = self.lines[index].sent_at
            if sent_at is None or row.at is None:
                self.dealt.ambiguous += len(lines) > 1 or len(rows) > 1
            else:
                self.dealt.ambiguous += _has_twin(sent, _ticks(sent_at)) or _has_twin(dated, _ticks(row.at))

    def _is_near(self, row: Candidate, lines: list[int], *, any_time: bool = False) -> bool:
        """Say whether a row of the day before or after can belong to the log: an OutId may be used day after day."""
        if row.home == self.scope.send_date or row.at is None or self.scope.distance(row.at) <= MIDNIGHT_SLACK:
            return True
        times = [sent_at for index in lines if (sent_at := self.lines[index].sent_at)]
        return bool(times) and (any_time or any(abs(row.at - sent_at) <= TOLERANCE for sent_at in times))

    def _is_edge(self, row: Candidate) -> bool:
        return row.at is not None and row.at < day_start(self.scope.send_date) + MIDNIGHT_SLACK

    def _is_just_after(self, row: Candidate) -> bool:
        end = day_start(self.scope.send_date) + DAY
        return row.at is not None and end <= row.at < end + MIDNIGHT_SLACK


def _has_twin(ticks: list[int], tick: int) -> bool:
    near = RESOLUTION // _TICK
    return bisect_right(ticks, tick + near) - bisect_left(ticks, tick - near) > 1


def _ticks(instant: datetime) -> int:
    return (instant - _NO_TIME) // _TICK
