"""Literals are checked while the DAG is parsed: a typo is an import error, and not a task that fails at night."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, XComArg, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.operators.dysms import (
    DysmsQuerySendDetailsOperator,
    DysmsQuerySendStatisticsOperator,
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
    DysmsUnsettledDatesOperator,
    DysmsVerifyPartitionOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

NUMBER = "139" + "00001111"
TRANSFER: tuple[Any, dict[str, Any]] = (
    DysmsToObjectStorageOperator,
    {"sent_uri": "file:///sent.csv", "output_uri": "file:///out"},
)
RECEIPTS: tuple[Any, dict[str, Any]] = (
    DysmsReceiptsToObjectStorageOperator,
    {"receipts_uri": "file:///receipts", "sent_uri": "file:///sent.csv", "output_uri": "file:///out"},
)
DETAILS = (DysmsQuerySendDetailsOperator, {"phone_numbers": NUMBER})
STATISTICS = (DysmsQuerySendStatisticsOperator, {"first_date": "2026-11-28"})
VERIFY = (DysmsVerifyPartitionOperator, {"output_uri": "file:///out"})
UNSETTLED = (DysmsUnsettledDatesOperator, {"output_uri": "file:///out"})
SMS = (DysmsSendSmsOperator, {"phone_numbers": NUMBER, "sign_name": "示例", "template_code": "SMS_1"})
GLOBE = (DysmsSendMessageToGlobeOperator, {"to": "+1415" + "5550100", "message": "text"})
WAIT = (DysmsMessageSensor, {"message_ids": "1"})
WAIT_DETAILS = (DysmsSendDetailsSensor, {"phone_numbers": NUMBER, "biz_id": "1^0"})

WRONG: list[tuple[tuple[Any, dict[str, Any]], str, Any, str]] = [
    (RECEIPTS, "vendor", "huwaei", "did you mean 'huawei'"),
    (RECEIPTS, "match", "sent_at", "must be one of"),
    (RECEIPTS, "lookahead_days", 31, "must be a whole number from 0 to 30"),
    (RECEIPTS, "lookahead_days", 3.0, "must be a whole number from 0 to 30"),
    (RECEIPTS, "max_line_bytes", 1024.5, "must be a whole number from 1"),
    (TRANSFER, "max_file_bytes", 1e9, "must be a whole number from 1"),
    (RECEIPTS, "max_rejected_receipts", 2, "a share"),
    (RECEIPTS, "receipts_uri", "file:///{day}", "placeholder"),
    (RECEIPTS, "receipts_uri", None, "must be text"),
    (TRANSFER, "file_format", "parq", "did you mean 'parquet'"),
    (TRANSFER, "file_format", "{{ params.format }}", "must be one of"),  # which is never rendered
    (TRANSFER, "compression", "gz", "did you mean 'gzip'"),
    (TRANSFER, "match", "bizid", "did you mean 'biz_id'"),
    (TRANSFER, "content", "Keep", "did you mean 'keep'"),
    (TRANSFER, "phone", "hash", "did you mean 'hashed'"),
    (TRANSFER, "phone", NUMBER, "must be one of plain, hashed, not this str"),
    (TRANSFER, "refresh", "everything", "must be one of unsettled, all"),
    (TRANSFER, "outside_window", "ignore", "must be one of fail, skip"),
    (TRANSFER, "statistics", True, "must be one of record, judge, skip"),
    (TRANSFER, "max_missing_rate", 5, "must be a share from 0 to 1"),
    (TRANSFER, "max_rejected_rate", "5%", "must be a share from 0 to 1"),
    (TRANSFER, "resume_within", float("nan"), "must be a number of seconds"),
    (TRANSFER, "requests_per_second", 0, "must be a number of requests above 0"),
    (TRANSFER, "send_date", "28/11/2026", "it must be 'YYYY-MM-DD', 'YYYYMMDD', a date, or a datetime"),
    (TRANSFER, "partition", "day={day}", "may have only the placeholder"),
    (TRANSFER, "output_uri", "", "is empty"),
    (UNSETTLED, "output_uri", "", "is empty"),
    (UNSETTLED, "through", "yesterday", "is not a date"),
    (UNSETTLED, "lookback_days", 31, "must be a whole number from 1 to 30"),
    (UNSETTLED, "lookback_days", 0, "must be a whole number from 1 to 30"),
    (UNSETTLED, "lookback_days", "30", "must be a whole number from 1 to 30"),
    (UNSETTLED, "limit", 0, "must be a whole number from 1 to 1024"),
    (UNSETTLED, "limit", True, "must be a whole number from 1 to 1024"),
    (UNSETTLED, "sent_uri", "file:///{day}.csv", "may have only the placeholder"),
    (UNSETTLED, "partition", "day={day}", "may have only the placeholder"),
    (DETAILS, "send_date", "28/11/2026", "is not a date"),
    (DETAILS, "biz_id", "a b", "must be an id"),
    (DETAILS, "dysms_conn_id", None, "must be text"),
    (STATISTICS, "first_date", 5, "is not a date"),
    (STATISTICS, "last_date", "tomorrow", "is not a date"),
    (STATISTICS, "scope", "global", "must be one of mainland, international"),
    (STATISTICS, "template_types", ["code", "notices"], "did you mean 'notice'"),
    (STATISTICS, "sign_names", ["【示例】"], "is written in brackets"),
    (VERIFY, "send_date", "28.11.2026", "is not a date"),
    (SMS, "sign_name", "【示例】", "is written in brackets"),
    (SMS, "sign_name", " 示例", "begins or ends with a blank"),
    (SMS, "template_code", "", "is empty"),
    (SMS, "template_param", "code=1", "must be a mapping"),
    (SMS, "out_id", "x" * 256, "has 256 characters"),
    (SMS, "settle", "120", "must be a number of seconds"),
    (GLOBE, "message_type", "otp", "did you mean 'OTP'"),
    (GLOBE, "validity_period", 0, "must be a whole number"),
    (GLOBE, "resend", "False", "must be True or False"),
    (WAIT, "wait_for", "most", "must be 'all', 'any', a number"),
    (WAIT, "wait_for", "101%", "must be 'all', 'any', a number"),
    (WAIT, "until_all_final", "no", "must be True or False"),
    (WAIT, "fail_on_failed", 0, "must be True or False"),
    (WAIT_DETAILS, "send_date", "28/11/2026", "is not a date"),
    (WAIT_DETAILS, "biz_id", "a b", "must be an id"),
]


def parse(way: str, operator: Any, given: dict[str, Any], argument: str, value: Any) -> None:
    """Make a task in one of the ways of a DAG file."""
    given = {name: right for name, right in given.items() if name != argument}
    with DAG("parsed", schedule=None):
        if way == "plain":
            operator(task_id="task", **given, **{argument: value})
        elif way == "partial":
            operator.partial(task_id="task", **given, **{argument: value})
        elif way == "expand":
            operator.partial(task_id="task", **given).expand(**{argument: [value]})
        else:
            operator.partial(task_id="task", **given).expand_kwargs([{argument: value}])


@pytest.mark.filterwarnings("ignore:Task 'task' was never mapped")
@pytest.mark.parametrize(("made", "argument", "value", "told"), WRONG)
@pytest.mark.parametrize("way", ["plain", "partial", "expand", "expand_kwargs"])
def test_a_wrong_literal_is_an_error_of_the_dag(
    made: tuple[Any, dict[str, Any]], argument: str, value: Any, told: str, way: str
) -> None:
    with pytest.raises(DysmsInputError, match=told) as caught:
        parse(way, *made, argument, value)
    assert caught.value.argument == argument
    assert NUMBER not in str(caught.value)
    assert isinstance(caught.value, AirflowFailException)  # a mapped task is made when it runs, and not tried again


def test_the_compression_must_be_one_of_the_format() -> None:
    operator, given = TRANSFER
    with pytest.raises(DysmsInputError, match="compression is 'zstd'; for jsonl it must be one of None, 'gzip'"):
        operator(task_id="task", **given, compression="zstd")
    operator(task_id="task", **given, compression="zstd", file_format="parquet")


LATER = "{{ var.value.later }}"


def test_what_is_known_only_later_is_checked_later() -> None:
    with DAG("later", schedule=None):

        @task
        def upstream() -> str:
            return "2026-11-28"

        day: XComArg = upstream()
        sent, out = TRANSFER[1]["sent_uri"], TRANSFER[1]["output_uri"]
        DysmsToObjectStorageOperator(task_id="a", sent_uri=LATER, output_uri=LATER, send_date=LATER, partition=LATER)
        DysmsToObjectStorageOperator(task_id="b", sent_uri=sent, output_uri=out, send_date=day)
        DysmsSendSmsOperator(
            task_id="c",
            phone_numbers=LATER,
            sign_name=LATER,
            template_code=LATER,
            template_param={"code": LATER},
            out_id=LATER,
        )
        DysmsQuerySendStatisticsOperator(task_id="d", first_date=LATER, last_date=day, sign_names=[LATER, "示例"])
        DysmsSendDetailsSensor(task_id="e", phone_numbers=LATER, biz_id=day, send_date=LATER, wait_for=LATER)
        DysmsToObjectStorageOperator.partial(task_id="f", sent_uri=sent, output_uri=out).expand(send_date=day)
        DysmsToObjectStorageOperator.partial(task_id="g", sent_uri=sent, output_uri=out).expand(
            send_date=[LATER, "2026-11-28"]
        )
        DysmsToObjectStorageOperator.partial(task_id="h", output_uri=out).expand_kwargs(
            [{"sent_uri": sent, "send_date": LATER}]
        )


def test_a_typo_is_an_import_error_of_the_file(tmp_path: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    (tmp_path / "typo.py").write_text(
        textwrap.dedent(
            """
            from airflow.sdk import DAG
            from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

            with DAG("typo", schedule=None):
                DysmsToObjectStorageOperator(
                    task_id="audit", sent_uri="file:///sent", output_uri="file:///out", file_format="parq"
                )
            """
        )
    )
    bag = DagBag(dag_folder=str(tmp_path), bundle_path=tmp_path)
    (error,) = bag.import_errors.values()
    assert "file_format must be one of jsonl, csv, parquet, not 'parq'; did you mean 'parquet'?" in error


def test_two_inputs_are_seen_at_once_also_in_templates() -> None:
    with pytest.raises(DysmsInputError, match="give exactly one of the two"):
        DysmsToObjectStorageOperator(task_id="a", sent_uri=LATER, phone_numbers=LATER, output_uri=LATER)
