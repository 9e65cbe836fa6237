"""Audits a send log: queries the service for many groups of lines at once, and yields results in the order of the log.

The groups of :class:`.send_log.lines.Lines` are processed concurrently, and their results are yielded one after the
other. So the same log and the same records give the same rows, whatever the response times. A slow consumer slows the
queries down. A group whose result is already known is not queried.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_dysms.audit import judge
from airflow_provider_dysms.audit.matching.assign import Assignment, assign
from airflow_provider_dysms.audit.matching.detail_queries import (
    AuditScope,
    DetailQuery,
    Match,
    check_match,
    first_queries,
    second_queries,
)
from airflow_provider_dysms.audit.results import NOTHING_HIDDEN, GroupResult, HiddenCounts, Source, with_known_verdicts
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.audit.worker_pool import OrderedPool, cancel_all
from airflow_provider_dysms.model.errors import DysmsError, DysmsIncomplete, DysmsInputError, DysmsNotFound

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.audit.verdict import Verdict
    from airflow_provider_dysms.model.records import MessageReport, SendDetail

__all__ = ["Match", "QueryClient", "audit", "known_results"]

Result = TypeVar("Result")

#: Queries that are open at once. At 5,000 queries per second and 40 ms per response, 200 are under way; the rest makes
#: up for slow responses. Each query needs a connection, so a higher limit would only cost memory.
IN_FLIGHT = 256


class QueryClient(Protocol):
    """The client that queries the service. It returns complete responses that belong to the request, or raises."""

    async def query_send_details(
        self, phone_number: str, send_date: date, biz_id: str | None = None
    ) -> Sequence[SendDetail]:
        """Return every record of a number on a day."""

    async def query_message(self, message_id: str) -> MessageReport:
        """Return the report of one message; raise ``DysmsNotFound`` if there is none."""


async def audit(
    log: SendLog,
    client: QueryClient,
    *,
    send_date: date,
    as_of: datetime,
    match: Match = "auto",
    in_flight: int = IN_FLIGHT,
    tally: Tally | None = None,
    known_result: Callable[[int, list[Line]], GroupResult | None] = lambda index, lines: None,
    known_verdicts: Callable[[int], Mapping[int, Verdict | None] | None] = lambda index: None,
    leave_out: Callable[[GroupResult], object] | None = None,
) -> AsyncGenerator[GroupResult, None]:
    """Find out what became of every message of a send log.

    Lines of one message get one verdict: see :mod:`.send_log.duplicates`. A log in which no line has an id or a time is
    only a list of numbers: every number is queried once, lines that share one are one query (the carried columns come
    from the first of them), and every record is returned once.

    :param log: the result of :func:`~.send_log.log.read_send_log` or :func:`~.send_log.log.phone_log`
    :param client: queries the service
    :param send_date: the Beijing day of the log
    :param as_of: when the audit began, aware; it decides ``expired``, and which days lie in the future
    :param match: how lines and records find each other: by BizId, else by OutId, else by time (``auto`` and
        ``biz_id``); by OutId, else by time (``out_id``); by time alone (``sent_at``). A line without the key uses the
        next one. A message id needs no matching
    :param in_flight: the maximum number of concurrent queries
    :param tally: where the counts go; it is up to date with the results that have been yielded
    :param known_result: takes the index and the lines of a group; returns its result, or ``None`` if the group must be
        queried
    :param known_verdicts: takes the index of a group that must be queried; returns the verdicts of some of its lines by
        their position, ``None`` for a line that repeats one of these. Only the other lines are queried
    :param leave_out: removes the verdicts of people who must not be in a result: neither a line with only a message
        id nor one that cannot be queried tells whose it is
    :returns: the result of one group at a time; it may have no verdict
    :raises DysmsInputError: no line has the key that ``match`` names; nothing was queried
    :raises DysmsError: the first error of a query; the other queries are cancelled
    """
    check_match(log, match)
    tally = Tally() if tally is None else tally
    scope = AuditScope(send_date, as_of, match, log.has_match_keys)
    processor = _GroupProcessor(client, scope, log.carry, in_flight, known_verdicts)
    groups = enumerate(log.lines.groups())
    pool = OrderedPool(
        groups, lambda *group: _result_of_rejected(*group) or known_result(*group), processor.process, in_flight
    )
    pool.start()
    try:
        remaining = len(log.lines)
        while results := await pool.next_results():
            for result in results:
                remaining -= len(result.lines)
                if leave_out is not None and result.source in (Source.ASKED, Source.LOG):
                    leave_out(result)
                _count(result, tally)
                yield result
        if remaining:
            raise DysmsIncomplete(
                f"{remaining} lines of the log were not processed, which is an error in this package; report it"
            )
    finally:
        await pool.close()


def known_results(
    log: SendLog,
    known_result: Callable[[int, list[Line]], GroupResult],
    tally: Tally,
    leave_out: Callable[[GroupResult], object] | None,
) -> Iterator[GroupResult]:
    """Yield the results of a log of which every group is known, so that nothing is queried.

    :param known_result: takes the index and the lines of a group
    :param tally: where the counts go
    :param leave_out: removes the verdicts of people who must not be in a result; ``None`` if nobody is left out
    """
    for index, lines in enumerate(log.lines.groups()):
        result = (lines[0].rejection and _result_of_rejected(index, lines)) or known_result(index, lines)
        if leave_out is not None:
            leave_out(result)
        _count(result, tally)
        yield result


def _result_of_rejected(index: int, lines: list[Line]) -> GroupResult | None:
    if lines[0].rejection is None:
        return None
    return GroupResult(index, lines, [judge.of_rejected(line) for line in lines], Source.LOG)


class _GroupProcessor:
    """Queries the service for groups of lines, with a limit on concurrent queries."""

    def __init__(
        self,
        client: QueryClient,
        scope: AuditScope,
        carry: tuple[str, ...],
        in_flight: int,
        known_verdicts: Callable[[int], Mapping[int, Verdict | None] | None],
    ) -> None:
        self.known_verdicts = known_verdicts
        self.client = client
        self.scope = scope
        self.nothing_carried = (None,) * len(carry)
        self.semaphore = asyncio.Semaphore(in_flight)

    async def process(self, index: int, lines: list[Line]) -> GroupResult:
        try:
            if lines[0].message_id is not None:
                return await self._query_message(index, lines, lines[0].message_id)
            if known := self.known_verdicts(index):
                to_query = [line for position, line in enumerate(lines) if position not in known]
                return with_known_verdicts(await self._query_number(index, to_query), lines, known)
            return await self._query_number(index, lines)
        except DysmsError as error:
            if not isinstance(error, DysmsInputError) and lines[0].where not in error.message:
                error.prefix_message(lines[0].where)
            raise

    async def _query_message(self, index: int, lines: list[Line], message_id: str) -> GroupResult:
        send_date, as_of = self.scope.send_date, self.scope.as_of
        repeated = tuple(range(1, len(lines)))
        try:
            async with self.semaphore:
                report = await self.client.query_message(message_id)
        except DysmsNotFound:
            missing = judge.of_missing(lines[0], send_date, as_of)
            return GroupResult(index, lines, [missing], asked=1, hidden_counts=HiddenCounts(repeated=repeated))
        off_day = judge.days_off(report, lines[0], send_date)
        first, *_ = [judge.of_report(report, line, as_of) for line in lines]  # each checks the number of its line
        return GroupResult(
            index, lines, [first], asked=1, hidden_counts=HiddenCounts(off_day=off_day, repeated=repeated)
        )

    async def _query_number(self, index: int, lines: list[Line]) -> GroupResult:
        scope = self.scope
        first = first_queries(lines, scope)
        responses = {first[0]: await self._query(first[0])} if len(first) == 1 else await self._query_all(first)
        assigned = assign(lines, responses, scope)
        further: list[DetailQuery] = []
        if scope.has_match_keys and None in assigned.records:
            unmatched = [lines[position] for position in assigned.distinct() if assigned.records[position] is None]
            further = [query for query in second_queries(unmatched, scope) if query not in responses]
        if further:
            responses |= await self._query_all(further)
            assigned = assign(lines, responses, scope)
        hidden_counts = HiddenCounts(
            len(further), assigned.ambiguous, assigned.edge, assigned.off_day, assigned.repeated
        )
        return GroupResult(
            index, lines, self._verdicts(lines, assigned), asked=len(responses), hidden_counts=hidden_counts
        )

    def _verdicts(self, lines: list[Line], assigned: Assignment) -> list[Verdict]:
        phone, as_of = lines[0].phone, self.scope.as_of
        assert phone is not None
        if not self.scope.has_match_keys:
            return [judge.of_record(record, lines[0], as_of) for record, _ in assigned.others]
        verdicts = [
            judge.of_record(record, line, as_of) if record else judge.of_missing(line, self.scope.send_date, as_of)
            for line, record in ((lines[position], assigned.records[position]) for position in assigned.distinct())
        ]
        for record, biz_id in assigned.others:
            verdicts.append(judge.of_unlogged(record, phone, biz_id, self.nothing_carried, as_of))
        return verdicts

    async def _query_all(self, queries: list[DetailQuery]) -> dict[DetailQuery, Sequence[SendDetail]]:
        return dict(zip(queries, await _gather(map(self._query, queries)), strict=True))

    async def _query(self, query: DetailQuery) -> Sequence[SendDetail]:
        await self.semaphore.acquire()
        try:
            return await self.client.query_send_details(*query)
        finally:
            self.semaphore.release()


async def _gather(awaitables: Iterable[Awaitable[Result]]) -> list[Result]:
    """Wait for all; if one fails, cancel the others, which ``asyncio.gather`` leaves running."""
    tasks = list(map(asyncio.ensure_future, awaitables))
    try:
        return await asyncio.gather(*tasks)
    finally:
        await cancel_all(tasks)


def _count(result: GroupResult, tally: Tally) -> None:
    tally.lines += len(result.lines)
    tally.asked += result.asked
    tally.erased += result.erased
    if (hidden := result.hidden_counts) is not NOTHING_HIDDEN:
        tally.repeated += len(hidden.repeated)
        tally.ambiguous += hidden.ambiguous
        tally.edge += hidden.edge
        tally.off_day += hidden.off_day
    tally.add(result.verdicts)
