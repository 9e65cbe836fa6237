"""A run whose tasks the browser looks at: an audit of yesterday, and queries of numbers from a file."""

from __future__ import annotations

from airflow.sdk import DAG, ObjectStoragePath, Variable

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.operators.dysms import DysmsQuerySendDetailsOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator


def numbers() -> list[str]:
    """Return the numbers of the file that a variable names."""
    text: str = (ObjectStoragePath(Variable.get("dysms_numbers_uri"))).read_text()
    return text.split()


with DAG("looked_at", schedule=None, user_defined_macros={"numbers": numbers}):
    DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri="{{ var.value.dysms_sent_uri }}",
        output_uri="{{ var.value.dysms_output_uri }}",
        send_date=YESTERDAY,
    )
    DysmsQuerySendDetailsOperator(task_id="query", phone_numbers="{{ numbers() }}", send_date=YESTERDAY)
