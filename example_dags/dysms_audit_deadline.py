"""Tells you if yesterday has not been audited by ten o'clock in Beijing.

The audit starts at half past seven. If its run has not ended at ten, Airflow runs the callback in the triggerer, while
the audit goes on. Replace the log line in :func:`not_audited` by what wakes somebody up: an HTTP request, or a notifier
of your provider for mail or chat.

Airflow imports the callback by its name, so the triggerer must find this module: keep the file in the folder of your
DAGs and add that folder to ``PYTHONPATH`` of the triggerer, or move the callback into a module of your own package.

Set the Airflow variables ``dysms_sent_uri`` and ``dysms_output_uri``, and the connection ``dysms_default``.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, AsyncCallback, CronTriggerTimetable, DeadlineAlert, DeadlineReference

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

log = logging.getLogger(__name__)


async def not_audited(deadline: str, context: dict[str, Any] | None = None) -> str:
    """Say which run is late; Airflow calls this when the deadline has passed.

    :param deadline: as the DAG names it
    :param context: what Airflow knows about the run
    """
    run = (context or {}).get("dag_run") or {}
    message = f"The audit is late: the run {run.get('dag_run_id', 'of today')} has not ended by {deadline}"
    log.error("%s", message)
    return message


with DAG(
    dag_id="dysms_audit_deadline",
    description="Audits yesterday's messages, and tells you if that has not happened by ten",
    # Its logical date is the instant at which the run starts, also if Airflow makes data intervals of plain texts.
    schedule=CronTriggerTimetable("30 7 * * *", timezone="Asia/Shanghai"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
        interval=timedelta(hours=2, minutes=30),
        callback=AsyncCallback("dysms_audit_deadline.not_audited", kwargs={"deadline": "10:00 in Beijing"}),
    ),
    default_args={"retries": 5, "retry_delay": timedelta(minutes=10)},
    tags=["dysms"],
) as dag:
    DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri="{{ var.value.dysms_sent_uri }}",  # such as s3://aws_default@bucket/sent/{send_date:%Y%m%d}.csv
        output_uri="{{ var.value.dysms_output_uri }}",
        send_date=YESTERDAY,
        file_format="parquet",
    )
