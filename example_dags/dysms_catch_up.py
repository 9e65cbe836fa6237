"""Audits every day of the last thirty that still needs it: unpausing this DAG is the backfill.

The first run audits the whole window. Later runs audit yesterday, the days that wait for a receipt or were missed in an
outage, and no day that is settled. The day that the service is about to forget comes first. A day without a send log
yet is named in the log of the task ``days``, and waits for it.

Days are audited one at a time, so that one day may use the whole quota. If several DAGs use the same account, give them
a pool instead: ``airflow pools set dysms 1 "one audit at a time"``, and ``pool="dysms"`` in place of
``max_active_tis_per_dag=1``.

Set the Airflow variables ``dysms_sent_uri`` and ``dysms_output_uri``, and the connection ``dysms_default``.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Asset, task_group

from airflow_provider_dysms.operators.dysms import DysmsSettledDateOperator, DysmsUnsettledDatesOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

SENT_URI = "{{ var.value.dysms_sent_uri }}"  # such as s3://aws_default@bucket/sent/{send_date:%Y%m%d}.csv
OUTPUT_URI = "{{ var.value.dysms_output_uri }}"

#: Has an event for each day that is settled, once.
SETTLED = Asset("dysms_settled_days")

with DAG(
    dag_id="dysms_catch_up",
    description="Audits every day of the window that is not settled",
    schedule="30 7 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["dysms"],
) as dag:
    days = DysmsUnsettledDatesOperator(task_id="days", output_uri=OUTPUT_URI, sent_uri=SENT_URI)

    @task_group
    def day(send_date: str) -> None:
        """Audit a day; then tell the DAGs that wait for it if it is settled."""
        audit = DysmsToObjectStorageOperator(
            task_id="audit",
            sent_uri=SENT_URI,
            output_uri=OUTPUT_URI,
            send_date=send_date,
            file_format="parquet",
            outside_window="skip",
            max_active_tis_per_dag=1,
            map_index_template="{{ task.send_date }}",
        )
        settled = DysmsSettledDateOperator(
            task_id="settled",
            output_uri=OUTPUT_URI,
            send_date=send_date,
            outlets=[SETTLED],
            map_index_template="{{ task.send_date }}",
        )
        audit >> settled

    day.expand(send_date=days.output)
