"""Asks what a send log gives rise to, many cases at once, and hands the verdicts out in the order of the log.

A *case* is what has to be looked at together: all lines of one number, all lines of one message id, or a line that
cannot be asked. Cases are worked off side by side and come out one after the other, so the same log and the same
records give the same rows, however fast the answers are. Who takes the verdicts slowly slows the asking down.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_dysms.api.errors import DysmsNotFound
from airflow_provider_dysms.audit import judging
from airflow_provider_dysms.audit.match import Dealt, deal
from airflow_provider_dysms.audit.questions import (
    Match,
    Question,
    Scope,
    check_match,
    first_questions,
    second_questions,
)
from airflow_provider_dysms.audit.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Iterator, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.api.records import MessageReport, SendDetail
    from airflow_provider_dysms.audit.sent import Line, SentLog
    from airflow_provider_dysms.audit.verdict import Verdict

__all__ = ["Ask", "Match", "audit"]

Answer = TypeVar("Answer")

#: Cases that are begun or done and not handed out yet, for each question that may be open at once: enough that one
#: slow case does not hold the others up, and little enough to keep in memory.
_CASES_AHEAD = 16


class Ask(Protocol):
    """Who answers: the client. Its answers are complete and about what was asked, or an error."""

    async def query_send_details(
        self, phone_number: str, send_date: date, biz_id: str | None = None
    ) -> Sequence[SendDetail]:
        """Return every record of a number on a day."""

    async def query_message(self, message_id: str) -> MessageReport:
        """Return the report of one message; raise ``DysmsNotFound`` where there is none."""


@dataclass(slots=True)
class _Outcome:
    """What became of one case, and what it adds to the tally."""

    lines: int
    verdicts: list[Verdict]
    asked: int = 0
    repeated: int = 0
    dealt: Dealt = field(default_factory=lambda: Dealt([]))


async def audit(
    log: SentLog,
    ask: Ask,
    *,
    send_date: date,
    as_of: datetime,
    match: Match = "auto",
    in_flight: int = 64,
    tally: Tally | None = None,
) -> AsyncGenerator[list[Verdict], None]:
    """Say of every line of a send log what became of its message.

    A log in which no line has an id or a time is a list of questions: every number is asked once, lines that share one
    are one question (the first of them is carried along), and every record comes out once.

    :param log: what :func:`~.sent.read_sent_log` or :func:`~.sent.phone_log` returned
    :param ask: who answers
    :param send_date: the Beijing day that the log is of
    :param as_of: when the audit began, aware; it decides ``expired``, and which days lie in the future
    :param match: how lines and records find each other: by BizId, else by OutId, else by time (``auto`` and
        ``biz_id``); by OutId, else by time (``out_id``); by time alone (``sent_at``). A line that lacks the key goes by
        the next one. A message id needs no matching
    :param in_flight: how many questions are open at once
    :param tally: where the counts go; it is up to date with the verdicts handed out so far
    :returns: the verdicts of one case at a time; there may be none
    :raises DysmsInputError: no line has the key that ``match`` names; nothing was asked
    :raises DysmsError: the first error of an answer, as it is; what was still open is cancelled
    """
    check_match(log, match)
    tally = Tally() if tally is None else tally
    scope = Scope(send_date, as_of, match, log.keyed)
    worker = _Worker(ask, scope, len(log.carry), in_flight)
    cases = _cases(log)
    failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def watch(task: asyncio.Task[_Outcome]) -> None:
        if not task.cancelled() and (error := task.exception()) and not failure.done():
            failure.set_result(error)

    ahead: deque[asyncio.Task[_Outcome]] = deque()
    try:
        while True:
            while len(ahead) < in_flight * _CASES_AHEAD and (lines := next(cases, None)):
                task = asyncio.create_task(worker.work_off(lines))
                task.add_done_callback(watch)
                ahead.append(task)
            if not ahead:
                return
            if not ahead[0].done():
                await asyncio.wait((ahead[0], failure), return_when=asyncio.FIRST_COMPLETED)
            if failure.done():
                raise failure.result()
            outcome = ahead.popleft().result()
            _count(outcome, tally)
            yield outcome.verdicts
    finally:
        await _end(ahead)


def _cases(log: SentLog) -> Iterator[list[Line]]:
    """Yield the lines that belong together, in the order in which the first of each appears."""
    cases: dict[object, list[Line]] = {}
    for index, line in enumerate(log.lines):
        if line.rejection is not None:
            key: object = index
        elif line.message_id is not None:
            key = ("message", line.message_id)
        else:
            key = line.phone.digits if line.phone else index
        cases.setdefault(key, []).append(line)
    return iter(cases.values())


class _Worker:
    """Works off cases, with so many questions open at once."""

    def __init__(self, ask: Ask, scope: Scope, carried: int, in_flight: int) -> None:
        self.ask = ask
        self.scope = scope
        self.no_carried = (None,) * carried
        self.gate = asyncio.Semaphore(in_flight)

    async def work_off(self, lines: list[Line]) -> _Outcome:
        if lines[0].rejection is not None:
            return _Outcome(len(lines), [judging.of_rejected(line) for line in lines])
        if lines[0].message_id is not None:
            return await self._by_message_id(lines, lines[0].message_id)
        return await self._by_number(lines)

    async def _by_message_id(self, lines: list[Line], message_id: str) -> _Outcome:
        send_date, as_of = self.scope.send_date, self.scope.as_of
        try:
            async with self.gate:
                report = await self.ask.query_message(message_id)
        except DysmsNotFound:
            verdicts = [judging.of_missing(line, send_date, as_of) for line in lines]
            return _Outcome(len(lines), verdicts, asked=1, repeated=len(lines) - 1)
        off_day = judging.days_off(report, lines[0], send_date)
        verdicts = [judging.of_report(report, line, as_of) for line in lines]
        return _Outcome(len(lines), verdicts, 1, len(lines) - 1, Dealt([], off_day=off_day))

    async def _by_number(self, lines: list[Line]) -> _Outcome:
        scope = self.scope
        answers = await self._answers(first_questions(lines, scope))
        dealt = deal(lines, answers, scope)
        further = [question for question in second_questions(lines, dealt.records, scope) if question not in answers]
        if further:
            answers |= await self._answers(further)
            dealt = deal(lines, answers, scope)
        phone, as_of = lines[0].phone, scope.as_of
        assert phone is not None
        if not scope.keyed:
            verdicts = [judging.of_record(record, lines[0], as_of) for record, _ in dealt.others]
            return _Outcome(len(lines), verdicts, len(answers), dealt=dealt)
        verdicts = [
            judging.of_record(record, line, as_of) if record else judging.of_missing(line, scope.send_date, as_of)
            for line, record in zip(lines, dealt.records, strict=True)
        ]
        verdicts += [
            judging.of_unlogged(record, phone, biz_id, self.no_carried, as_of) for record, biz_id in dealt.others
        ]
        return _Outcome(len(lines), verdicts, len(answers), dealt=dealt)

    async def _answers(self, questions: list[Question]) -> dict[Question, Sequence[SendDetail]]:
        return dict(zip(questions, await _together([self._answer(question) for question in questions]), strict=True))

    async def _answer(self, question: Question) -> Sequence[SendDetail]:
        async with self.gate:
            return await self.ask.query_send_details(question.phone_number, question.day, question.biz_id)


async def _together(answers: Sequence[Awaitable[Answer]]) -> list[Answer]:
    if len(answers) == 1:
        return [await answers[0]]
    tasks = deque(map(asyncio.ensure_future, answers))
    try:
        return await asyncio.gather(*tasks)
    finally:
        await _end(tasks)


async def _end(tasks: deque[asyncio.Future[Answer]] | deque[asyncio.Task[Answer]]) -> None:
    """Cancel what still runs and see it off, so that nothing is left behind."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _count(outcome: _Outcome, tally: Tally) -> None:
    tally.lines += outcome.lines
    tally.asked += outcome.asked
    tally.repeated += outcome.repeated
    tally.ambiguous += outcome.dealt.ambiguous
    tally.edge += outcome.dealt.edge
    tally.off_day += outcome.dealt.off_day
    for verdict in outcome.verdicts:
        tally.add(verdict)
