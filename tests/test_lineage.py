"""Datasets have the names of OpenLineage's conventions, and neither connection ids nor secrets; hooks report them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.lineage import HookLineageCollector
from openlineage.client.serde import Serde

from airflow_provider_dysms import lineage
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.lineage import dataset_name, public_uri
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator


@pytest.mark.parametrize(
    ("uri", "public", "name"),
    [
        ("s3://aws_default@bucket/a/b.csv", "s3://bucket/a/b.csv", ("s3://bucket", "a/b.csv")),
        ("s3a://bucket/a/", "s3a://bucket/a/", ("s3://bucket", "a")),
        ("s3://key:secret@bucket/a", "s3://bucket/a", ("s3://bucket", "a")),
        ("s3://conn@bucket", "s3://bucket", ("s3://bucket", "/")),
        ("s3://conn@bucket/a@b/c#1?x=y", "s3://bucket/a@b/c#1?x=y", ("s3://bucket", "a@b/c#1?x=y")),
        ("file:///data/out/", "file:///data/out/", ("file", "/data/out")),
        ("local:///data", "local:///data", ("file", "/data")),
        ("file:///data/2026*/[ab].csv", "file:///data/2026*/[ab].csv", ("file", "/data/2026*/[ab].csv")),
    ],
)
def test_names_have_no_connection(uri: str, public: str, name: tuple[str, str]) -> None:
    assert public_uri(uri) == public
    assert dataset_name(uri) == name


def told(operator: Any) -> dict[str, list[dict[str, Any]]]:
    """Return what OpenLineage is told when the task starts."""
    found = operator.get_openlineage_facets_on_start()
    return {kind: [json.loads(Serde.to_json(each)) for each in getattr(found, kind)] for kind in ("inputs", "outputs")}


def test_before_the_task_only_the_names_are_known() -> None:
    operator = DysmsToObjectStorageOperator(
        task_id="audit", sent_uri="s3://conn@bucket/sent/{send_date:%Y%m%d}.csv", output_uri="s3://k:v@bucket/out"
    )
    event = told(operator)
    assert [(each["namespace"], each["name"]) for each in event["inputs"]] == [
        ("s3://bucket", "sent/{send_date:%Y%m%d}.csv")
    ]
    assert [(each["namespace"], each["name"]) for each in event["outputs"]] == [("s3://bucket", "out")]
    assert "conn" not in json.dumps(event)


def test_what_is_not_a_uri_is_not_told() -> None:
    operator = DysmsToObjectStorageOperator(task_id="audit", phone_numbers=["139" + "00001111"], output_uri="{{ x }}")
    event = told(operator)
    assert event == {"inputs": [], "outputs": []}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> HookLineageCollector:
    """The collector that Airflow uses if something reads hook lineage."""
    collector = HookLineageCollector()
    monkeypatch.setattr("airflow.sdk.lineage.get_hook_lineage_collector", lambda: collector)
    return collector


def test_an_audit_reports_its_log_and_its_folder_to_hook_lineage(
    collector: HookLineageCollector, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    (tmp_path / "发送.csv").write_text("phone_number,out_id\n")
    DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri=f"file://{tmp_path}/发送.csv",
        output_uri=f"file://{tmp_path}/out",
        send_date=datetime.now(UTC) - timedelta(days=1),
    ).execute({})
    collected = collector.collected_assets
    assert [each.asset.uri for each in collected.inputs] == [f"file://{tmp_path}/%E5%8F%91%E9%80%81.csv"]
    assert [each.asset.uri for each in collected.outputs] == [f"file://{tmp_path}/out"]


def test_the_archive_of_receipts_is_read_too(collector: HookLineageCollector, tmp_path: Path) -> None:
    (tmp_path / "sent.csv").write_text("message_id\n11aa22bb-0000-4000-8000-000000000001_1\n")
    (tmp_path / "receipts.jsonl").write_text("smsMsgId=11aa22bb-0000-4000-8000-000000000001_1&status=DELIVRD\n")
    arguments: dict[str, Any] = {
        "sent_uri": f"file://{tmp_path}/sent.csv",
        "receipts_uri": f"file://{tmp_path}/receipts.jsonl",
        "output_uri": f"file://{tmp_path}/out",
        "send_date": datetime.now(UTC) - timedelta(days=1),
    }
    DysmsReceiptsToObjectStorageOperator(task_id="join", **arguments).execute({})
    uris = [arguments["sent_uri"], arguments["receipts_uri"]]
    assert [each.asset.uri for each in collector.collected_assets.inputs] == uris
    inputs = told(DysmsToObjectStorageOperator(task_id="audit", **arguments))["inputs"]
    assert [f"file://{each['name']}" for each in inputs] == uris


def test_an_incomplete_audit_says_so() -> None:
    parameters = {"max_missing_rate": 0.5, "max_rejected_rate": 0.05}
    result = {
        "keyed": True,
        "lines": 10,
        "repeated": 1,
        "missing": 2,
        "settled": False,
        "by_state": {"rejected": 1, "delivered": 6, "missing": 2},
        "parameters": parameters,
    }
    said = {
        each.name: (each.success, each.actual)
        for each in lineage._completeness(result, {"statistics": {}, "statistics_gap": True})
    }
    assert said == {
        "complete": (True, "every answer shown to be complete"),
        "missing_rate": (True, "0.250000"),
        "rejected_rate": (False, "0.100000"),
        "settled": (False, "False"),
        "statistics_gap": (False, "more than 5 %"),
    }
    of_numbers = lineage._completeness({**result, "keyed": False}, {"statistics": None})
    assert [each.name for each in of_numbers] == ["complete", "rejected_rate", "settled"]


def test_lineage_that_cannot_be_told_fails_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr("airflow.sdk.lineage.get_hook_lineage_collector", broken)
    lineage.report_to_hook_lineage(None, [lineage.Dataset("file:///a")], [])
