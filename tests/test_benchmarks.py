"""The benchmark of the waits runs on the installed Airflow, and what does not depend on the machine is right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "waits.py"


def test_fifty_waits_in_the_trigger_runner_look_the_connection_up_once_and_stay_within_the_quota() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--waits=50", "--start=1", "--seconds=2", "--runs=sleeping,ours"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = {line.split("  ")[0]: line.split() for line in ran.stdout.splitlines()}
    assert told["connection look-ups"][-2:] == ["0", "1"]
    assert told["waits that failed"][-2:] == ["0", "0"]
    assert int(told["requests"][-1]) > 50
    assert told["ours: throttled"][-1] == "reached", ran.stdout


def test_a_look_at_the_budget_stays_within_the_quota_in_one_process_and_in_four() -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT.with_name("budget.py")), "--seconds=1.5", "--runs=one,four"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = {line.split("  ")[0]: line.split()[-1] for line in ran.stdout.splitlines() if ": " in line}
    for name in ("one process", "four processes, a quarter each"):
        assert said[f"{name}: worst second"] == "reached", ran.stdout
        assert said[f"{name}: calls that failed"] == "reached", ran.stdout


def test_a_look_at_what_limits_asks_at_once_and_late_and_fails_no_call() -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT.with_name("limit.py")), "--seconds=1", "--free=0.5"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = {line.split("  ")[0]: line.split()[-1] for line in ran.stdout.splitlines() if ": " in line}
    for latency in (0, 40):
        assert said[f"responses after {latency} ms: calls that failed"] == "reached", ran.stdout


def test_every_way_from_a_log_to_a_file_writes_all_rows_and_ours_stays_small() -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT.with_name("pipeline.py")), "--rounds=1", "--numbers=500", "--day=1000"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1,200 lines over 1,000 numbers to parquet" in ran.stdout
    verdicts = [line.split()[-1] for line in ran.stdout.splitlines() if line.startswith("peak memory of")]
    assert verdicts == ["reached"], ran.stdout


def test_the_benchmark_of_receipts_joins_a_day() -> None:
    ran = subprocess.run(
        [
            sys.executable,
            str(SCRIPT.with_name("receipts.py")),
            "--lines=2000",
            "--turns=2",
            "--joins=ours",
            "--asked=500",
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [line.split()[1] for line in ran.stdout.splitlines() if line.startswith("2,000")] == ["ours"]


def test_a_look_at_the_check_alarms_on_bad_days_alone() -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT.with_name("check.py")), "--days=60", "--drops=12"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[1] / "tests")},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "false alarms: 0 days" in ran.stdout
    assert "named: 12 days, 100.0%" in ran.stdout
    assert "9 h after their end: 3 of 3" in ran.stdout
