"""The deadline of the example survives serialisation, and Airflow's own trigger runs its callback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
from airflow.triggers.callback import CallbackTrigger

FOLDER = Path(__file__).resolve().parents[2] / "example_dags"
DAG_ID = "dysms_audit_deadline"


def test_the_deadline_is_ten_in_beijing_and_stays_so_in_the_stored_dag() -> None:
    bag = DagBag(str(FOLDER))
    dag = bag.dags[DAG_ID]
    (alert,) = dag.deadline
    stored = DagSerialization.to_dict(dag)
    restored = DagSerialization.from_dict(stored)
    morning = pendulum.datetime(2026, 11, 28, 0, tz="Asia/Shanghai")
    info = restored.timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(morning, None, catchup=True)
    )
    assert info is not None
    assert info.logical_date + alert.interval == pendulum.datetime(2026, 11, 28, 10, tz="Asia/Shanghai")
    (kept,) = stored["dag"]["deadline"]
    assert "DagRunLogicalDateDeadline" in str(kept)
    assert f"{DAG_ID}.not_audited" in str(kept)


def test_the_callback_that_airflow_imports_by_its_name_says_which_run_is_late(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (alert,) = DagBag(str(FOLDER)).dags[DAG_ID].deadline
    monkeypatch.syspath_prepend(str(FOLDER))  # as the docstring of the file says
    context = {"dag_run": {"dag_id": DAG_ID, "dag_run_id": "scheduled__2026-11-29T23:30:00+00:00"}}
    trigger = CallbackTrigger(alert.callback.path, {**alert.callback.kwargs, "context": context})

    async def run() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    payload = asyncio.run(run())[-1]
    said = "The audit is late: the run scheduled__2026-11-29T23:30:00+00:00 has not ended by 10:00 in Beijing"
    assert (payload["state"], payload["body"]) == ("success", said)
    assert said in caplog.text
