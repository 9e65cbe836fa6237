"""A DAG starts from the event of a settled day, and another one when all days of a week have theirs."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from support.features import has_partitioned_events
from support.manifests import put_manifest

EXAMPLE = Path(__file__).resolve().parents[2] / "example_dags/dysms_settled_days.py"
WEEK = [f"2026-11-{day}" for day in range(16, 23)]


@pytest.fixture
def dags() -> dict[str, Any]:
    bag = DagBag(str(EXAMPLE))
    assert bag.import_errors == {}
    return bag.dags


def test_the_counts_are_those_of_the_manifests(
    dags: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_DYSMS_OUTPUT_URI", f"file://{tmp_path}")
    for place, day in enumerate(WEEK):
        put_manifest(tmp_path, date.fromisoformat(day), by_state={"delivered": place, "failed": 1})
    event = SimpleNamespace(extra={"send_date": WEEK[3]})
    count_day = dags["dysms_settled_day"].get_task("count_day").python_callable
    assert count_day(triggering_asset_events={"asset": [event]}) == {WEEK[3]: {"delivered": 3, "failed": 1}}
    if has_partitioned_events():
        count_week = dags["dysms_settled_week"].get_task("count_week").python_callable
        assert count_week(dag_run=SimpleNamespace(partition_key=WEEK[0])) == {"delivered": 21, "failed": 7}


def mapper_of(dag: Any) -> Any:
    """Return how the scheduler maps the partitions of the asset."""
    timetable = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag)))).timetable
    return timetable.get_partition_mapper(name="dysms_settled_days", uri="dysms_settled_days")


def test_seven_days_from_monday_make_a_week(dags: dict[str, Any]) -> None:
    if not has_partitioned_events():
        assert set(dags) == {"dysms_settled_day"}
        return
    assert mapper_of(dags["dysms_settled_day"]).to_downstream(WEEK[3]) == WEEK[3]
    weekly = mapper_of(dags["dysms_settled_week"])
    assert {weekly.to_downstream(day) for day in WEEK} == {WEEK[0]}
    assert weekly.to_upstream(WEEK[0]) == set(WEEK)
    assert weekly.to_downstream("2026-11-23") != WEEK[0]
