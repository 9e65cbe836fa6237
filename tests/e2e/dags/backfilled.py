"""A catch-up and a plain audit in two timetables; no run of their own is ever due, so that only backfills make some."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, CronPartitionTimetable, CronTriggerTimetable

from airflow_provider_dysms.operators.dysms import DysmsUnsettledDatesOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

SENT_URI = "{{ var.value.dysms_sent_uri }}"
TODAY = pendulum.now("Asia/Shanghai").start_of("day")

TIMETABLES = {
    "triggered": CronTriggerTimetable("30 7 * * *", timezone="Asia/Shanghai"),
    "partitioned": CronPartitionTimetable("30 7 * * *", timezone="Asia/Shanghai", run_offset=-1, key_format="%Y-%m-%d"),
}

for name, timetable in TIMETABLES.items():
    output_uri = f"{{{{ var.value.dysms_output_uri }}}}/{name}"
    with DAG(
        dag_id=name,
        schedule=timetable,
        start_date=TODAY.subtract(days=60),
        end_date=TODAY.subtract(days=5),
        catchup=False,
        default_args={"retries": 1, "retry_delay": timedelta(seconds=2), "sent_uri": SENT_URI},
    ):
        days = DysmsUnsettledDatesOperator(task_id="days", output_uri=f"{output_uri}/caught_up")
        DysmsToObjectStorageOperator.partial(
            task_id="audit",
            output_uri=f"{output_uri}/caught_up",
            outside_window="skip",
            map_index_template="{{ task.send_date }}",
        ).expand(send_date=days.output)
        DysmsToObjectStorageOperator(task_id="plain", output_uri=f"{output_uri}/plain", outside_window="skip")
