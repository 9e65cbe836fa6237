"""A DAG that watches the archive of receipts runs when files arrive, also after its triggerer was killed."""

from pathlib import Path

import pytest
from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow

pytestmark = pytest.mark.e2e

DAG = Path(__file__).parent / "dags" / "arrived.py"

#: Seconds in which a triggerer is found dead, another takes its trigger, and the run that follows has ended.
PATIENCE = 180


def test_each_file_starts_a_run_also_one_that_arrives_while_no_triggerer_lives(tmp_path: Path) -> None:
    archive = tmp_path / "receipts"
    archive.mkdir()
    environment = {"RECEIPTS_URI": f"file://{archive}/*.jsonl"}
    with RunningAirflow(tmp_path / "home", dags=[DAG], environment=environment) as airflow:
        store(archive, "first")
        assert new_files(airflow, after=0) == [1]
        store(archive, "second")
        assert new_files(airflow, after=1) == [1, 1]
        airflow.kill("triggerer")
        store(archive, "third")
        airflow.start_triggerer()
        # A trigger that starts does not know what was there before: the two old files are in its event, too.
        assert new_files(airflow, after=2) == [1, 1, 3]
        store(archive, "fourth")
        assert new_files(airflow, after=3) == [1, 1, 3, 1]
        stored = b"\n".join(cell for _, cell in airflow.everything_stored()).decode(errors="replace")
    assert "fourth.jsonl" not in stored


def store(archive: Path, name: str) -> None:
    """Put a file into the archive at once, as an object store does."""
    unfinished = archive.with_name(name)
    unfinished.write_text("smsMsgId=11aa22bb-0000-4000-8000-000000000001_42&status=DELIVRD\n")
    unfinished.rename(archive / f"{name}.jsonl")


def new_files(airflow: RunningAirflow, *, after: int) -> list[int]:
    """Wait for one more run; return the number of new files in the events of each run, in order."""
    until(lambda: len(runs(airflow)) > after, PATIENCE, "the files have started a run")
    return [airflow.xcom("arrived", run, "new_files") for run in runs(airflow)]


def runs(airflow: RunningAirflow) -> list[str]:
    """Return the ids of the runs that have succeeded, in the order of their starts."""
    found = airflow.get("dags/arrived/dagRuns?order_by=run_after")["dag_runs"]
    assert all(run["state"] != "failed" for run in found)
    return [run["dag_run_id"] for run in found if run["state"] == "success"]
