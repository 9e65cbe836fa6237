"""To S3 for real: moto's server, s3fs and an Airflow ``aws`` connection; read back by another reader."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from airflow.sdk.exceptions import AirflowFailException
from moto.server import ThreadedMotoServer

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

TODAY = dates.beijing_day(datetime.now(UTC))
DAYS = [TODAY - timedelta(days=back) for back in (3, 2, 1)]
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
FIELDS = [
    "phone_number",
    "biz_id",
    "out_id",
    "message_id",
    "template_code",
    "sign_name",
    "state",
    "error_code",
    "segments",
]


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A server of its own for this module: Airflow keeps one filesystem for each connection id."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **KEYS)
    yield client
    client.close()
    server.stop()


@pytest.fixture
def bucket(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket ``audits``, and the connection ``aws_days`` to it."""
    connection = {"conn_type": "aws", "login": "key", "password": "secret"}
    connection["extra"] = {"endpoint_url": s3.meta.endpoint_url, "region_name": "us-east-1"}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DAYS", json.dumps(connection))
    s3.create_bucket(Bucket="audits")
    empty(s3)  # the servers of one process share their buckets
    yield s3
    empty(s3)
    s3.delete_bucket(Bucket="audits")


def empty(s3: Any) -> None:
    for entry in s3.list_objects_v2(Bucket="audits").get("Contents", []):
        s3.delete_object(Bucket="audits", Key=entry["Key"])


def audit(day: Any, **arguments: Any) -> dict[str, Any]:
    operator = DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri="s3://aws_days@audits/sent/{send_date:%Y%m%d}.csv",
        output_uri="s3://aws_days@audits/out",
        send_date=day,
        **{"file_format": "parquet", "carry": ["campaign"], **arguments},
    )
    return operator.execute({})


def test_three_days_on_s3_an_empty_one_among_them_are_found_exactly_by_duckdb(
    bucket: Any,
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    expected: Counter[tuple[Any, ...]] = Counter()
    for place, day in enumerate(DAYS):
        log, truth = tmp_path / f"{day}.csv", tmp_path / f"{day}.jsonl"
        if place == 0:
            log.write_text("phone_number,message_id,biz_id,out_id,sent_at,user_id,campaign\n")
        else:
            emulator.generate(send_date=day, messages=800, seed=place, log=log, truth=truth)
            seeded = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
            expected.update((day, *(row[name] for name in FIELDS)) for row in seeded)
        bucket.upload_file(str(log), "audits", f"sent/{day:%Y%m%d}.csv")
        manifest = audit(day)
        stored = bucket.get_object(Bucket="audits", Key=f"out/_manifests/send_date={day}.json")["Body"].read()
        whole = json.loads(stored)
        del whole["result"]["unseen"], whole["result"]["latency"]  # which refreshes and reports read from the file
        assert whole == manifest
        assert "aws_days" not in json.dumps(manifest)
        assert manifest["run"]["output_uri"] == "s3://audits/out"
        assert manifest["run"]["data_uri"] == f"s3://audits/out/send_date={day}/part-0.parquet"
        logged = "".join(capfd.readouterr())
        assert f"The rows are in s3://audits/out/send_date={day}/part-0.parquet (" in logged
        assert f"s3://audits/out/_manifests/send_date={day}.json" in logged

    keys = [entry["Key"] for entry in bucket.list_objects_v2(Bucket="audits", Prefix="out/")["Contents"]]
    for key in keys:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        bucket.download_file("audits", key, str(tmp_path / key))
    assert len(keys) == 2 * len(DAYS)
    table = f"read_parquet('{tmp_path}/out/**/*.parquet', hive_partitioning=true)"
    found = duckdb.sql(f"select send_date, {', '.join(FIELDS)} from {table}").fetchall()
    assert Counter(found) == expected
    recent = duckdb.sql(f"select distinct send_date from {table} where send_date >= date '{DAYS[2]}'").fetchall()
    assert recent == [(DAYS[2],)]
    types = dict(duckdb.sql(f"select column_name, column_type from (describe select * from {table})").fetchall())
    assert (types["send_date"], types["sent_at"]) == ("DATE", "TIMESTAMP WITH TIME ZONE")
    assert (types["is_final"], types["delivery_seconds"]) == ("BOOLEAN", "BIGINT")


@pytest.mark.parametrize(
    "place", ["receipts/*/*.jsonl.gz", "receipts/{send_date:%Y%m%d}", "receipts/{send_date:%Y%m%d}/?.jsonl*"]
)
def test_receipts_on_s3_are_found_in_folders_and_by_globs_and_joined_into_a_file_there(bucket: Any, place: str) -> None:
    day, number = DAYS[1], "1390000"
    lines = [f"{number}{each:04},9007{each}^0\n" for each in range(3)]
    sent = gzip.compress("".join(["phone_number,biz_id\n", *lines]).encode())
    bucket.put_object(Bucket="audits", Key=f"sent/{day:%Y%m%d}.csv.gz", Body=sent)
    for each in range(2):
        report = {
            "phone_number": f"{number}{each:04}",
            "biz_id": f"9007{each}^0",
            "success": each == 0,
            "send_time": f"{day} 12:00:00",
            "report_time": f"{day} 12:00:09",
        }
        request = json.dumps({"body": json.dumps([report])}).encode()
        folder = f"receipts/{day + timedelta(days=each):%Y%m%d}"  # a receipt may come a day later
        bucket.put_object(Bucket="audits", Key=f"{folder}/{each}.jsonl.gz", Body=gzip.compress(request))
    manifest = DysmsReceiptsToObjectStorageOperator(
        task_id="join",
        receipts_uri=f"s3://aws_days@audits/{place}",
        sent_uri="s3://aws_days@audits/sent/{send_date:%Y%m%d}.csv.gz",
        output_uri="s3://aws_days@audits/out",
        send_date=day,
    ).execute({})
    key = f"out/send_date={day}/part-0.jsonl"
    rows = [json.loads(line) for line in bucket.get_object(Bucket="audits", Key=key)["Body"].read().splitlines()]
    assert [row["state"] for row in rows] == ["delivered", "failed", "waiting"]
    assert (manifest["result"]["receipts"]["files"], manifest["result"]["receipts"]["matched"]) == (2, 2)
    assert manifest["run"]["data_uri"] == f"s3://audits/{key}"


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("output_uri", {"output_uri": "s3://aws_days@nobucket/out"}),
        ("output_uri", {"output_uri": "s3://nobody@audits/out"}),
        ("sent_uri", {"sent_uri": "s3://aws_days@audits/sent/nothing.csv"}),
        ("sent_uri", {"sent_uri": "s3://nobody@audits/sent/x.csv"}),
    ],
)
def test_what_s3_does_not_have_is_named_before_anything_is_asked(
    bucket: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, argument: str, arguments: dict[str, str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    bucket.put_object(Bucket="audits", Key="sent/x.csv", Body=b"phone_number\n13900000000\n")
    given = {"sent_uri": "s3://aws_days@audits/sent/x.csv", "output_uri": "s3://aws_days@audits/out", **arguments}
    with pytest.raises(AirflowFailException) as caught:
        DysmsToObjectStorageOperator(task_id="audit", send_date=DAYS[0], **given).execute({})
    assert str(caught.value).startswith(argument)
    assert emulator.requests() == {}
    assert bucket.list_objects_v2(Bucket="audits")["KeyCount"] == 1


@pytest.mark.parametrize("argument", ["sent_uri", "output_uri"])
def test_a_uri_without_a_connection_on_a_machine_without_credentials_says_so(
    bucket: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, argument: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr("airflow.sdk.io.store._STORE_CACHE", {})
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    bucket.put_object(Bucket="audits", Key="sent/x.csv", Body=b"phone_number\n13900000000\n")
    given = {"sent_uri": "s3://aws_days@audits/sent/x.csv", "output_uri": "s3://aws_days@audits/out"}
    given[argument] = given[argument].replace("aws_days@", "")
    with pytest.raises(AirflowFailException) as caught:
        DysmsToObjectStorageOperator(task_id="audit", send_date=DAYS[0], **given).execute({})
    assert str(caught.value) == (
        f"{argument} names no connection, and this machine has no AWS credentials; "
        f"write {given[argument].replace('s3://', 's3://conn_id@')}."
    )
    assert emulator.requests() == {}
