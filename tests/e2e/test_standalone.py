"""`airflow standalone`, as somebody tries it first: SQLite, one of each part, Airflow's own settings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from running_airflow import RunningAirflow, States

from airflow_provider_dysms.emulator import Emulator

pytestmark = pytest.mark.e2e

DAGS = Path(__file__).parent / "dags"


@dataclass
class Story:
    """A DAG file, what its run is started with, and how its tasks end."""

    file: Path
    ends: States
    conf: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


STORIES = {
    "waits": Story(
        DAGS / "waits.py",
        {("stories", -1): "success", ("wait", 0): "success", ("wait", 1): "success"},
        {"stories": [{"seconds": 0, "good": True}, {"seconds": 15, "good": True}]},
    ),
}


@pytest.mark.parametrize("dag_id", STORIES)
def test_a_dag_goes_through_scheduler_and_triggerer(dag_id: str, emulator: Emulator, tmp_path: Path) -> None:
    story = STORIES[dag_id]
    environment = {"AIRFLOW_CONN_DYSMS_DEFAULT": emulator.connection_json(), **story.environment}
    with RunningAirflow(
        tmp_path / "home", parts=("standalone",), dags=[story.file], impatient=False, environment=environment
    ) as airflow:
        assert airflow.wait(dag_id, airflow.trigger(dag_id, story.conf)) == story.ends
