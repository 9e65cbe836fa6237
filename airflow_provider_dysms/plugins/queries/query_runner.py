"""Runs queries: one per user, a few at a time, each in a process of its own."""

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
        self._spare: QueryProcess | None = None

    def run(self, user: str, query: Mapping[str, Any], cancelled: threading.Event) -> dict[str, Any]:
        """Return the answer to a query.

        :param user: the id of the user who asks
        :param query: for :func:`~airflow_provider_dysms.plugins.queries.answer_query.answer`
        :param cancelled: set when nobody waits for the answer any more
        :raises QueryFailed: with the reason
        """
        with user_slot(user):
            if not self._places.acquire(blocking=False):
                raise QueryFailed("server_busy")
            try:
                return self._take().ask(query, cancelled)
            finally:
                self._places.release()
                self.prepare()

    def prepare(self) -> None:
        """Start the process for the next query, so that it has loaded its libraries when the query comes."""
        with self._lock:
            if self._spare is None or not self._spare.is_alive:
                self._discard()
                self._spare = QueryProcess(self._environment, self._limits)

    def close(self) -> None:
        """End the process that waits."""
        with self._lock:
            self._discard()

    def _take(self) -> QueryProcess:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            if spare.is_alive:
                return spare
            spare.kill()
        return QueryProcess(self._environment, self._limits)

    def _discard(self) -> None:
        if self._spare is not None:
            self._spare.kill()
            self._spare = None
