"""A running Airflow stores the policy's delay: the task waits for it, and not for its own ``retry_delay``."""

from __future__ import annotations

import sqlite3
import textwrap
from contextlib import closing

from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow
from support.features import has_retry_policies

from airflow_provider_dysms.emulator import Emulator

DAGS = """
    from datetime import timedelta

    from airflow.sdk import DAG

    from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator
    from airflow_provider_dysms.retry_policy import DysmsRetryPolicy

    NUMBERS = {"limited": "139" + "00007001", "refused": "139" + "00007002"}

    with DAG("retries", schedule=None):
        for name, number in NUMBERS.items():
            DysmsQuerySendDetailsOperator(
                task_id=name,
                phone_numbers=[number],
                retries=2,
                retry_delay=timedelta(hours=5),
                retry_policy=DysmsRetryPolicy(account_limit=timedelta(hours=2)),
            )
"""

if has_retry_policies():

    def test_the_next_retry_is_when_the_policy_says(airflow: RunningAirflow, emulator: Emulator) -> None:
        for number, code in (("7001", "isv.DAY_LIMIT_CONTROL"), ("7002", "isp.RAM_PERMISSION_DENY")):
            where = {"PhoneNumber": "139" + f"0000{number}"}
            emulator.fault("business", action="QuerySendDetails", code=code, where=where, times=None)
        (airflow.dags / "retries.py").write_text(textwrap.dedent(DAGS))
        run = airflow.trigger("retries")
        begun = {None, "queued", "scheduled", "running", "restarting"}
        until(lambda: not begun & set(airflow.states("retries", run).values()), 180, "each task has been tried")
        states = {task: state for (task, _), state in airflow.states("retries", run).items()}
        assert states["refused"] == "failed"
        assert states["limited"] == "up_for_retry"
        with closing(sqlite3.connect(airflow.database.removeprefix("sqlite:///"))) as database:
            stored = dict(
                database.execute(
                    "select task_id, retry_delay_override from task_instance where dag_id = 'retries'"
                ).fetchall()
            )
        assert stored["limited"] == 7200
        assert stored["refused"] is None
        tries = {each["task_id"]: each["try_number"] for each in airflow.tasks("retries", run)}
        assert tries["limited"] == tries["refused"] == 1
