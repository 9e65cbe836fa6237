"""An audit, its refresh and its resume on OSS, by ``oss://`` and by ``s3://``, while OSS fails in its own ways.

Both schemes lead to the same server over TLS, which checks each signature and refuses what OSS refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import s3fs.core
from s3fs import S3FileSystem
from support.oss.fixtures import oss, oss_server
from support.oss.server import BUCKET, HOSTS, KEY_ID, REGION, SECRET, OSSServer

from airflow_provider_dysms.archive.figures.read_figures import read_figures
from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.exceptions import DysmsTaskError, DysmsTaskFailed
from airflow_provider_dysms.filesystems import oss_file_system
from airflow_provider_dysms.model.choices import PARTITION
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.operators.dysms import DysmsVerifyPartitionOperator
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.storage.partition import Partition

__all__ = ["oss", "oss_server"]

PART = 5 << 20


@pytest.fixture(params=["oss", "s3"])
def root(oss: OSSServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of the bucket; the ``s3://`` connection has the settings that docs/oss.md lists."""
    config = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "s3": {"addressing_style": "virtual"},
        "signature_version": "s3v4",
        "proxies": {"https": f"http://127.0.0.1:{oss.proxy.port}"},
    }
    extra = {"endpoint_url": f"https://{HOSTS[0]}", "region_name": REGION, "config_kwargs": config}
    monkeypatch.setenv("AWS_CA_BUNDLE", str(oss.folder / "ca.pem"))
    aws = {"conn_type": "aws", "login": KEY_ID, "password": SECRET, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_AUDITS", json.dumps(aws))
    return f"oss://oss_audits@{BUCKET}" if request.param == "oss" else f"s3://aws_audits@{BUCKET}"


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is sent once, so that a fault that lasts is told soon."""
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    monkeypatch.setattr(oss_file_system, "RETRIES", {"total_max_attempts": 1})
    monkeypatch.setattr("airflow_provider_dysms.storage.object_store.paths.RETRIES", {"total_max_attempts": 1})


def rows_of(oss: OSSServer, key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in oss.get(key).splitlines()]


def data_keys(oss: OSSServer) -> list[str]:
    return [key for key in oss.keys() if key.startswith("out/send_date=")]  # noqa: SIM118 - not a mapping


def test_a_day_is_audited_refreshed_and_verified(attempts: Any, oss: OSSServer, root: str) -> None:
    attempts.send(120)
    oss.client.upload_file(str(attempts.folder / "sent.csv"), BUCKET, "sent/log.csv")
    arguments = {"sent_uri": f"{root}/sent/*.csv", "output_uri": f"{root}/out", "carry": ["campaign"]}
    result = attempts(None, **arguments)["result"]
    assert result["rows"] == 120
    (data,) = data_keys(oss)
    first = rows_of(oss, data)
    assert sum(row["state"] == "waiting" for row in first) == 3

    attempts.asked()
    manifest = attempts(None, **arguments)
    assert attempts.asked() < 20
    assert manifest["run"]["taken_over"] > 100
    assert len(rows_of(oss, data)) == 120
    verify = DysmsVerifyPartitionOperator(task_id="verify", output_uri=f"{root}/out", send_date=result["send_date"])
    assert verify.execute({})["rows"] == 120
    assert [refusal for refusal in oss.refused if not refusal.startswith("404")] == []
    assert oss.uploads() == 0


def test_a_file_that_was_put_in_one_request_is_not_read_back(attempts: Any, oss: OSSServer, root: str) -> None:
    attempts.send(5)
    attempts(output_uri=f"{root}/out")
    methods = [seen.split()[0] for seen in oss.seen if seen.endswith("/part-0.jsonl")]
    assert "PUT" in methods
    assert "GET" not in methods


def test_a_retry_resumes_from_its_checkpoints(
    attempts: Any, oss: OSSServer, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 10)
    attempts.send(60)
    attempts.emulator.configure(latency_ms=20)
    attempts.refuse_after(50)
    with pytest.raises(DysmsTaskFailed):
        attempts(output_uri=f"{root}/out")
    attempts.emulator.clear_faults()
    attempts.asked()
    assert attempts(output_uri=f"{root}/out")["run"]["resumed"] >= 10
    assert attempts.asked() <= 50
    assert [key for key in oss.keys() if "_spool" in key] == []  # noqa: SIM118 - not a mapping


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    ("fault", "method", "part"),
    [
        ("unavailable", "GET", "sent/log.csv"),
        ("cut_response", "GET", "sent/log.csv"),
        ("denied", "GET", "sent/log.csv"),
        ("cut_response", "GET", "list-type=2"),
        ("unavailable", "PUT", "_spool"),
        ("unavailable", "PUT", "part-0.jsonl"),
        ("cut_request", "PUT", "part-0.jsonl"),
        ("denied", "PUT", "part-0.jsonl"),
        ("cut_request", "PUT", "_manifests/send_date"),
        ("denied", "PUT", "_manifests/send_date"),
    ],
)
def test_a_fault_is_told_and_the_next_attempt_comes_to_the_same_rows(
    attempts: Any, oss: OSSServer, root: str, fault: str, method: str, part: str
) -> None:
    attempts.send(20)
    oss.client.upload_file(str(attempts.folder / "sent.csv"), BUCKET, "sent/log.csv")
    arguments = {"sent_uri": f"{root}/sent/log.csv", "output_uri": f"{root}/out"}
    oss.plan(fault, method=method, part=part)
    if part == "_spool":  # without checkpoints the audit goes on
        attempts(None, **arguments)
        oss.plan(None)
    else:
        with pytest.raises((DysmsTaskError, DysmsTaskFailed)) as caught:
            attempts(None, **arguments)
        assert type(caught.value) is (DysmsTaskFailed if fault == "denied" else DysmsTaskError)
        assert str(caught.value).startswith(("sent_uri cannot be", "output_uri cannot be"))
        assert "oss_audits" not in str(caught.value)
        assert SECRET not in str(caught.value)
        # A file that is there is whole.
        assert all(len(rows_of(oss, key)) == 20 for key in data_keys(oss))
        oss.plan(None)
        attempts(None, **arguments)
    (data,) = data_keys(oss)
    assert len(rows_of(oss, data)) == 20


@pytest.mark.parametrize("fault", ["unavailable", "cut_request"])
def test_a_fault_that_passes_is_not_noticed(attempts: Any, oss: OSSServer, root: str, fault: str) -> None:
    attempts.send(5)
    for part in ("part-0.jsonl", "_manifests/send_date"):
        oss.plan(fault, method="PUT", part=part, times=1)
        assert attempts(output_uri=f"{root}/out", refresh="all")["result"]["rows"] == 5
        assert oss.times == 0


@pytest.fixture
def commit(oss: OSSServer, root: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Commit a partition that is uploaded in parts."""
    monkeypatch.setattr(s3fs.core, "calculate_chunksize", lambda size, chunksize=None: PART)
    target = Partition.resolve(f"{root}/big", partition="day=1")

    def run(letter: str) -> Any:
        with target.open_spool({"text": str}) as spool:
            spool.write((f"{place:06}" + letter * 4_000,) for place in range(3_000))
            return target.commit(spool, {}, {})

    return run


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    ("fault", "method", "part"),
    [
        ("unavailable", "POST", "uploads"),
        ("unavailable", "PUT", "partNumber=2"),
        ("denied", "PUT", "partNumber=2"),
        ("cut_request", "PUT", "partNumber=2"),
        ("error_in_200", "POST", "uploadId"),
        ("denied", "POST", "uploadId"),
    ],
)
def test_an_upload_in_parts_that_fails_leaves_the_old_file_and_no_upload(
    oss: OSSServer, commit: Callable[[str], Any], fault: str, method: str, part: str
) -> None:
    commit("a")
    (data,) = [key for key in oss.keys() if key.startswith("big/day=1")]  # noqa: SIM118 - not a mapping
    before = oss.get(data)
    oss.seen.clear()
    if fault == "error_in_200":  # moto completes it, and then the answer is an error: the file may be the new one
        oss.plan(fault, method=method, part=part)
        with pytest.raises(DysmsStorageError, match=r"^output_uri cannot be written: .*; the store may be back later"):
            commit("b")
    else:
        oss.plan(fault, method=method, part=part)
        kind = DysmsInputError if fault == "denied" else DysmsStorageError
        with pytest.raises(kind, match=r"^output_uri cannot be written: "):
            commit("b")
        assert oss.get(data) == before
    assert oss.uploads() == 0
    oss.plan(None)
    commit("b")
    assert oss.get(data).count(b"b" * 4_000) == 3_000
    assert oss.uploads() == 0


def test_a_part_that_is_cut_once_is_sent_again(oss: OSSServer, commit: Callable[[str], Any]) -> None:
    oss.plan("cut_request", method="PUT", part="partNumber=2", times=1)
    commit("a")
    assert oss.times == 0
    (data,) = [key for key in oss.keys() if key.startswith("big/day=1")]  # noqa: SIM118 - not a mapping
    assert len(oss.get(data).splitlines()) == 3_000


def test_an_upload_whose_last_response_is_lost_may_be_tried_again(oss: OSSServer, commit: Callable[[str], Any]) -> None:
    oss.plan("lost_response", method="POST", part="uploadId", times=1)
    with pytest.raises(DysmsStorageError, match=r"^output_uri cannot be written: .*; the store may be back later"):
        commit("a")
    assert oss.times == 0
    commit("a")


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    ("fault", "part"),
    [("unavailable", "part-0"), ("cut_response", "part-0"), ("denied", "_manifests"), ("unavailable", "list-type=2")],
)
def test_the_archive_is_searched_and_a_fault_is_not_an_empty_page(
    attempts: Any, oss: OSSServer, root: str, fault: str, part: str
) -> None:
    attempts.send(30)
    day = attempts(output_uri=f"{root}/out", file_format="parquet")["result"]["send_date"]
    query = FindQuery(output_uri=f"{root}/out", sent_from=day, count="exact", result="Failed")
    found = find(query).records
    assert [detail.state for detail in found] == ["failed", "failed"]
    oss.plan(fault, method="GET", part=part)
    with pytest.raises(DysmsInputError if fault == "denied" else DysmsStorageError, match=r"output_uri cannot be"):
        find(query)
    oss.plan(None)
    assert find(query).records == found


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(("fault", "part"), [("cut_response", "_manifests"), ("denied", "list-type=2")])
def test_the_figures_of_a_report_are_read_and_a_fault_is_not_a_day_without_messages(
    attempts: Any, oss: OSSServer, root: str, fault: str, part: str
) -> None:
    attempts.send(30)
    day = date.fromisoformat(attempts(output_uri=f"{root}/out")["result"]["send_date"])

    def read() -> Any:
        return read_figures(f"{root}/out", [day], partition=PARTITION, now=datetime.now(UTC))[day].failed_by_code

    failed = read()
    assert failed
    oss.plan(fault, method="GET", part=part)
    with pytest.raises(DysmsInputError if fault == "denied" else DysmsStorageError, match=r"output_uri cannot be"):
        read()
    oss.plan(None)
    assert read() == failed
