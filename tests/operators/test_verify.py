"""The check of a partition as a task: what the transfer wrote, in every format; and what became of it since."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.dysms import DysmsVerifyPartitionOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
COUNTS = ("data", "bytes", "sha256", "rows", "by_state", "missing", "unlogged", "open")


@pytest.fixture
def audit(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret="k" * 32))
    kinds = {"biz_id": 0.3, "out_id": 0.3, "sent_at": 0.2, "international": 0.2}
    emulator.generate(
        send_date=DAY, messages=300, seed=5, kinds=kinds, unlogged=0.05, missing=0.03, log=tmp_path / "sent.csv"
    )

    def run(**arguments: Any) -> dict[str, Any]:
        uris = {"sent_uri": f"file://{tmp_path}/sent.csv", "output_uri": f"file://{tmp_path}/out"}
        return DysmsToObjectStorageOperator(task_id="audit", send_date=DAY, **uris, **arguments).execute({})

    return run


def verified(folder: Path, **arguments: Any) -> dict[str, Any]:
    arguments = {"output_uri": f"file://{folder}/out", "send_date": DAY, **arguments}
    return DysmsVerifyPartitionOperator(task_id="verify", **arguments).execute({})


@pytest.mark.parametrize(
    ("file_format", "compression", "more"),
    [
        ("jsonl", None, {"content": "keep", "carry": ["user_id", "campaign"]}),
        ("csv", "gzip", {"phone": "hashed"}),
        ("parquet", None, {"carry": ["campaign"]}),
    ],
)
def test_what_the_transfer_wrote_holds_what_its_manifest_says(
    audit: Callable[..., dict[str, Any]],
    tmp_path: Path,
    file_format: str,
    compression: str | None,
    more: dict[str, Any],
) -> None:
    result = audit(file_format=file_format, compression=compression, **more)["result"]
    assert verified(tmp_path) == {name: result[name] for name in COUNTS}
    assert result["unlogged"] > 0
    assert result["missing"] > 0


def test_a_row_that_is_gone_fails_the_task_by_name_and_it_is_tried_again(
    audit: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    data = tmp_path / "out" / audit()["result"]["data"]
    data.write_bytes(b"".join(data.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(
        AirflowException, match=r"is not what its manifest says: bytes \d+, .*; sha256 .*; rows"
    ) as caught:
        verified(tmp_path)
    assert not isinstance(caught.value, AirflowFailException)
    numbers = {line.split(",")[0] for line in (tmp_path / "sent.csv").read_text("utf-8").splitlines()[1:]} - {""}
    assert not any(number in str(caught.value) for number in numbers)


def test_a_day_that_nobody_wrote_is_no_verified_day(tmp_path: Path) -> None:
    with pytest.raises(AirflowException, match="the manifest is missing"):
        verified(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_day_that_the_service_has_forgotten_long_ago_can_be_checked(
    audit: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    audit(partition="send_date=2020-01-02")
    assert verified(tmp_path, send_date="20200102")["rows"] > 0


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("send_date", {"send_date": "soon"}),
        ("partition", {"partition": "{date}"}),
        ("partition", {"partition": None}),
        ("partition", {"partition": "../elsewhere"}),
        ("output_uri", {"output_uri": "folder"}),
        ("output_uri", {"output_uri": None}),
    ],
)
def test_a_wrong_argument_is_named_and_not_tried_again(
    tmp_path: Path, argument: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(AirflowFailException, match=f"^{argument} "):
        verified(tmp_path, **arguments)


def test_it_runs_as_a_task_for_the_day_of_its_run(
    audit: Callable[..., dict[str, Any]], tmp_path: Path, run_dag: Callable[..., Any]
) -> None:
    audit()
    with DAG("checks", schedule=None) as dag:
        DysmsVerifyPartitionOperator(task_id="verify", output_uri=f"file://{tmp_path}/out")
    (task,) = run_dag(dag).get_task_instances()
    assert task.state == "success"
    manifest = json.loads((tmp_path / f"out/_manifests/send_date={DAY}.json").read_text())
    assert task.xcom_pull("verify")["rows"] == manifest["result"]["rows"]
