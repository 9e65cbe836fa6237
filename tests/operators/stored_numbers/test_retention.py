"""The operators that forget, as tasks: nothing that Airflow stores has a number of the people."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.known_archives import SECRET, Archive, put_day, rows_of, verdict

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsErasePhoneNumbersOperator, DysmsExpireArchiveOperator

PERSON, OTHER = "137" + "55550101", "138" + "00002222"  # no other test leaves it in the database
TODAY = dates.beijing_day(datetime.now(UTC))
CONNECTION = {"conn_type": "dysms", "login": "LTAIexample", "password": "a-secret"}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """An archive of a day that is kept, and one past its time."""
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps({**CONNECTION, "extra": {"privacy_secret": SECRET}}))
    archive = Archive(tmp_path / "out")
    for age in (2, 50):
        day = TODAY - timedelta(days=age)
        put_day(archive.uri, day, [verdict(day, PERSON), verdict(day, OTHER)])
    return archive


def test_people_are_erased_by_a_task_and_airflow_stores_no_number(
    archive: Archive, run_dag: Callable[..., Any], stored_by_airflow: Callable[[], str]
) -> None:
    with DAG("erase", schedule=None) as dag:
        DysmsErasePhoneNumbersOperator(task_id="erase", output_uri=archive.uri, phone_numbers=[PERSON])
    (task,) = run_dag(dag).get_task_instances()
    assert task.state == "success"
    result = task.xcom_pull("erase")
    assert (result["people"], result["rows"], result["changed"]) == (1, 2, 2)
    assert [row["phone_number"] for row in rows_of(archive.path, TODAY - timedelta(days=2))] == [OTHER]
    assert PERSON not in stored_by_airflow()
    assert PrivacyKey(SECRET).erasure_digest(PERSON) not in stored_by_airflow()


def test_days_past_their_time_are_removed_by_a_task(archive: Archive, run_dag: Callable[..., Any]) -> None:
    with DAG("expire", schedule=None) as dag:
        DysmsExpireArchiveOperator(task_id="expire", output_uri=archive.uri, keep_days=40)
    (task,) = run_dag(dag).get_task_instances()
    assert task.state == "success"
    assert task.xcom_pull("expire")["partitions"] == 1
    assert list(archive.data()) == [f"send_date={TODAY - timedelta(days=2)}/part-0.jsonl"]


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("mode", {"mode": "forget"}),
        ("output_uri", {"output_uri": ""}),
        ("phone_numbers", {"phone_numbers": []}),
        ("phone_numbers", {"phone_numbers": [PERSON, "12"]}),
    ],
)
def test_a_wrong_argument_is_named(archive: Archive, argument: str, arguments: dict[str, Any]) -> None:
    given = {"output_uri": archive.uri, "phone_numbers": [PERSON], **arguments}
    with pytest.raises(AirflowException, match=f"{argument} ") as caught:
        DysmsErasePhoneNumbersOperator(task_id="erase", **given).execute({})
    assert PERSON not in str(caught.value)
    assert not (archive.path / "_erasures").exists()


def test_without_a_privacy_secret_nobody_is_erased(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(CONNECTION))
    with pytest.raises(AirflowFailException, match="privacy_secret of the connection is missing"):
        DysmsErasePhoneNumbersOperator(task_id="e", output_uri=archive.uri, phone_numbers=[PERSON]).execute({})


@pytest.mark.parametrize("keep_days", [30, "400"])
def test_too_short_a_time_is_an_error_of_the_dag(keep_days: Any) -> None:
    with pytest.raises(AirflowException, match="keep_days must be a whole number from 31"):
        DysmsExpireArchiveOperator(task_id="expire", output_uri="file:///out", keep_days=keep_days)
