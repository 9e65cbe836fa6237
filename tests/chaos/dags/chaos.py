"""The DAGs that run under fire: the catch-up over the window, waits for messages by id, and sends with their waits."""

import os
from datetime import timedelta

from airflow.sdk import DAG, Asset, task, task_group

from airflow_provider_dysms.operators.dysms import (
    DysmsSendSmsOperator,
    DysmsSettledDateOperator,
    DysmsUnsettledDatesOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

FOLDER = os.environ["CHAOS_FOLDER"]
SENT_URI, OUTPUT_URI = f"file://{FOLDER}/sent/{{send_date:%Y-%m-%d}}.csv", f"file://{FOLDER}/output"

#: An attempt is lost with each worker that is killed; none of them may be the last.
RETRIES = {"retries": 30, "retry_delay": timedelta(seconds=5)}
#: Seconds between two polls, at first and at most.
POLLS = {"poke_interval": 5, "max_poke_interval": 20, "deferrable": True}

with DAG("catch_up", schedule=None, max_active_runs=1, default_args=RETRIES):
    days = DysmsUnsettledDatesOperator(
        task_id="days",
        output_uri=OUTPUT_URI,
        sent_uri=SENT_URI,
        through=os.environ["CHAOS_THROUGH"],  # a day may end meanwhile
        lookback_days=int(os.environ["CHAOS_DAYS"]),
    )

    @task_group
    def day(send_date):
        audit = DysmsToObjectStorageOperator(
            task_id="audit",
            sent_uri=SENT_URI,
            output_uri=OUTPUT_URI,
            send_date=send_date,
            outside_window="skip",
            pool="one_audit",
        )
        settled = DysmsSettledDateOperator(
            task_id="settled", output_uri=OUTPUT_URI, send_date=send_date, outlets=[Asset("settled_days")]
        )
        audit >> settled

    day.expand(send_date=days.output)

with DAG("waits", schedule=None, default_args=RETRIES):

    @task
    def message_ids(dag_run=None):
        return dag_run.conf["message_ids"]

    DysmsMessageSensor.partial(task_id="wait", **POLLS).expand(message_ids=message_ids())

with DAG("sends", schedule=None, default_args=RETRIES):

    @task
    def numbers(dag_run=None):
        return dag_run.conf["numbers"]

    @task_group
    def message(number):
        send = DysmsSendSmsOperator(
            task_id="send",
            phone_numbers=number,
            sign_name="示例",
            template_code="SMS_1",
            template_param={"code": "1"},
            settle=float(os.environ["CHAOS_SETTLE"]),
            signature_lifetime=float(os.environ["CHAOS_LIFETIME"]),
        )
        DysmsSendDetailsSensor(task_id="delivered", sent=send.output, **POLLS)

    message.expand(number=numbers())
