"""The list as a task, and what its arguments may be."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException
from support.known_archives import SECRET, Archive, failed, put_day, rows_in, verdict

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsSuppressionListOperator

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NUMBER, OTHER = "137" + "55550202", "138" + "00002222"  # no other test leaves it in the database
TYPES = {"SMS_1": "promotion"}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = Archive(tmp_path / "out")
    put_day(archive.uri, DAY, [failed(DAY, NUMBER, "blacklist"), verdict(DAY, OTHER, second=1)])
    return archive


def test_it_runs_as_a_task_and_airflow_stores_no_number(
    archive: Archive, tmp_path: Path, run_dag: Callable[..., Any], stored_by_airflow: Callable[[], str]
) -> None:
    with DAG("stop", schedule=None) as dag:
        DysmsSuppressionListOperator(
            task_id="stop", output_uri=archive.uri, suppression_uri=f"file://{tmp_path}/stop", template_types=TYPES
        )
    (task,) = run_dag(dag).get_task_instances()
    assert task.state == "success"
    result = task.xcom_pull("stop")
    assert (result["entries"], result["messages"], result["days"]) == ({"blacklist": 1}, 2, 1)
    assert len(result["missing_days"]) == 29
    assert result["rules"]["unreachable_after"] == 5
    assert result["list_uri"].endswith("/stop/suppression_list/part-0.jsonl")
    assert NUMBER not in stored_by_airflow()
    assert [row["phone_number"] for row in rows_in(tmp_path / "stop", "suppression_list")] == [NUMBER]


def test_a_hashed_list_needs_the_secret_of_the_connection(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"conn_type": "dysms", "login": "LTAIexample", "password": "a", "extra": {"privacy_secret": SECRET}}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    uris = {"output_uri": archive.uri, "suppression_uri": f"file://{tmp_path}/stop"}
    DysmsSuppressionListOperator(task_id="stop", **uris, template_types=TYPES, phone="hashed", through=DAY).execute({})
    (row,) = rows_in(tmp_path / "stop", "suppression_list")
    assert row["phone_hash"] == PrivacyKey(SECRET).phone_hash(NUMBER)


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("days", {"days": 0}),
        ("days", {"days": 367}),
        ("template_types", {"template_types": {"SMS_1": "otp"}}),
        ("template_types", {"template_types": ["SMS_1"]}),
        ("pumping", {"pumping": True}),
        ("pumping", {"pumping": "report", "phone": "hashed"}),
        ("thresholds", {"thresholds": {"invalid": 1}}),
        ("invalid_after", {"thresholds": {"invalid_after": 0}}),
        ("prefix_max_delivery_rate", {"thresholds": {"prefix_max_delivery_rate": 2}}),
        ("thresholds", {"thresholds": ["invalid_after"]}),
        ("suppression_uri", {"suppression_uri": "file:///out/"}),
        ("suppression_uri", {"suppression_uri": "file:///out/stop"}),
        ("suppression_uri", {"output_uri": "s3://a@b/out", "suppression_uri": "s3://c@b/out/stop"}),
        ("compression", {"compression": "zstd"}),
        ("through", {"through": "soon"}),
    ],
)
def test_a_wrong_argument_is_an_error_of_the_dag(argument: str, arguments: dict[str, Any]) -> None:
    given = {"output_uri": "file:///out", "suppression_uri": "file:///stop", "template_types": TYPES, **arguments}
    with pytest.raises(AirflowException, match=f"^{argument} "):
        DysmsSuppressionListOperator(task_id="stop", **given)
