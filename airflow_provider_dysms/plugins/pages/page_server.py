"""The parts that all pages of a server share: its options, its queries, and the watch over visitors who leave."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from airflow_provider_dysms.plugins.pages.rendering.texts import CATALOGUES
from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed
from airflow_provider_dysms.plugins.queries.query_limits import MAX_QUERIES
from airflow_provider_dysms.reports.sending_details.translated_sentences import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from airflow_provider_dysms.plugins.pages.page_options import ArchiveOption, PageOptions
    from airflow_provider_dysms.plugins.pages.visitor import Visitor
    from airflow_provider_dysms.plugins.queries.query_runner import QueryRunner
    from airflow_provider_dysms.reports.texts import Language

log = logging.getLogger(__name__)

#: HTTP statuses of queries without a result.
_STATUSES = {"user_busy": 409, "server_busy": 503, "too_slow": 504, "too_large": 507, "died": 500, "cancelled": 499}

#: Seconds between two looks whether the visitor is still there.
_LOOK = 0.2


#: Queries of one user that may take a thread: one that runs, and one that waits for it. With more, one visitor could
#: take those of all others.
_MAX_PER_USER = 2


class QueryProblem(Exception):
    """A query that has no result, with the sentence for the visitor.

    :param status: of HTTP
    :param sentence: in the visitor's language
    :param field: that must be corrected; ``None`` if none must
    """

    def __init__(self, status: int, sentence: str, field: str | None = None) -> None:
        super().__init__(status, field)
        self.status = status
        self.sentence = sentence
        self.field = field


class PageServer:
    """The pages of one server.

    :param read_options: reads the options, on each request
    :param runner: of the queries
    """

    def __init__(self, read_options: Callable[[], PageOptions], runner: QueryRunner) -> None:
        self.read_options = read_options
        self._runner = runner
        self._threads: anyio.CapacityLimiter | None = None
        self._asking: Counter[str] = Counter()

    async def ask(
        self,
        request: Request,
        visitor: Visitor,
        job: str,
        options: PageOptions,
        archive: ArchiveOption,
        language: Language,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Return the result of a query.

        :param job: name of a job
        :param arguments: of the job
        :raises QueryProblem: it has none
        """
        if self._asking[visitor.user_id] >= _MAX_PER_USER:
            raise _problem_of(QueryFailed("user_busy"), options, language)
        query = {"job": job, "arguments": {"archive": archive.as_dict(), **arguments}}
        cancelled = threading.Event()
        self._asking[visitor.user_id] += 1
        watch = asyncio.create_task(_watch(request, cancelled))
        try:
            answer = await anyio.to_thread.run_sync(
                self._runner.run, visitor.user_id, query, cancelled, limiter=self._limiter()
            )
        except QueryFailed as failed:
            raise _problem_of(failed, options, language) from None
        finally:
            self._asking -= Counter([visitor.user_id])  # which forgets a user without a query
            cancelled.set()
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        if "error" in answer:
            raise _problem_in(answer["error"], options, language)
        result: dict[str, Any] = answer["result"]
        return result

    def _limiter(self) -> anyio.CapacityLimiter:
        """Return the limit of threads: Airflow's own routes share the others, however often visitors click."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(2 * MAX_QUERIES)
        return self._threads


def input_problem(field: str, problem: str, language: Language) -> QueryProblem:
    """Return the problem of a field that must be corrected.

    :param field: of the form
    :param problem: what is wrong with it, in English
    """
    texts = CATALOGUES[language]
    sentence = texts["problem_input"].format(field=texts.get(field, field), message=translate(problem, language, field))
    return QueryProblem(400, sentence, field)


def server_of(request: Request) -> PageServer:
    """Return the server of a request."""
    server: PageServer = request.app.state.pages
    return server


async def _watch(request: Request, cancelled: threading.Event) -> None:
    """Set the event when the visitor has gone."""
    while not cancelled.is_set():
        if await request.is_disconnected():
            cancelled.set()
        await asyncio.sleep(_LOOK)


def _problem_of(failed: QueryFailed, options: PageOptions, language: Language) -> QueryProblem:
    limits = options.limits
    if failed.reason not in ("user_busy", "cancelled"):
        log.warning("A query of a page has no result: %s.", failed.reason)
    text = CATALOGUES[language][f"problem_{failed.reason}"]
    return QueryProblem(
        _STATUSES[failed.reason], text.format(seconds=f"{limits.seconds:g}", megabytes=limits.megabytes)
    )


def _problem_in(error: Mapping[str, str], options: PageOptions, language: Language) -> QueryProblem:
    kind, argument = error["kind"], error["argument"]
    message = translate(error["message"], language, argument)
    if kind == "memory":
        return _problem_of(QueryFailed("too_large"), options, language)
    texts = CATALOGUES[language]
    if kind == "input" and argument in texts:
        return input_problem(argument, error["message"], language)
    if kind in ("input", "archive"):
        log.warning("An archive cannot be read: %s", message)
        whole = f"{argument} {message}" if argument else message
        return QueryProblem(503, texts["problem_archive"].format(message=whole))
    log.error("A query of a page failed: %s.", message)
    return QueryProblem(500, texts["problem_unexpected"])
