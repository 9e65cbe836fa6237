"""Counts what tasks and waits do, through Airflow's own metrics, under the prefix ``dysms.``: see docs/metrics.md.

Airflow passes them on to StatsD, Datadog or OpenTelemetry, whichever is configured, or drops them. A metric never fails
a task. Tasks emit them before or after their event loop, never inside it.
"""

from __future__ import annotations

import logging
import socket
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.counters import Counters
    from airflow_provider_dysms.waits.polling.activity import Activity

log = logging.getLogger(__name__)

REQUESTS = "dysms.requests"
THROTTLED = "dysms.throttled"
ROWS = "dysms.rows"
UNSETTLED_DAYS = "dysms.unsettled_days"
OPEN_WAITS = "dysms.open_waits"
POLL_LAG = "dysms.poll_lag"

#: The clients' counters of the event loop that a task runs; ``None`` outside such a loop.
_counted: ContextVar[list[Counters] | None] = ContextVar("dysms_counted", default=None)


@contextmanager
def counted_requests() -> Iterator[None]:
    """Emit the requests of every client that is made inside, at the end, also after an error.

    It must be entered outside the event loop that makes the requests.
    """
    counters: list[Counters] = []
    token = _counted.set(counters)
    try:
        yield
    finally:
        _counted.reset(token)
        _emit_requests(sum(each.requests for each in counters), sum(each.throttled for each in counters), _task_tags())


def count_client(client: DysmsClient) -> DysmsClient:
    """Have the requests of a client counted by :func:`counted_requests`, if that is active; return the client."""
    if (counted := _counted.get()) is not None:
        counted.append(client.counters)
    return client


def count_rows(by_state: Mapping[str, int]) -> None:
    """Emit how many rows an audit has written, by state."""
    tags = _task_tags()
    for state, rows in by_state.items():
        _emit("incr", f"{ROWS}.{state}", rows, tags)


def report_unsettled_days(days: int) -> None:
    """Emit how many days of the window are not settled: missing, provisional or open."""
    _emit("gauge", UNSETTLED_DAYS, days, _task_tags())


def report_waits(activity: Activity) -> None:
    """Emit what the waits of a triggerer do."""
    host = {"hostname": socket.gethostname()}
    _emit("gauge", OPEN_WAITS, activity.open_waits, host)
    _emit_requests(activity.requests, activity.throttled, {})
    if activity.max_lag is not None:
        _emit("timing", POLL_LAG, max(activity.max_lag, 0.0) * 1000, host)  # milliseconds


def _emit_requests(requests: int, throttled: int, tags: dict[str, str]) -> None:
    for name, count in ((REQUESTS, requests), (THROTTLED, throttled)):
        if count:
            _emit("incr", name, count, tags)


def _emit(kind: str, name: str, value: float, tags: Mapping[str, str]) -> None:
    try:
        from airflow.sdk.observability.stats import Stats

        getattr(Stats, kind)(name, value, tags=dict(tags))
    except Exception as error:
        log.debug("A metric could not be emitted (%s)", type(error).__name__)


def _task_tags() -> dict[str, str]:
    """Return DAG and task as tags, as Airflow's own metrics have them; none outside a task."""
    from airflow.sdk import get_current_context

    try:
        ti = get_current_context()["ti"]
        return {"dag_id": ti.dag_id, "task_id": ti.task_id}
    except Exception:  # each release of Airflow has its own
        return {}
