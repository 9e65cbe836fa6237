"""Processes are used again, a few queries run at a time, and a user has one of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from airflow_provider_dysms.plugins.queries import query_runner
from airflow_provider_dysms.plugins.queries.query_errors import QueryFailed
from airflow_provider_dysms.plugins.queries.query_limits import QueryLimits
from airflow_provider_dysms.plugins.queries.query_runner import QueryRunner

pytestmark = pytest.mark.slow

NEVER = threading.Event()


@pytest.fixture
def runner() -> Iterator[QueryRunner]:
    runner = QueryRunner(os.environ, QueryLimits(seconds=60))
    yield runner
    runner.close()


def query(folder: Path) -> dict[str, Any]:
    archive = {"output_uri": f"file://{folder}", "partition": "send_date={send_date:%Y-%m-%d}"}
    return {"job": "find_details", "arguments": {"archive": archive, "filters": {"last": "1h"}}}


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "answer_queries" in " ".join(child.cmdline())}


def test_a_process_is_used_again_and_ended_at_the_end(runner: QueryRunner, tmp_path: Path) -> None:
    before = children()
    for user in ("one", "two"):
        assert "result" in runner.run(user, query(tmp_path), NEVER)
        assert len(children() - before) == 1
    runner.close()
    assert not children() - before


def test_a_second_query_of_a_user_is_refused_while_others_are_answered(runner: QueryRunner, tmp_path: Path) -> None:
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(runner.run("one", query(tmp_path), NEVER)))
    first.start()
    while not children():
        pass
    with pytest.raises(QueryFailed) as refused:
        runner.run("one", query(tmp_path), NEVER)  # the first one loads libraries for longer than this one waits
    assert "result" in runner.run("two", query(tmp_path), NEVER)
    first.join()
    assert refused.value.reason == "user_busy"
    assert "result" in answers[0]


def test_only_a_few_queries_run_at_a_time(runner: QueryRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(query_runner.MAX_QUERIES):
        assert runner._places.acquire(blocking=False), place
    with pytest.raises(QueryFailed) as refused:
        runner.run("one", query(tmp_path), NEVER)
    assert refused.value.reason == "server_busy"


def test_a_query_that_was_killed_leaves_no_process_and_the_next_one_is_answered(tmp_path: Path) -> None:
    hasty = QueryRunner(os.environ, QueryLimits(seconds=0.1))
    before = children()
    with pytest.raises(QueryFailed):
        hasty.run("one", query(tmp_path), NEVER)
    assert not children() - before
    hasty.close()
