"""Every operator and trigger that reads an archive, or receipts, with numbers of its own."""

import json
import os
from pathlib import Path

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_dysms.operators.dysms import (
    DysmsDeliveryCheckOperator,
    DysmsDeliveryReportOperator,
    DysmsErasePhoneNumbersOperator,
    DysmsExpireArchiveOperator,
    DysmsFindSendingDetailsOperator,
    DysmsSendSmsOperator,
    DysmsSuppressionListOperator,
)
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from airflow_provider_dysms.triggers.receipts import DysmsReceiptsTrigger

PLANTED = json.loads(Path(os.environ["PLANTED"]).read_text())
NUMBER, DAY, SENT, OUT, ARCHIVES = (PLANTED[name] for name in ("number", "day", "sent", "out", "archives"))

ARCHIVE = {"output_uri": f"{OUT}/archive"}
AUDIT = {"send_date": DAY, "statistics": "skip"}
LIST = {**ARCHIVE, "template_types": {"SMS_1": "promotion"}, "through": DAY}
SMS = {"sign_name": "示例", "template_code": "SMS_1", "template_param": {"code": "1"}}
RECEIPTS = {"sent_uri": f"{SENT}/receipts.csv", "receipts_uri": f"{ARCHIVES}/receipts", "send_date": DAY}


def written(number):
    """As people write it."""
    return f"+86 {number[:3]}-{number[3:7]}-{number[7:]}"


with DAG("canary_archive", schedule=None, user_defined_macros={"planted": NUMBER}):
    audit = DysmsToObjectStorageOperator(
        task_id="audit_archive", sent_uri=f"{SENT}/archive.csv", content="keep", **ARCHIVE, **AUDIT
    )
    find = DysmsFindSendingDetailsOperator(task_id="find", phone_number="{{ planted.found }}", sent_from=DAY, **ARCHIVE)
    find_to_file = DysmsFindSendingDetailsOperator(
        task_id="find_to_file",
        phone_number=written(NUMBER["found"]),
        sent_from=DAY,
        details_uri=f"{OUT}/found/details.jsonl",
        **ARCHIVE,
    )
    find_all = DysmsFindSendingDetailsOperator.partial(task_id="find_all", sent_from=DAY, **ARCHIVE).expand(
        result=["Failed"]
    )
    find_refused = DysmsFindSendingDetailsOperator(
        task_id="find_refused", phone_number=[NUMBER["found_refused"], NUMBER["found"]], sent_from=DAY, **ARCHIVE
    )
    check = DysmsDeliveryCheckOperator(
        task_id="check",
        send_date=DAY,
        min_delivery_rate=0.9,
        max_latency_p95=60,
        by=["template_code", "country", "sign_name"],
        min_messages=1,
        **ARCHIVE,
    )
    stop = DysmsSuppressionListOperator(task_id="stop", suppression_uri=f"{OUT}/stop", pumping="report", **LIST)
    stop_hashed = DysmsSuppressionListOperator(
        task_id="stop_hashed", suppression_uri=f"{OUT}/stop_hashed", phone="hashed", **LIST
    )
    report = DysmsDeliveryReportOperator(
        task_id="report",
        report_uri=f"{OUT}/report/delivery.html",
        send_date=DAY,
        suppression_uri=f"{OUT}/stop",
        **ARCHIVE,
    )
    send = DysmsSendSmsOperator(
        task_id="send_some",
        phone_numbers=[written(NUMBER["blocked"]), NUMBER["free"]],
        suppression_uri=f"{OUT}/stop",
        **SMS,
    )
    send_to_nobody = DysmsSendSmsOperator(
        task_id="send_to_nobody",
        phone_numbers=[NUMBER["also_blocked"]],
        suppression_uri=f"{OUT}/stop_hashed",
        **SMS,
    )
    erase_refused = DysmsErasePhoneNumbersOperator(
        task_id="erase_refused", phone_numbers=[NUMBER["erased_refused"] + "1"], **ARCHIVE
    )
    erase = DysmsErasePhoneNumbersOperator(
        task_id="erase", phone_numbers=["{{ planted.erased }}"], trigger_rule="all_done", **ARCHIVE
    )
    erase_hashed = DysmsErasePhoneNumbersOperator.partial(
        task_id="erase_hashed", phone_numbers=written(NUMBER["erased_hashed"]), **ARCHIVE
    ).expand(mode=["hash"])
    expire = DysmsExpireArchiveOperator(task_id="expire", keep_days=31, **ARCHIVE)
    audit >> [find, find_to_file, find_all, find_refused, check, stop, stop_hashed, erase_refused]
    stop >> [report, send]
    stop_hashed >> send_to_nobody
    [find, find_to_file, find_all, check, report, send, send_to_nobody] >> erase >> erase_hashed >> expire
    DysmsReceiptsToObjectStorageOperator(
        task_id="receipts", output_uri=f"{OUT}/receipts", max_rejected_receipts=1, **RECEIPTS
    )
    DysmsReceiptsToObjectStorageOperator(
        task_id="receipts_hashed",
        output_uri=f"{OUT}/receipts_hashed",
        phone="hashed",
        max_rejected_receipts=1,
        **RECEIPTS,
    )
    DysmsReceiptsToObjectStorageOperator(
        task_id="receipts_refused",
        output_uri=f"{OUT}/receipts_refused",
        max_rejected_receipts=0,
        push_conn_id="push",
        **RECEIPTS,
    )
    DysmsToObjectStorageOperator(
        task_id="receipts_first",
        output_uri=f"{OUT}/receipts_first",
        phone="hashed",
        max_rejected_receipts=1,
        cross_check=1,
        statistics="skip",
        **RECEIPTS,
    )
    DysmsToObjectStorageOperator(
        task_id="receipts_contradicted",
        sent_uri=f"{SENT}/contradicted.csv",
        receipts_uri=f"{ARCHIVES}/contradicted",
        output_uri=f"{OUT}/contradicted",
        cross_check=1,
        **AUDIT,
    )

WATCHED = AssetWatcher(name="pushed", trigger=DysmsReceiptsTrigger(receipts_uri=f"{ARCHIVES}/receipts/*"))

with DAG("canary_watch", schedule=[Asset("receipts", watchers=[WATCHED])]):

    @task
    def heard():
        return "new receipts"

    heard()
