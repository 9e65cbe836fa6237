"""The search of the archive as a task: a small result without numbers, or a file."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.archives import DAYS, NUMBERS, UNKNOWN, days_and_rows, rows_of, write_archive, write_day
from support.huawei_days import write_huawei_day

from airflow_provider_dysms.archive.engines import choose_engine
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators import search_archive
from airflow_provider_dysms.operators.dysms import DysmsFindSendingDetailsOperator

SPAN = {"sent_from": DAYS[0], "sent_to": "2026-11-27"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write_archive(f"file://{tmp_path}", [("parquet", None), ("csv", "gzip"), ("jsonl", None)])
    return tmp_path


def found(folder: Path, **arguments: Any) -> dict[str, Any]:
    arguments = {"output_uri": f"file://{folder}", **SPAN, **arguments}
    return DysmsFindSendingDetailsOperator(task_id="find", **arguments).execute({})


def test_the_result_has_messages_and_no_number(archive: Path) -> None:
    result = found(archive, phone_number=f"+86 {NUMBERS[3]}", max_records=1000)
    wanted = [row for _, rows in days_and_rows() for row in rows if row["phone_number"] == NUMBERS[3]]
    assert len(result["records"]) == result["total"]["count"] == len(wanted) > 10
    assert "phone_number" not in result["records"][0]
    assert NUMBERS[3] not in json.dumps(result)
    assert "139****" not in json.dumps(result)
    assert result["not_audited"] == [str(UNKNOWN)]


def test_the_records_of_a_file_are_all_that_there_are(archive: Path) -> None:
    for name in ("failed.csv", "failed.jsonl.gz", "failed.parquet"):
        result = found(archive, result="Failed", details_uri=f"file://{archive}/found/{name}", max_records=5000)
        assert result["rows"] == result["total"]["count"] > 100
        assert "records" not in result
    with (archive / "found/failed.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result["rows"]
    assert {row["result"] for row in rows} == {"Failed"}
    assert any(row["phone_number"] == NUMBERS[3] for row in rows)
    assert found(archive, result="Failed", details_uri=f"file://{archive}/f.csv", max_records=7)["rows"] == 7


def test_a_file_of_many_records_reads_a_day_once_and_smaller_pages_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_day(f"file://{tmp_path}", DAYS[0], rows_of(DAYS[0], 2500))
    reads, search_text = [], choose_engine.search_text

    def counted(*arguments: Any) -> Any:
        reads.append(arguments)
        return search_text(*arguments)

    monkeypatch.setattr(choose_engine, "search_text", counted)
    found(tmp_path, details_uri=f"file://{tmp_path}/once.jsonl", max_records=5000)
    assert len(reads) == 1
    monkeypatch.setattr(search_archive, "READ_AT_ONCE", 1000)
    assert found(tmp_path, details_uri=f"file://{tmp_path}/parts.jsonl", max_records=5000)["rows"] == 2500
    assert len(reads) == 1 + 3
    assert (tmp_path / "parts.jsonl").read_bytes() == (tmp_path / "once.jsonl").read_bytes()


def test_templates_are_rendered_and_the_filters_count_together(archive: Path) -> None:
    with DAG("finds", schedule=None, user_defined_macros={"code": "SMS_1"}):
        task: Any = DysmsFindSendingDetailsOperator(
            task_id="find",
            output_uri=f"file://{archive}",
            template_code="{{ code }}",
            carried={"team": "{{ 'red' }}"},
            sent_from="{{ '2026-11-20' }}",
            sent_to="2026-11-27",
            limits="7d",
            exact_total=True,
        )
    task.render_template_fields({"task": task})
    result = task.execute({})
    assert result["total"]["is_exact"]
    assert {(each["template_code"], each["carried"]["team"]) for each in result["records"]} == {("SMS_1", "red")}


def test_wrong_arguments_fail_early_and_for_good(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AirflowException, match="result must be one of"):
        DysmsFindSendingDetailsOperator(task_id="find", output_uri="file:///out", result="Lost")
    with pytest.raises(AirflowException, match="max_records must be"):
        DysmsFindSendingDetailsOperator(task_id="find", output_uri="file:///out", max_records=1001)
    with pytest.raises(AirflowFailException, match="further apart than 24 hours"):
        found(archive, limits="24h")
    with pytest.raises(AirflowFailException, match=r"details_uri must end with"):
        found(archive, details_uri="file:///out/found.xlsx")
    with pytest.raises(AirflowFailException, match="has 2 numbers"):
        found(archive, phone_number=NUMBERS[:2])
    monkeypatch.setattr(search_archive, "MAX_XCOM_BYTES", 10_000)
    with pytest.raises(AirflowFailException, match="fit into XCom"):
        found(archive, max_records=1000)


def test_hashed_numbers_need_the_secret_of_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = PrivacyKey("a secret of the archive")
    write_day(f"file://{tmp_path}", DAYS[0], rows_of(DAYS[0], 60), key=key)

    def connect(secret: str) -> None:
        fields = {"conn_type": "dysms", "login": "a", "password": "b", "extra": {"privacy_secret": secret}}
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(fields))

    connect("a secret of the archive")
    (phone_hash,) = {record["phone_hash"] for record in found(tmp_path, phone_number=NUMBERS[3])["records"]}
    assert phone_hash == key.phone_hash(NUMBERS[3])
    connect("another secret than that")
    with pytest.raises(AirflowFailException, match=f"hashed under another one .fingerprint {key.fingerprint}"):
        found(tmp_path, phone_number=NUMBERS[3])


def test_days_from_receipts_alone_are_named(tmp_path: Path) -> None:
    today = dates.beijing_day(datetime.now(UTC))
    before, *received = (today - dates.DAY * back for back in (5, 4, 3, 1))
    write_day(f"file://{tmp_path}", before, rows_of(before, 5))
    for day in received:
        write_huawei_day(tmp_path, f"file://{tmp_path}", day)
    result = found(tmp_path, sent_from=before, sent_to=today)
    assert (
        "From receipts alone, so that their states are not cross-checked: "
        f"{received[0]} to {received[1]}, {received[2]}." in result["notes"]
    )
    assert [day["is_of_receipts_alone"] for day in result["days"]] == [True, False, True, True, False]
    asked = found(tmp_path, sent_from=before, sent_to=received[0])
    assert not any("receipts" in note for note in asked["notes"])


def test_a_damaged_day_is_tried_again(tmp_path: Path) -> None:
    manifest = write_day(f"file://{tmp_path}", DAYS[0], rows_of(DAYS[0], 5))
    data = tmp_path / manifest["result"]["data"]
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(AirflowException, match="is not what its manifest says: bytes") as caught:
        found(tmp_path)
    assert not isinstance(caught.value, AirflowFailException)
