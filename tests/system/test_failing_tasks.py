"""A failed task logs its error once: real DAGs with a wrong secret, and an audit that is refused midway."""

from __future__ import annotations

import csv
import gc
import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NUMBERS = [f"139{place:08}" for place in range(400)]

Make = Callable[[Path], Any]


def audit(folder: Path) -> Any:
    from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

    with (folder / "sent.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["phone_number", "out_id"])
        writer.writerows((number, f"out-{number}") for number in NUMBERS)
    return DysmsToObjectStorageOperator(
        task_id="task",
        sent_uri=f"file://{folder}/sent.csv",
        output_uri=f"file://{folder}/out",
        send_date=DAY.isoformat(),
        statistics="skip",
        retries=0,
    )


def details(folder: Path) -> Any:
    from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator

    return DysmsQuerySendDetailsOperator(
        task_id="task", phone_numbers=NUMBERS[:30], send_date=DAY.isoformat(), retries=0
    )


def messages(folder: Path) -> Any:
    from airflow_provider_dysms.operators.dysms import DysmsQueryMessageOperator

    return DysmsQueryMessageOperator(task_id="task", message_ids=[str(10**9 + n) for n in range(30)], retries=0)


def sensor(folder: Path) -> Any:
    from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor

    ids = [str(10**9 + n) for n in range(30)]
    return DysmsMessageSensor(task_id="task", message_ids=ids, poke_interval=1, timeout=20, retries=0)


def deferred(folder: Path) -> Any:
    from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor

    ids = [str(10**9 + n) for n in range(30)]
    return DysmsMessageSensor(task_id="task", message_ids=ids, poke_interval=1, timeout=20, retries=0, deferrable=True)


@pytest.fixture
def fails(
    run_dag: Callable[[Any], Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Callable[[Make], str]:
    """Run a task that fails; return all that it said, colours left out."""

    def run(make: Make) -> str:
        with DAG("failing", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")) as dag:
            make(tmp_path)
        with caplog.at_level(logging.INFO):
            (instance,) = run_dag(dag).get_task_instances()
            gc.collect()  # a task that nobody looked at complains when it is gone
        assert str(instance.state) == "failed"
        out, err = capfd.readouterr()
        handled = "\n".join(record.getMessage() for record in caplog.records if record.name == "asyncio")
        return re.sub(r"\x1b\[[0-9;]*m", "", out + err + handled)

    return run


def errors_in(said: str) -> list[str]:
    """Return the lines that tell an error."""
    assert "never retrieved" not in said, said
    assert "unhandled exception" not in said, said
    return [line for line in said.splitlines() if "[error" in line or " ERROR " in line]


@pytest.mark.parametrize("make", [audit, details, messages, sensor, deferred])
def test_a_wrong_secret_is_one_error(
    make: Make, fails: Callable[[Make], str], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = json.loads(emulator.connection_json(quota_share=1, privacy_key="k" * 32))
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(wrong | {"password": "not-the-secret"}))
    said = fails(make)
    assert "AccessKey secret" in said
    assert len(errors_in(said)) == 1, said


@pytest.mark.parametrize("refused_from", [1, 60])
def test_an_audit_that_is_refused_midway_is_one_error(
    fails: Callable[[Make], str], emulator: Emulator, monkeypatch: pytest.MonkeyPatch, refused_from: int
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_key="k" * 32))
    emulator.fault("status", code="Forbidden.RAM", status=403, action="QuerySendDetails", skip=refused_from, times=None)
    assert len(errors_in(fails(audit))) == 1
