"""Sends a code to a SIM of each carrier every ten minutes, and checks that it arrives within a minute.

"Accepted" tells nothing about a carrier that delays or drops codes today; a SIM of each carrier does. If a code does
not arrive, the run fails, and its summary says which, why, and how long the others took.

Set the connection ``dysms_default`` with a ``privacy_secret``, and the Airflow variables ``dysms_sign_name``,
``dysms_otp_template`` (a template with the parameter ``code``) and ``dysms_probe_sims``: the path of a JSON file that
has a number per carrier, such as ``{"mobile": "...", "unicom": "...", "telecom": "..."}``. The numbers are
read directly into a private field of the operator, so that Airflow never stores them.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, ObjectStoragePath, Variable, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dysms.operators.dysms import DysmsSendSmsOperator
from airflow_provider_dysms.sensors.dysms import DysmsSendDetailsSensor

log = logging.getLogger("airflow.task")

CARRIERS = ("mobile", "unicom", "telecom")


def sim(carrier: str) -> str:
    """Return the number of a carrier's SIM."""
    return str(json.loads(ObjectStoragePath(Variable.get("dysms_probe_sims")).read_text())[carrier])


def code(run_id: str, carrier: str) -> str:
    """Return a meaningless code that is the same in every attempt of a task."""
    return f"{int.from_bytes(hashlib.sha256(f'{run_id} {carrier}'.encode()).digest()) % 10**6:06d}"


def line(report: dict[str, Any]) -> str:
    """Return in a few words whether a code has arrived, and when."""
    if report["state"] == "delivered" and report["received_at"] and report["sent_at"]:
        took = pendulum.parse(report["received_at"]) - pendulum.parse(report["sent_at"])  # type: ignore[operator]
        return f"delivered after {took.total_seconds():.0f} s"
    return f"{report['state']} ({report['category']})" if report["category"] else str(report["state"])


with DAG(
    dag_id="dysms_otp_probe",
    description="Checks that a code arrives within a minute with each carrier",
    schedule="*/10 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=10)},
    user_defined_macros={"sim": sim, "code": code},
    tags=["dysms"],
) as dag:

    @task(trigger_rule="all_done", retries=0)
    def summary(ti: Any = None) -> dict[str, str]:
        """Log one line per carrier; fail the run unless every code has arrived."""
        lines = {}
        for carrier in CARRIERS:
            found = ti.xcom_pull(task_ids=f"arrived_{carrier}") or ti.xcom_pull(
                task_ids=f"arrived_{carrier}", key="reports"
            )
            lines[carrier] = line(found[0]) if found else f"unknown, see send_{carrier} and arrived_{carrier}"
            log.info("%-8s %s", carrier, lines[carrier])
        if not all(text.startswith("delivered") for text in lines.values()):
            raise AirflowFailException("Not every carrier has delivered its code within a minute")
        return lines

    summary_task = summary()
    for carrier in CARRIERS:
        sent = DysmsSendSmsOperator(
            task_id=f"send_{carrier}",
            phone_numbers=f"{{{{ sim('{carrier}') }}}}",
            sign_name="{{ var.value.dysms_sign_name }}",
            template_code="{{ var.value.dysms_otp_template }}",
            template_param={"code": f"{{{{ code(run_id, '{carrier}') }}}}"},
        )
        arrived = DysmsSendDetailsSensor(
            task_id=f"arrived_{carrier}",
            sent=sent.output,
            timeout=timedelta(minutes=1),
            poke_interval=3,
            deferrable=True,
        )
        arrived >> summary_task
