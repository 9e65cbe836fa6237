"""A query runs in a process of its own, which is killed at its bounds, and which shows the query to nobody."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed
from airflow_provider_dysms.plugins.queries.query_limits import QueryLimits
from airflow_provider_dysms.plugins.queries.query_process import QueryProcess

pytestmark = pytest.mark.slow

NUMBER = "139" + "12345678"
NEVER = threading.Event()


@pytest.fixture
def start() -> Iterator[Callable[..., QueryProcess]]:
    """Start a process; it is ended after the test."""
    started: list[QueryProcess] = []

    def start(**limits: float) -> QueryProcess:
        started.append(QueryProcess(os.environ, QueryLimits(**{"seconds": 60, **limits})))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for process in started:
        process.kill()


def details(folder: Path) -> dict[str, object]:
    archive = {"output_uri": f"file://{folder}", "partition": "send_date={send_date:%Y-%m-%d}"}
    filters = {"phone_number": NUMBER, "last": "24h"}
    return {"job": "find_details", "arguments": {"archive": archive, "filters": filters}}


def test_one_process_answers_one_query_after_the_other(start: Callable[..., QueryProcess], tmp_path: Path) -> None:
    process = start()
    for _ in range(2):
        assert process.ask(details(tmp_path), NEVER)["result"]["records"] == []
        assert process.is_usable


def test_errors_come_back_as_words_and_unexpected_ones_without_their_text(
    start: Callable[..., QueryProcess], tmp_path: Path
) -> None:
    process = start()
    query = details(tmp_path)
    query["arguments"]["filters"] = {"country": "China"}  # type: ignore[index]
    assert process.ask(query, NEVER)["error"]["argument"] == "country"
    answer = process.ask({"job": NUMBER}, NEVER)
    assert answer["error"]["kind"] == "unexpected"
    assert answer["error"]["message"].startswith("KeyError at ")
    assert NUMBER not in str(answer)
    missing = details(tmp_path)
    missing["arguments"]["archive"]["dysms_conn_id"] = "no_such_connection"  # type: ignore[index]
    assert process.ask(missing, NEVER)["error"]["kind"] == "archive"


@pytest.mark.parametrize(("limits", "reason"), [({"seconds": 0.2}, "too_slow"), ({"megabytes": 20}, "too_large")])
def test_a_process_is_killed_at_a_bound(
    start: Callable[..., QueryProcess], tmp_path: Path, limits: dict[str, float], reason: str
) -> None:
    process = start(**limits)
    with pytest.raises(QueryFailed) as failed:
        process.ask(details(tmp_path), NEVER)
    assert failed.value.reason == reason
    assert not psutil.pid_exists(process.pid)


def test_a_process_is_killed_when_nobody_waits(start: Callable[..., QueryProcess], tmp_path: Path) -> None:
    gone = threading.Event()
    gone.set()
    process = start()
    with pytest.raises(QueryFailed) as failed:
        process.ask(details(tmp_path), gone)
    assert failed.value.reason == "cancelled"
    assert not psutil.pid_exists(process.pid)


def test_a_process_that_dies_has_no_answer(start: Callable[..., QueryProcess], tmp_path: Path) -> None:
    process = start()
    threading.Timer(0.2, os.kill, (process.pid, signal.SIGKILL)).start()
    with pytest.raises(QueryFailed) as failed:
        process.ask(details(tmp_path), NEVER)
    assert failed.value.reason == "died"


def test_the_query_stands_neither_in_its_command_nor_in_its_environment(
    start: Callable[..., QueryProcess], tmp_path: Path
) -> None:
    process = start()
    asking = threading.Thread(target=process.ask, args=(details(tmp_path), NEVER))
    asking.start()
    time.sleep(0.3)
    seen = psutil.Process(process.pid)
    shown = f"{seen.cmdline()} {seen.environ()}"
    asking.join()
    assert "answer_queries" in shown
    assert NUMBER not in shown


def test_a_process_ends_with_the_one_that_started_it(start: Callable[..., QueryProcess]) -> None:
    process = start()
    assert process._process.stdin is not None
    process._process.stdin.close()
    assert process._process.wait(timeout=60) == 0


def test_memory_is_bounded_by_the_system_too_and_no_crash_is_written_to_disk() -> None:
    process = QueryProcess(os.environ, QueryLimits(megabytes=300))
    try:
        deadline = time.monotonic() + 30
        while resource.prlimit(process.pid, resource.RLIMIT_CORE) != (0, 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (0, 0)
        assert resource.prlimit(process.pid, resource.RLIMIT_AS)[0] == (300 + 2048) * 2**20
    finally:
        process.kill()
