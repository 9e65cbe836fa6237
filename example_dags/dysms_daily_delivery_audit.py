"""Audits yesterday's messages every morning, and logs a summary of the day.

A DAG of yours writes the send log into object storage, one file per day. This DAG looks up every line, writes one row
per message into a folder of its own, and fetches the vendor's own counts of the day.

Set the Airflow variables ``dysms_sent_uri`` and ``dysms_output_uri``, and the connection ``dysms_default``.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.operators.dysms import DysmsQuerySendStatisticsOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

log = logging.getLogger("airflow.task")

with DAG(
    dag_id="dysms_daily_delivery_audit",
    description="Audits the delivery of yesterday's messages",
    schedule="30 7 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["dysms"],
) as dag:
    audit = DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri="{{ var.value.dysms_sent_uri }}",  # such as s3://aws_default@bucket/sent/{send_date:%Y%m%d}.csv
        output_uri="{{ var.value.dysms_output_uri }}",
        send_date=YESTERDAY,
        carry=["campaign"],
        file_format="parquet",
    )
    statistics = DysmsQuerySendStatisticsOperator(task_id="statistics", first_date=YESTERDAY)

    @task
    def summary(manifest: dict[str, Any], counts: list[dict[str, Any]]) -> list[str]:
        """Log a summary of the day in ten lines."""
        result = manifest["result"]
        states, times = result["by_state"], result["delivery_seconds"]
        lines = [
            f"date                {result['send_date']} ({'settled' if result['settled'] else 'not settled yet'})",
            f"sent                {result['lines']}, in segments by the vendor {sum(day['total'] for day in counts)}",
            f"delivered           {states.get('delivered', 0)}",
            f"failed by category  {_listed(result['failed_by_category'])}",
            f"failed by template  {_listed({t: n.get('failed', 0) for t, n in result['by_template'].items()})}",
            f"still waiting       {states.get('waiting', 0)}, expired {states.get('expired', 0)}",
            f"missing             {result['missing']}",
            f"unlogged            {result['unlogged']}",
            f"delivery time p50   {times['p50']} s",
            f"delivery time p95   {times['p95']} s",
        ]
        for line in lines:
            log.info("%s", line)
        return lines

    summary(audit.output, statistics.output)


def _listed(counts: dict[str, int]) -> str:
    largest_first = sorted(counts.items(), key=lambda count: (-count[1], count[0]))
    return ", ".join(f"{name} {count}" for name, count in largest_first if count) or "none"
