"""Asks what a send log gives rise to, many cases at once, and hands the outcomes out in the order of the log.

The cases of :mod:`.groups` are worked off side by side and come out one after the other, so the same log and the same
records give the same rows, however fast the answers are. Who takes the outcomes slowly slows the asking down. A case
whose outcome is known already is not asked.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_dysms.audit import judge
from airflow_provider_dysms.audit.matching.assign import Assignment, assign
from airflow_provider_dysms.audit.matching.queries import (
    AuditScope,
    DetailQuery,
    Match,
    check_match,
    first_questions,
    second_questions,
)
from airflow_provider_dysms.audit.results import GroupResult, HiddenCounts, Source
from airflow_provider_dysms.audit.send_log.groups import groups_of
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.audit.worker_pool import OrderedPool, end
from airflow_provider_dysms.model.errors import DysmsError, DysmsIncomplete, DysmsInputError, DysmsNotFound

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.model.records import MessageReport, SendDetail

__all__ = ["Ask", "Match", "audit"]

Answer = TypeVar("Answer")

#: Questions that are open at once: at 5,000 a second and 40 ms for an answer 200 are under way, and the rest makes up
#: for the slow ones. Each needs a connection, so that more would only wait, in memory.
IN_FLIGHT = 256


class Ask(Protocol):
    """Who answers: the client. Its answers are complete and about what was asked, or an error."""

    async def query_send_details(
        self, phone_number: str, send_date: date, biz_id: str | None = None
    ) -> Sequence[SendDetail]:
        """Return every record of a number on a day."""

    async def query_message(self, message_id: str) -> MessageReport:
        """Return the report of one message; raise ``DysmsNotFound`` where there is none."""


async def audit(
    log: SendLog,
    ask: Ask,
    *,
    send_date: date,
    as_of: datetime,
    match: Match = "auto",
    in_flight: int = IN_FLIGHT,
    tally: Tally | None = None,
    known: Callable[[int, list[Line]], GroupResult | None] = lambda number, lines: None,
) -> AsyncGenerator[GroupResult, None]:
    """Say of every message of a send log what became of it. Lines of one message have one verdict: see :mod:`.duplicates`.

    A log in which no line has an id or a time is a list of questions: every number is asked once, lines that share one
    are one question (the first of them is carried along), and every record comes out once.

    :param log: what :func:`~.sent.read_sent_log` or :func:`~.sent.phone_log` returned
    :param ask: who answers
    :param send_date: the Beijing day that the log is of
    :param as_of: when the audit began, aware; it decides ``expired``, and which days lie in the future
    :param match: how lines and records find each other: by BizId, else by OutId, else by time (``auto`` and
        ``biz_id``); by OutId, else by time (``out_id``); by time alone (``sent_at``). A line that lacks the key goes by
        the next one. A message id needs no matching
    :param in_flight: how many questions are open at once, at most
    :param tally: where the counts go; it is up to date with the outcomes handed out so far
    :param known: takes the number and the lines of a case; returns its outcome, or ``None`` for one that is to be asked
    :returns: the outcome of one case at a time; it may have no verdict
    :raises DysmsInputError: no line has the key that ``match`` names; nothing was asked
    :raises DysmsError: the first error of an answer, as it is; what was still open is cancelled
    """
    check_match(log, match)
    tally = Tally() if tally is None else tally
    worker = _Worker(ask, AuditScope(send_date, as_of, match, log.keyed), len(log.carry), in_flight)
    cases = enumerate(groups_of(log.lines))
    crew = OrderedPool(cases, lambda *case: _of_rejected(*case) or known(*case), worker.work_off, in_flight)
    crew.start()
    try:
        left = len(log.lines)
        while outcomes := await crew.next():
            for outcome in outcomes:
                left -= len(outcome.lines)
                _count(outcome, tally)
                yield outcome
        if left:
            raise DysmsIncomplete(f"{left} lines of the log were not worked off, which is an error of this package")
    finally:
        await crew.end()


def _of_rejected(number: int, lines: list[Line]) -> GroupResult | None:
    if lines[0].rejection is None:
        return None
    return GroupResult(number, lines, [judge.of_rejected(line) for line in lines], Source.LOG)


class _Worker:
    """Works off cases, with so many questions open at once."""

    def __init__(self, ask: Ask, scope: AuditScope, carried: int, in_flight: int) -> None:
        self.ask = ask
        self.scope = scope
        self.no_carried = (None,) * carried
        self.gate = asyncio.Semaphore(in_flight)

    async def work_off(self, number: int, lines: list[Line]) -> GroupResult:
        try:
            if lines[0].message_id is not None:
                return await self._by_message_id(number, lines, lines[0].message_id)
            return await self._by_number(number, lines)
        except DysmsError as error:
            if not isinstance(error, DysmsInputError) and lines[0].where not in error.message:
                error.prefix_message(lines[0].where)
            raise

    async def _by_message_id(self, number: int, lines: list[Line], message_id: str) -> GroupResult:
        send_date, as_of = self.scope.send_date, self.scope.as_of
        repeated = tuple(range(1, len(lines)))
        try:
            async with self.gate:
                report = await self.ask.query_message(message_id)
        except DysmsNotFound:
            missing = judge.of_missing(lines[0], send_date, as_of)
            return GroupResult(number, lines, [missing], asked=1, unseen=HiddenCounts(repeated=repeated))
        off_day = judge.days_off(report, lines[0], send_date)
        first, *_ = [judge.of_report(report, line, as_of) for line in lines]  # each checks the number of its line
        return GroupResult(number, lines, [first], asked=1, unseen=HiddenCounts(off_day=off_day, repeated=repeated))

    async def _by_number(self, number: int, lines: list[Line]) -> GroupResult:
        scope = self.scope
        first = first_questions(lines, scope)
        answers = {first[0]: await self._answer(first[0])} if len(first) == 1 else await self._answers(first)
        dealt = assign(lines, answers, scope)
        further: list[DetailQuery] = []
        if scope.keyed and None in dealt.records:
            lost = [lines[place] for place in dealt.told() if dealt.records[place] is None]
            further = [question for question in second_questions(lost, scope) if question not in answers]
        if further:
            answers |= await self._answers(further)
            dealt = assign(lines, answers, scope)
        unseen = HiddenCounts(len(further), dealt.ambiguous, dealt.edge, dealt.off_day, dealt.repeated)
        return GroupResult(number, lines, self._verdicts(lines, dealt), asked=len(answers), unseen=unseen)

    def _verdicts(self, lines: list[Line], dealt: Assignment) -> list[Verdict]:
        phone, as_of = lines[0].phone, self.scope.as_of
        assert phone is not None
        if not self.scope.keyed:
            return [judge.of_record(record, lines[0], as_of) for record, _ in dealt.others]
        verdicts = [
            judge.of_record(record, line, as_of) if record else judge.of_missing(line, self.scope.send_date, as_of)
            for line, record in ((lines[place], dealt.records[place]) for place in dealt.told())
        ]
        for record, biz_id in dealt.others:
            verdicts.append(judge.of_unlogged(record, phone, biz_id, self.no_carried, as_of))
        return verdicts

    async def _answers(self, questions: list[DetailQuery]) -> dict[DetailQuery, Sequence[SendDetail]]:
        return dict(zip(questions, await _together(map(self._answer, questions)), strict=True))

    async def _answer(self, question: DetailQuery) -> Sequence[SendDetail]:
        await self.gate.acquire()
        try:
            return await self.ask.query_send_details(*question)
        finally:
            self.gate.release()


async def _together(answers: Iterable[Awaitable[Answer]]) -> list[Answer]:
    tasks = list(map(asyncio.ensure_future, answers))
    try:
        return await asyncio.gather(*tasks)
    finally:
        await end(tasks)


def _count(outcome: GroupResult, tally: Tally) -> None:
    tally.lines += len(outcome.lines)
    tally.asked += outcome.asked
    tally.repeated += len(outcome.unseen.repeated)
    tally.ambiguous += outcome.unseen.ambiguous
    tally.edge += outcome.unseen.edge
    tally.off_day += outcome.unseen.off_day
    tally.add(outcome.verdicts)
