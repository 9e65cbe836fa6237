"""Runs queries: one per user, a few at a time, in processes that are used again while they are well."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed
from airflow_provider_dysms.plugins.queries.query_limits import MAX_QUERIES, QueryLimits
from airflow_provider_dysms.plugins.queries.query_process import QueryProcess
from airflow_provider_dysms.plugins.queries.user_slot import user_slot

if TYPE_CHECKING:
    from collections.abc import Mapping


class QueryRunner:
    """Runs the queries of one API server process. Threads may share it.

    :param environment: environment variables of the processes
    :param limits: the bounds of each query
    """

    def __init__(self, environment: Mapping[str, str], limits: QueryLimits | None = None) -> None:
        self._environment = environment
        self._limits = limits or QueryLimits()
        self._places = threading.BoundedSemaphore(MAX_QUERIES)
        self._lock = threading.Lock()
        self._idle: list[QueryProcess] = []

    def run(self, user: str, query: Mapping[str, Any], cancelled: threading.Event) -> dict[str, Any]:
        """Return the answer to a query.

        :param user: the id of the user who asks
        :param query: for :func:`~airflow_provider_dysms.plugins.queries.answer_queries.answer`
        :param cancelled: set when nobody waits for the answer any more
        :raises QueryFailed: with the reason
        """
        with user_slot(user):
            if not self._places.acquire(blocking=False):
                raise QueryFailed("server_busy")
            try:
                process = self._take()
                answer = process.ask(query, cancelled)
                self._keep(process)
                return answer
            finally:
                self._places.release()

    def close(self) -> None:
        """End the processes that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.kill()

    def _take(self) -> QueryProcess:
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return QueryProcess(self._environment, self._limits)
            if process.is_usable:
                return process
            process.kill()

    def _keep(self, process: QueryProcess) -> None:
        if not process.is_usable:
            process.kill()
            return
        with self._lock:
            self._idle.append(process)
