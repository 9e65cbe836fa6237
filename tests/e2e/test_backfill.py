"""`airflow backfill create` over the edge of the window: each day once, or skipped if it has left; twice the same."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow
from support.features import has_local_partition_keys

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

pytestmark = pytest.mark.e2e

DAGS = Path(__file__).with_name("dags") / "backfilled.py"
TODAY = dates.beijing_day(datetime.now(UTC))

#: Three days that the service has forgotten, and three that it remembers.
DAYS = [TODAY - age * dates.DAY for age in range(33, 27, -1)]
REMEMBERED = DAYS[3:]

#: DAG -> days from the day that a run is about to the date by which a backfill names it. Other keys than local ones
#: are tested with the timetables.
NAMED_AFTER = {"triggered": 1, **({"partitioned": 0} if has_local_partition_keys() else {})}


def seed(emulator: Emulator, folder: Path, day: date) -> None:
    lines = ["phone_number,out_id"]
    for place in range(3):
        number, out_id = f"1390000{place:04}", f"{day}-{place}"
        at = dates.day_start(day) + timedelta(hours=12, seconds=place)
        emulator.add_message(phone_number=number, out_id=out_id, sent_at=at.isoformat(), state="delivered")
        lines.append(f"{number},{out_id}")
    (folder / f"{day:%Y%m%d}.csv").write_text("\n".join([*lines, ""]), "utf-8")


def backfill(airflow: RunningAirflow, dag_id: str) -> dict[tuple[str, str], str]:
    """Backfill the days, and wait for the runs; return the state of each task by its run."""

    def all_runs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = airflow.get(f"dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return found

    def done_backfills() -> list[int]:
        return [each["id"] for each in airflow.get(f"backfills?dag_id={dag_id}")["backfills"] if each["completed_at"]]

    # A second backfill clears the runs of the first, or makes new ones if they have a partition key.
    known, ended = {run["dag_run_id"] for run in all_runs()}, done_backfills()
    first, last = (day + NAMED_AFTER[dag_id] * dates.DAY for day in (DAYS[0], DAYS[-1]))
    command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", dag_id]
    span = ["--from-date", f"{first}T00:00:00+08:00", "--to-date", f"{last}T23:59:59+08:00"]
    if dag_id == "partitioned":
        span = ["--from-date", str(first), "--to-date", f"{last}T23:59:59"]
    done = subprocess.run(
        [*command, *span, "--reprocess-behavior", "completed"],
        env=airflow.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    until(lambda: len(done_backfills()) > len(ended), 600, f"{dag_id} has ended")
    runs = [run for run in all_runs() if run["dag_run_id"] not in known] or all_runs()
    assert len(runs) == len(DAYS)
    return {
        (run["dag_run_id"], task["task_id"]): task["state"]
        for run in runs
        for task in airflow.tasks(dag_id, run["dag_run_id"])
    }


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_ino) for path in found}


def test_a_backfill_over_the_edge_of_the_window_exports_each_day_once(
    emulator: Emulator, tmp_path: Path, postgres: str
) -> None:
    for day in DAYS:
        seed(emulator, tmp_path, day)
    environment = {
        "AIRFLOW_CONN_DYSMS_DEFAULT": emulator.connection_json(quota_share=0.2),
        "AIRFLOW_VAR_DYSMS_SENT_URI": f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv",
        "AIRFLOW_VAR_DYSMS_OUTPUT_URI": f"file://{tmp_path}/out",
    }
    parts = ("api-server", "dag-processor", "scheduler")
    # SQLite is locked while a scheduler works, and a backfill is made in one transaction.
    with RunningAirflow(
        tmp_path / "home", parts=parts, dags=[DAGS], database=postgres, environment=environment
    ) as airflow:
        until(lambda: airflow.get("dags")["total_entries"] >= 2, 180, "the DAGs have been read")
        for dag_id in NAMED_AFTER:
            for attempt in range(2):
                emulator.reset("requests")
                before = files(tmp_path / "out" / dag_id)
                states = backfill(airflow, dag_id)
                by_task = {
                    task: sorted(state for (_, each), state in states.items() if each == task) for _, task in states
                }
                assert by_task["days"] == by_task["plain"] == ["skipped"] * 3 + ["success"] * 3
                if attempt:  # Airflow removes the tasks that the first backfill has mapped
                    assert set(by_task["audit"]) <= {"skipped", "removed"}
                else:
                    assert by_task["audit"] == ["skipped"] * 3 + ["success"] * 3
                after = files(tmp_path / "out" / dag_id)
                if attempt:
                    assert after == before
                    assert emulator.requests() == {}
            written = {name.split("/", 1)[1] for name in after if name.startswith("caught_up/send_date")}
            assert written == {f"send_date={day}/part-0.jsonl" for day in REMEMBERED}
            assert len(after) == 2 * 2 * len(REMEMBERED)
        logs = airflow.logs()
    assert f"The service does not remember {DAYS[0]}" in logs
    assert f"{DAYS[0]} is outside the 30 days that the service remembers" in logs
