"""Every entry point, with numbers of its own, in every way of passing them, to every kind of end.

``canary`` has as much as fits into seconds, ``canary_more`` the rest.
"""

import asyncio
import json
import logging
import os
import traceback
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.triggers.file import FileTrigger
from airflow.sdk import DAG, BaseOperator, task

from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.operators.dysms import (
    DysmsQueryMessageOperator,
    DysmsQuerySendDetailsOperator,
    DysmsQuerySendStatisticsOperator,
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

PLANTED = json.loads(Path(os.environ["PLANTED"]).read_text())
NUMBER, TEXT, IDS, DAY, SENT, OUT = (PLANTED[name] for name in ("number", "text", "ids", "day", "sent", "out"))

# What a large audit keeps for its next try, a small one shall keep too.
checkpoints.MAX_QUERIES = 20

ASK = {"send_date": DAY}
SMS = {"sign_name": "示例", "template_code": "SMS_1"}
WAIT = {"poke_interval": 2, "deferrable": False}
AUDIT = {"send_date": DAY, "phone_numbers": None, "statistics": "skip", "max_missing_rate": 1, "max_rejected_rate": 0.5}
DEFER = {"poke_interval": 1, "deferrable": True}
DAGS = {
    "schedule": None,
    "params": {"number": NUMBER["params"]},
    # A scheduler that is slow fails a task now and then that waits again before it has heard of the wait before.
    "default_args": {"phone_numbers": NUMBER["default_args"], "retries": 2, "retry_delay": timedelta(0)},
    "user_defined_macros": {"planted": NUMBER},
}


def written(number):
    """As people write it."""
    return f"+86 {number[:3]}-{number[3:7]}-{number[7:]}"


class Careless(BaseOperator):
    """Shows, says, pushes, defers with, and fails with a number: a search that finds none of this finds nothing."""

    template_fields = ("number",)

    def __init__(self, *, number, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context):
        logging.getLogger("httpx").debug("GET https://example.com/?PhoneNumber=%s", self.number)
        context["ti"].xcom_push("leak", {"numbers": [self.number]})
        self.defer(trigger=FileTrigger(f"{PLANTED['leak']}/{self.number}", poke_interval=0.5), method_name="resume")

    def resume(self, context, event):
        raise RuntimeError(f"no such number: {self.number}")


with DAG("canary", **DAGS):
    Careless(task_id="careless", number=NUMBER["leaked"], retries=0)

    @task
    def upstream():
        return NUMBER["upstream"]

    @task
    def hook():
        mine = DysmsHook()

        async def twins():
            await mine.aquery_send_details(written(NUMBER["hook"]), DAY)
            await mine.aquery_message(IDS["hook"])
            await mine.aquery_send_statistics(DAY)
            await mine.asend_sms([NUMBER["hook"]], "示例", "SMS_1", {"code": TEXT["hook"]})
            await mine.asend_message_to_globe(NUMBER["hook_foreign"], TEXT["hook"])

        asyncio.run(twins())
        mine.query_send_details(written(NUMBER["hook"]), DAY)
        mine.query_message(IDS["hook"])
        mine.query_send_statistics(DAY)
        mine.send_sms([NUMBER["hook"]], "示例", "SMS_1", {"code": TEXT["hook"]})
        mine.send_message_to_globe(NUMBER["hook_foreign"], TEXT["hook"])
        log = logging.getLogger("a user's own")
        for conn_id in ("wrong_secret", "wrong_key", "wrong_field", "temporary", "behind_proxy"):
            log.info("%s: %s", conn_id, DysmsHook(conn_id).test_connection())
        for attempt in (
            lambda: mine.query_send_details(NUMBER["refused"], DAY),
            lambda: mine.query_send_details("+86 " + NUMBER["hook"] + "1", DAY),
            lambda: mine.send_sms([NUMBER["refused"]], "示例", "SMS_1", json.dumps({"code": TEXT["hook"]})),
            lambda: mine.send_message_to_globe(NUMBER["refused_foreign"], TEXT["hook"]),
            lambda: DysmsHook("wrong_secret").query_send_details(NUMBER["refused"], DAY),
        ):
            try:
                attempt()
            except Exception as error:
                log.error("%s", "".join(traceback.format_exception(error)), exc_info=True)
            else:
                raise AssertionError("that should have failed")

    hook()
    DysmsQuerySendDetailsOperator(
        task_id="query",
        phone_numbers=[written(NUMBER["literal"]), "{{ planted.macro }}", "{{ params.number }}", upstream()],
        **ASK,
    )
    DysmsQuerySendDetailsOperator(task_id="query_default_args", **ASK)
    DysmsQuerySendDetailsOperator.partial(task_id="query_expand", **ASK).expand(phone_numbers=[NUMBER["expand"]])
    send = DysmsSendSmsOperator.partial(
        task_id="send",
        phone_numbers=[NUMBER["partial"], written(NUMBER["also_partial"])],
        template_param={"code": TEXT["partial"]},
        **SMS,
    ).expand(out_id=["mine"])
    globe = DysmsSendMessageToGlobeOperator(
        task_id="send_globe", to="+" + NUMBER["abroad"], message="{{ params.number[:3] }} " + TEXT["abroad"]
    )
    DysmsSendDetailsSensor(task_id="deferrable", sent=send.output, phone_numbers=None, **DEFER)
    DysmsMessageSensor(task_id="deferrable_timeout", message_ids=[globe.output, IDS["never"]], timeout=5, **DEFER)
    DysmsSendDetailsSensor(
        task_id="reschedule",
        phone_numbers=[written(NUMBER["rescheduled"])],
        out_id="rescheduled",
        mode="reschedule",
        **WAIT,
    )
    DysmsToObjectStorageOperator(
        task_id="audit_plain_keep",
        sent_uri=f"{SENT}/plain.csv",
        carry=["campaign"],
        output_uri=f"{OUT}/plain",
        content="keep",
        compression="gzip",
        **AUDIT,
    )
    DysmsToObjectStorageOperator(
        task_id="audit_hashed_drop",
        sent_uri=f"{SENT}/hashed.jsonl",
        output_uri=f"{OUT}/hashed",
        phone="hashed",
        file_format="parquet",
        **AUDIT,
    )
    DysmsToObjectStorageOperator(
        task_id="audit_killed_hashed",
        sent_uri=f"{SENT}/killed_hashed.csv",
        output_uri=f"{OUT}/killed_hashed",
        phone="hashed",
        retries=0,
        **AUDIT,
    )

with DAG("canary_more", **DAGS):
    DysmsQuerySendDetailsOperator(task_id="query_source", phone_numbers="NUMBER-IN-THE-SOURCE", **ASK)
    DysmsQuerySendDetailsOperator(task_id="query_refused", phone_numbers=int(NUMBER["refused"]), **ASK)
    DysmsQuerySendDetailsOperator(
        task_id="query_interrupted",
        phone_numbers=NUMBER["stalled"],
        execution_timeout=timedelta(seconds=2),
        retries=1,
        **ASK,
    )
    DysmsQueryMessageOperator(task_id="query_message", message_ids=[IDS["hook"], IDS["failed"]])
    DysmsQuerySendStatisticsOperator(task_id="statistics", first_date=DAY, output_uri=f"{OUT}/statistics")
    DysmsSendSmsOperator(
        task_id="send_uncertain",
        phone_numbers=NUMBER["uncertain"],
        template_param=json.dumps({"code": TEXT["uncertain"]}),
        out_id="uncertain",
        **SMS,
    )
    DysmsSendMessageToGlobeOperator(task_id="send_globe_refused", to=NUMBER["refused_foreign"], message=TEXT["refused"])
    text = DysmsSendSmsOperator(
        task_id="send_text", phone_numbers=NUMBER["sent"], template_param={"code": TEXT["sent"]}, **SMS
    )
    DysmsSendDetailsSensor(task_id="poke", sent=text.output, phone_numbers=None, **WAIT)
    DysmsSendDetailsSensor(
        task_id="poke_fails", phone_numbers=[NUMBER["arrived"], NUMBER["failed"]], out_id="failed", **WAIT
    )
    DysmsMessageSensor(task_id="message_poke_refused", message_ids=[IDS["refused"]], **WAIT)
    DysmsMessageSensor(task_id="message_reschedule", message_ids=[IDS["open"]], mode="reschedule", **WAIT)
    DysmsMessageSensor(task_id="message_deferrable", message_ids=[IDS["open"]], **DEFER)
    DysmsSendDetailsSensor(task_id="deferrable_fails", phone_numbers=NUMBER["fails_later"], out_id="later", **DEFER)
    DysmsSendDetailsSensor(
        task_id="no_privacy_key", phone_numbers=[NUMBER["arrived"]], out_id="x", dysms_conn_id="no_key", **DEFER
    )
    DysmsToObjectStorageOperator(
        task_id="audit_list",
        output_uri=f"{OUT}/list",
        phone="hashed",
        content="keep",
        file_format="csv",
        **{**AUDIT, "phone_numbers": ["{{ planted.kept }}"]},
    )
    DysmsToObjectStorageOperator(
        task_id="audit_s3",
        sent_uri="s3://aws_audits@audits/sent.csv",
        output_uri="s3://aws_audits@audits/out",
        content="keep",
        **AUDIT,
    )
    DysmsToObjectStorageOperator(
        task_id="audit_rejected", sent_uri=f"{SENT}/rejected.csv", output_uri=f"{OUT}/rejected", **AUDIT
    )
    DysmsToObjectStorageOperator(
        task_id="audit_refused", sent_uri=f"{SENT}/refused.csv", output_uri=f"{OUT}/refused", **AUDIT
    )
    DysmsToObjectStorageOperator(
        task_id="audit_incomplete",
        sent_uri=f"{SENT}/incomplete.csv",
        output_uri=f"{OUT}/incomplete",
        **{**AUDIT, "max_missing_rate": 0},
    )
    DysmsToObjectStorageOperator(
        task_id="audit_killed_plain",
        sent_uri=f"{SENT}/killed_plain.csv",
        output_uri=f"{OUT}/killed_plain",
        retries=0,
        **AUDIT,
    )
