"""A store that drops, cuts, stalls or refuses: the error names the argument and the file, and outages are tried again.

Every request goes to moto's S3 server through a front of ours; the operator, s3fs and the connection are real.
"""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem
from support.network.s3_front import Front, fronting

from airflow_provider_dysms.exceptions import DysmsTaskError, DysmsTaskFailed
from airflow_provider_dysms.operators.dysms import DysmsVerifyPartitionOperator
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.storage.object_store import paths, timeouts

OUTAGES = ("drop", "silent", "cut", "stall", "slow_down", "bad_gateway")
#: Outages in which nothing comes, and no error either.
ENDLESS = ("silent", "stall")
#: What can befall an answer without a body.
BODILESS = ("drop", "silent", "slow_down", "bad_gateway")
OUT = "s3://aws_front@outages/out"


@pytest.fixture(scope="module")
def server() -> Iterator[Front]:
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    with fronting(moto.get_host_and_port()) as front:
        yield front
    moto.stop()


@pytest.fixture(scope="module")
def past_the_front(server: Front) -> Iterator[Any]:
    """A client of the server itself, with a bucket ``outages``."""
    host, port = server.upstream
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="outages")
    yield client
    client.close()


@pytest.fixture
def client(past_the_front: Any) -> Any:
    """An empty bucket ``outages``, past the front."""
    for entry in past_the_front.list_objects_v2(Bucket="outages").get("Contents", []):
        past_the_front.delete_object(Bucket="outages", Key=entry["Key"])
    return past_the_front


@pytest.fixture
def front(server: Front, client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """The front, through which ``aws_front`` leads; its clients give up sooner than in production."""
    extra = {
        "endpoint_url": f"http://127.0.0.1:{server.port}",
        "region_name": "us-east-1",
        "config_kwargs": {"read_timeout": 3, "retries": {"total_max_attempts": 1}},
    }
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_FRONT", json.dumps(connection))
    monkeypatch.setattr(S3FileSystem, "retries", 1)  # five, with pauses, if it is left alone
    monkeypatch.setattr(timeouts, "CALL_TIMEOUT", 1.5)
    monkeypatch.setattr(timeouts, "LISTING_TIMEOUT", 1.5)
    monkeypatch.setattr(timeouts, "BLOCK_BYTES", 1 << 16)
    server.plan(None)
    yield server
    server.plan(None)


@lru_cache
def written(kind: str, lines: int = 30_000) -> bytes:
    """A log of some megabytes that does not compress well, so that it is read in several requests."""
    drawn = random.Random(1)
    ids = [f"{drawn.getrandbits(256):064x}" for _ in range(lines)]
    numbers = [f"139{place:08}" for place in range(lines)]
    if kind == "parquet":
        file = io.BytesIO()
        pq.write_table(pa.table({"phone_number": numbers, "out_id": ids}), file, row_group_size=5_000)
        return file.getvalue()
    rows = [f"{number},{id_}" for number, id_ in zip(numbers, ids, strict=True)]
    content = "\n".join(["phone_number,out_id", *rows, ""]).encode()
    return gzip.compress(content, 1) if kind.endswith(".gz") else content


def failing(run: Callable[[], Any], fault: str, *told: str) -> None:
    """The task fails in the way that the fault calls for, and says what it was about."""
    with pytest.MonkeyPatch.context() as patch:
        if fault in ENDLESS:  # our limit comes before that of the client
            patch.setattr(timeouts, "CALL_TIMEOUT", 1.0)
            patch.setattr(timeouts, "LISTING_TIMEOUT", 1.0)
        with pytest.raises(DysmsTaskFailed if fault == "forbidden" else DysmsTaskError) as caught:
            run()
    assert ("did not answer within" in str(caught.value)) == (fault in ENDLESS)
    assert type(caught.value) is (DysmsTaskFailed if fault == "forbidden" else DysmsTaskError)
    for words in told:
        assert words in str(caught.value)
    assert "aws_front" not in str(caught.value)


@pytest.mark.parametrize(("kind", "skip"), [("csv", 0), ("csv", 1), ("csv.gz", 1), ("parquet", 1)])
@pytest.mark.parametrize("fault", [*OUTAGES, "forbidden"])
def test_a_log_that_cannot_be_read_to_its_end_is_named_and_nothing_is_asked(
    attempts: Any, client: Any, front: Front, kind: str, fault: str, skip: int
) -> None:
    client.put_object(Bucket="outages", Key=f"sent/log.{kind}", Body=written(kind))
    front.plan(fault, part=f"sent/log.{kind}", skip=skip)
    failing(
        lambda: attempts(None, sent_uri=f"s3://aws_front@outages/sent/log.{kind}", resume_within=0),
        fault,
        f"sent_uri cannot be read: s3://outages/sent/log.{kind} (",
    )
    assert len(front.met) > skip
    assert attempts.asked() == 0


@pytest.mark.parametrize("sent", ["sent", "sent/**/*.csv", "sent/*/x.csv"])
@pytest.mark.parametrize("fault", [*OUTAGES, "forbidden"])
def test_a_log_that_cannot_be_listed_is_not_taken_for_an_empty_or_a_smaller_one(
    attempts: Any, client: Any, front: Front, fault: str, sent: str
) -> None:
    for key in ("sent/log.csv", "sent/more/x.csv"):
        client.put_object(Bucket="outages", Key=key, Body=b"phone_number\n13900000000\n")
    front.plan(fault, part="list-type=2", skip=0 if sent == "sent" else 1)
    failing(
        lambda: attempts(None, sent_uri=f"s3://aws_front@outages/{sent}"), fault, "sent_uri cannot be", "s3://outages"
    )
    assert front.met
    assert attempts.asked() == 0


@pytest.mark.parametrize("fault", BODILESS)
def test_a_log_whose_kind_cannot_be_asked_for_is_not_taken_for_a_folder(
    attempts: Any, client: Any, front: Front, fault: str
) -> None:
    client.put_object(Bucket="outages", Key="sent/log.csv", Body=b"phone_number\n13900000000\n")
    front.plan(fault, method="HEAD", part="sent/log.csv")
    failing(
        lambda: attempts(None, sent_uri="s3://aws_front@outages/sent/log.csv"), fault, "s3://outages/sent/log.csv ("
    )


@pytest.mark.parametrize("part", ["part-0.csv", "_manifests/"])
@pytest.mark.parametrize("fault", [*OUTAGES, "forbidden"])
def test_a_committed_partition_that_cannot_be_read_is_read_by_the_next_try(
    attempts: Any, client: Any, front: Front, fault: str, part: str
) -> None:
    attempts.send(20)
    attempts(output_uri=OUT, file_format="csv")
    attempts.asked()
    front.plan(fault, part=part)
    failing(
        lambda: attempts(output_uri=OUT, file_format="csv"), fault, "output_uri cannot be read: s3://outages/out/", part
    )
    assert front.met
    assert attempts.asked() == 0
    front.plan(None)
    assert attempts(output_uri=OUT, file_format="csv")["run"]["taken_over"] > 10


@pytest.mark.parametrize("fault", [*OUTAGES, "forbidden"])
def test_a_partition_that_cannot_be_verified_is_not_said_to_differ(
    attempts: Any, client: Any, front: Front, fault: str
) -> None:
    attempts.send(20)
    day = attempts(output_uri=OUT)["result"]["send_date"]
    verify = DysmsVerifyPartitionOperator(task_id="verify", output_uri=OUT, send_date=day)
    for part in ("part-0.jsonl", "_manifests/"):
        front.plan(fault, part=part)
        failing(lambda: verify.execute({}), fault, "output_uri cannot be read: s3://outages/out/", part)
    front.plan(None)
    assert verify.execute({})["rows"] == 20


@pytest.mark.parametrize("fault", OUTAGES)
def test_checkpoints_that_cannot_be_read_are_read_by_the_next_try(
    attempts: Any, client: Any, front: Front, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 10)
    attempts.send(60)
    attempts.emulator.configure(latency_ms=20)
    attempts.refuse_after(50)
    with pytest.raises(DysmsTaskFailed):
        attempts(output_uri=OUT)
    attempts.emulator.clear_faults()
    attempts.emulator.configure(latency_ms=0)
    attempts.asked()
    front.plan(fault, part=".segment")
    failing(lambda: attempts(output_uri=OUT), fault, "output_uri cannot be read: s3://outages/out/_spool/")
    assert attempts.asked() == 0
    front.plan(None)
    assert attempts(output_uri=OUT)["run"]["resumed"] >= 10


@pytest.mark.parametrize("part", ["part-0.jsonl", "_manifests/send_date"])
@pytest.mark.parametrize("fault", [*BODILESS, "forbidden"])
def test_a_file_that_cannot_be_put_is_named_and_put_by_the_next_try(
    attempts: Any, client: Any, front: Front, fault: str, part: str
) -> None:
    attempts.send(5)
    front.plan(fault, method="PUT", part=part)
    failing(lambda: attempts(output_uri=OUT), fault, "output_uri cannot be written: s3://outages/out/", part)
    front.plan(None)
    assert attempts(output_uri=OUT)["result"]["rows"] == 5


def test_the_settings_of_a_connection_go_before_those_of_ours(
    client: Any, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_dysms.storage.object_store.paths import resolve_uri

    extra = {"endpoint_url": f"http://127.0.0.1:{front.port}", "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_PLAIN", json.dumps(connection))
    plain = resolve_uri("s3://aws_plain@outages/out", "output_uri").fs
    assert plain.s3.meta.config.retries == paths.RETRIES
    assert plain.s3.meta.config.read_timeout == 15
    given = resolve_uri("s3://aws_front@outages/out", "output_uri").fs
    assert given.s3.meta.config.retries == {"total_max_attempts": 1, "mode": "legacy"}
    assert given.s3.meta.config.read_timeout == 3
