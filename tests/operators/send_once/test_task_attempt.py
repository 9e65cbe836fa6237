"""An attempt has what Airflow's context tells about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt, began_at

NOW = datetime.now(UTC)


def context(**changed: Any) -> dict[str, Any]:
    counted: list[dict[str, Any]] = []
    ti = SimpleNamespace(
        dag_id="dag",
        run_id="run",
        task_id="send",
        map_index=changed.pop("map_index", None),
        try_number=2,
        get_ti_count=lambda **what: counted.append(what) or 7,
    )
    run = SimpleNamespace(run_after=NOW, start_date=NOW + timedelta(seconds=1), clear_number=changed.pop("cleared", 0))
    return {"ti": ti, "dag_run": run, **changed}


def test_it_has_the_ids_and_times_of_the_task_instance() -> None:
    attempt = TaskAttempt.from_context(context(task_state_store="store"), NOW)
    assert (attempt.dag_id, attempt.run_id, attempt.task_id, attempt.number) == ("dag", "run", "send", 2)
    assert (attempt.began, attempt.run_after, attempt.run_started) == (NOW, NOW, NOW + timedelta(seconds=1))
    assert attempt.state_store == "store"
    assert attempt.count_positions is not None
    assert attempt.count_positions() == 7


@pytest.mark.parametrize(("map_index", "is_mapped"), [(None, False), (-1, False), (0, True), (3, True)])
def test_only_a_position_is_mapped(map_index: int | None, is_mapped: bool) -> None:
    assert TaskAttempt.from_context(context(map_index=map_index)).is_mapped is is_mapped


@pytest.mark.parametrize(("cleared", "was_cleared"), [(0, False), (1, True), (2, True)])
def test_a_run_that_was_cleared_is_known(cleared: int, was_cleared: bool) -> None:
    assert TaskAttempt.from_context(context(cleared=cleared)).was_cleared is was_cleared


def test_it_begins_now_unless_it_has_waited() -> None:
    assert NOW <= TaskAttempt.from_context(context()).began <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("event", "began"),
    [
        ({"began": NOW.isoformat()}, NOW),
        ({"began": (NOW + timedelta(days=1)).isoformat()}, None),
        ({"began": "yesterday"}, None),
        ({}, None),
        (None, None),
        ("text", None),
    ],
)
def test_an_event_tells_when_the_attempt_began(event: Any, began: datetime | None) -> None:
    assert began_at(event) == began
