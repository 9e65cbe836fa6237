"""The daily audit runs through Airflow as it stands, and its ten lines say what was seeded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from support.features import has_partitioned_events

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

FOLDER = Path(__file__).resolve().parents[2] / "example_dags"
DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)


def test_every_example_loads_and_holds_no_number() -> None:
    bag = DagBag(str(FOLDER))
    assert bag.import_errors == {}
    weekly = {"dysms_settled_week"} if has_partitioned_events() else set()
    others = {"dysms_otp_probe", "dysms_campaign_gate", "dysms_catch_up", "dysms_settled_day", "dysms_audit_deadline"}
    assert set(bag.dags) == {"dysms_daily_delivery_audit"} | others | weekly
    for file in FOLDER.glob("*.py"):
        assert not any(len(run) > 6 for run in "".join(c if c.isdigit() else " " for c in file.read_text()).split())


def test_the_daily_audit_logs_ten_lines_that_are_true(
    run_dag: Callable[..., Any], emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = tmp_path / "truth.jsonl"
    emulator.generate(send_date=DAY, messages=1500, seed=5, log=tmp_path / f"{DAY:%Y%m%d}.csv", truth=truth)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    monkeypatch.setenv("AIRFLOW_VAR_DYSMS_SENT_URI", f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv")
    monkeypatch.setenv("AIRFLOW_VAR_DYSMS_OUTPUT_URI", f"file://{tmp_path}/out")
    dag = DagBag(str(FOLDER)).dags["dysms_daily_delivery_audit"]
    run = run_dag(dag, logical_date=dates.day_start(DAY) + timedelta(days=1, hours=7, minutes=30))
    assert run.state == "success"
    lines = run.get_task_instance("summary").xcom_pull(task_ids="summary")
    assert len(lines) == 10
    said = {line[:20].strip(): line[20:] for line in lines}
    seeded = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
    states = Counter(row["state"] for row in seeded)
    assert said["date"].startswith(str(DAY))
    assert said["sent"].split(",")[0] == str(len(seeded) - states["unlogged"])
    assert said["delivered"] == str(states["delivered"])
    assert said["still waiting"].split(",")[0] == str(states["waiting"])
    assert (said["missing"], said["unlogged"]) == (str(states["missing"]), str(states["unlogged"]))
    failed = [int(part.split()[-1]) for part in said["failed by category"].split(", ")]
    assert sum(failed) == states["failed"]
    assert said["delivery time p50"].endswith(" s")
    assert said["delivery time p95"].endswith(" s")
    assert (tmp_path / f"out/send_date={DAY}/part-0.parquet").exists()
