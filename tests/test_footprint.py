"""Modules that a DAG file that uses every class loads, beyond Airflow's own: it is parsed every few seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PACKAGE = "airflow_provider_dysms"

#: Packages that a task may load when it runs: engines, extras, tables of phone numbers, and servers.
HEAVY = {
    *("aiohttp", "alibabacloud_credentials", "boto3", "cryptography", "fsspec", "httptools", "httpx", "phonenumbers"),
    *("pyarrow", "s3fs", "starlette", "upath", "uvicorn"),
}

#: Rooms that a class needs when its task runs, not when it is made.
AT_WORK = {
    *("archive", "assets", "audit", "delivery_check", "emulator", "receipts", "reports", "retention", "storage"),
    *("suppression", "triggers", "waits"),
}

#: Modules of these rooms that check arguments.
CHECKS = {
    *("delivery_check", "delivery_check.limits", "reports", "reports.span", "retention", "retention.keep_days"),
    *("storage", "storage.file_formats"),
    *("suppression", "suppression.rules", "waits", "waits.goal"),
}

#: Modules of ours, packages included, that hold the classes and the checks of their arguments. `make bench-imports`
#: measures what they cost.
MAX_MODULES = 68

DAG_FILE = """
import sys
from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator

before = set(sys.modules)

from airflow_provider_dysms import YESTERDAY
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.operators.dysms import (
    DysmsErasePhoneNumbersOperator,
    DysmsExpireArchiveOperator,
    DysmsFindSendingDetailsOperator,
    DysmsDeliveryCheckOperator,
    DysmsDeliveryReportOperator,
    DysmsQueryMessageOperator,
    DysmsQuerySendDetailsOperator,
    DysmsQuerySendStatisticsOperator,
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
    DysmsSettledDateOperator,
    DysmsSuppressionListOperator,
    DysmsUnsettledDatesOperator,
    DysmsVerifyPartitionOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

number = "139" + "00001111"
with DAG("every_class"):
    DysmsHook()
    DysmsQueryMessageOperator(task_id="a", message_ids=["1"])
    DysmsQuerySendDetailsOperator(task_id="b", phone_numbers=[number], send_date=YESTERDAY)
    DysmsQuerySendStatisticsOperator(task_id="c", first_date=YESTERDAY)
    DysmsSendMessageToGlobeOperator(task_id="d", to="+1415" + "5550100", message="text")
    DysmsSendSmsOperator(task_id="e", phone_numbers=number, sign_name="sign", template_code="SMS_1", template_param={})
    DysmsVerifyPartitionOperator(task_id="f", output_uri="file:///out")
    DysmsMessageSensor(task_id="g", message_ids=["1"], wait_for="95%", deferrable=True)
    DysmsSendDetailsSensor(task_id="h", phone_numbers=[number], biz_id="1")
    DysmsUnsettledDatesOperator(task_id="j", output_uri="file:///out")
    DysmsSettledDateOperator(task_id="k", output_uri="file:///out")
    DysmsExpireArchiveOperator(task_id="l", output_uri="file:///out", keep_days=400)
    DysmsErasePhoneNumbersOperator(task_id="m", output_uri="file:///out", phone_numbers=[number])
    DysmsFindSendingDetailsOperator(task_id="o", output_uri="file:///out", result="Failed")
    DysmsDeliveryReportOperator(task_id="report", output_uri="file:///out", report_uri="file:///reports/a.html")
    DysmsDeliveryCheckOperator(task_id="check", output_uri="file:///out", max_drop=0.03, by=["template_code"])
    DysmsSuppressionListOperator(task_id="q", output_uri="file:///a", suppression_uri="file:///s", template_types={})
    DysmsToObjectStorageOperator(task_id="i", sent_uri="file:///log", output_uri="file:///out")
    DysmsReceiptsToObjectStorageOperator(task_id="n", receipts_uri="file:///a", sent_uri="file:///b", output_uri="s3://c")

print(*set(sys.modules) - before)
"""

PROVIDER_INFO = """
import sys
before = set(sys.modules)
from airflow_provider_dysms.get_provider_info import get_provider_info
get_provider_info()
print(*set(sys.modules) - before)
"""


def loaded_by(program: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_a_dag_file_that_uses_every_class_loads_what_the_classes_are_and_not_what_they_do() -> None:
    loaded = loaded_by(DAG_FILE)
    assert not HEAVY & {name.partition(".")[0] for name in loaded}
    ours = {name.removeprefix(PACKAGE).removeprefix(".") for name in loaded if name.startswith(PACKAGE)}
    assert not AT_WORK & {name.partition(".")[0] for name in ours - CHECKS}
    assert len(ours) <= MAX_MODULES, sorted(ours)


def test_what_airflow_is_told_loads_nothing_else() -> None:
    loaded = {name for name in loaded_by(PROVIDER_INFO) if name.partition(".")[0] not in sys.stdlib_module_names}
    assert loaded == {PACKAGE, f"{PACKAGE}.get_provider_info"}
