"""Sends the second wave of a campaign only if 95 % of the first wave have arrived.

A wrong template, a blocked signature or an outdated list shows in the first wave. Then the rest of the campaign is
held, and the counts of the first wave say why.

Set the connection ``dysms_default`` with a ``privacy_secret``, and the Airflow variables ``dysms_sign_name``,
``dysms_campaign_template`` and ``dysms_campaign_uri``: a folder with the files ``wave-1.txt`` and ``wave-2.txt``, one
number per line, up to 1,000 each. The numbers are read directly into a private field of the operator, so that Airflow
never stores them.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, ObjectStoragePath, Variable, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dysms.operators.dysms import DysmsSendSmsOperator
from airflow_provider_dysms.sensors.dysms import DysmsSendDetailsSensor

log = logging.getLogger("airflow.task")

SHARE = 0.95


def wave(number: int) -> str:
    """Return the phone numbers of a wave, one per line."""
    return (ObjectStoragePath(Variable.get("dysms_campaign_uri")) / f"wave-{number}.txt").read_text()


def send(number: int) -> DysmsSendSmsOperator:
    """Return the task that sends a wave."""
    return DysmsSendSmsOperator(
        task_id=f"send_wave_{number}",
        phone_numbers=f"{{{{ wave({number}) }}}}",
        sign_name="{{ var.value.dysms_sign_name }}",
        template_code="{{ var.value.dysms_campaign_template }}",
    )


with DAG(
    dag_id="dysms_campaign_gate",
    description="Sends the second wave only if 95 % of the first have arrived",
    schedule=None,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=10)},
    user_defined_macros={"wave": wave},
    tags=["dysms"],
) as dag:
    first = send(1)
    gate = DysmsSendDetailsSensor(
        task_id="wave_1_arrived",
        sent=first.output,
        wait_for=f"{SHARE:.0%}",
        fail_on_failed=False,  # the branch handles too many failures, not the on-call engineer
        timeout=timedelta(minutes=30),
        soft_fail=True,  # the branch handles messages that still wait after half an hour, too
        deferrable=True,
    )

    @task.branch(trigger_rule="none_failed")
    def enough_arrived(ti: Any = None) -> str:
        """Choose by the reports, which the sensor leaves in every outcome."""
        reports = ti.xcom_pull(task_ids=gate.task_id) or ti.xcom_pull(task_ids=gate.task_id, key="reports") or []
        if not any(report["sent_at"] or report["is_final"] for report in reports):
            raise AirflowFailException("The service has reported no message at all: see the log of wave_1_arrived")
        arrived = sum(report["state"] == "delivered" for report in reports)
        return "send_wave_2" if arrived >= SHARE * len(reports) else "hold"

    @task
    def hold(ti: Any = None) -> dict[str, int]:
        """Log the counts of the first wave."""
        reports = ti.xcom_pull(task_ids=gate.task_id) or ti.xcom_pull(task_ids=gate.task_id, key="reports")
        counts = Counter(report["category"] or report["state"] for report in reports)
        for name, count in counts.most_common():
            log.info("%-16s %s", name, count)
        return dict(counts)

    gate >> enough_arrived() >> [send(2), hold()]
