"""A retry resumes where the attempt before it ended, and writes the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from moto.server import ThreadedMotoServer

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.storage.checkpoints import Checkpoints

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NUMBERS = 300
SEGMENT = 20
INSTANCE = {"dag_id": "daily", "run_id": "manual__2026-01-05T00:00:00+00:00", "map_index": -1}


@pytest.fixture(autouse=True)
def small_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", SEGMENT)


@pytest.fixture
def ended_attempt(attempts: Any) -> Callable[..., int]:
    """Write a log, and end an attempt of its audit on the way; return the number of responses that it has saved."""

    def run(**arguments: Any) -> int:
        before = len(attempts.checkpoints())
        attempts.emulator.reset()
        attempts.send(NUMBERS)
        attempts.emulator.configure(latency_ms=20)  # answers come no faster than segments can be written
        attempts.refuse_after(160)
        with pytest.raises(AirflowFailException, match="RAM_PERMISSION_DENY"):
            attempts(**arguments)
        attempts.emulator.clear_faults()
        attempts.asked()
        return SEGMENT * (len(attempts.checkpoints()) - before)

    return run


def test_a_retry_asks_only_the_rest_and_comes_to_the_bytes_of_an_uninterrupted_run(
    attempts: Any, ended_attempt: Callable[..., int], elsewhere: Callable[[str], Any]
) -> None:
    kept = ended_attempt()
    assert 0 < kept <= 160
    manifest = attempts()
    assert manifest["run"]["resumed"] == kept
    assert attempts.asked() == NUMBERS - kept
    assert manifest["run"]["requests"] == NUMBERS - kept + 2  # the statistics
    assert not (attempts.out / "_spool").exists()

    whole = elsewhere("whole")
    result = whole()["result"]
    assert attempts.data() == whole.data()
    of_the_try = dict.fromkeys(("as_of", "oldest_answer"))
    assert {**manifest["result"], **of_the_try} == {**result, **of_the_try}


def test_a_second_end_is_gone_on_from_too_and_all_is_dated_by_the_try_that_asked_first(
    attempts: Any, ended_attempt: Callable[..., int], elsewhere: Callable[[str], Any]
) -> None:
    kept = ended_attempt()
    begun = attempts.checkpoints()[0].name.split("-")[0]
    attempts.refuse_after(NUMBERS - kept - 1)
    with pytest.raises(AirflowFailException):
        attempts()
    kept_then = SEGMENT * len(attempts.checkpoints())
    assert kept_then > kept
    assert len({path.name.split("-")[0] for path in attempts.checkpoints()}) == 1
    attempts.emulator.clear_faults()
    attempts.asked()
    manifest = attempts()
    assert manifest["run"]["resumed"] == kept_then
    as_of = manifest["result"]["as_of"]
    assert begun.startswith(as_of.translate({ord(sign): None for sign in "-:Z"}))
    assert manifest["result"]["oldest_answer"] == as_of
    whole = elsewhere("whole")
    whole()
    assert attempts.data() == whole.data()


def test_a_killed_try_is_gone_on_from_on_another_node_and_leaves_nothing_on_its_own(
    attempts: Any, tmp_path: Path, elsewhere: Callable[[str], Any]
) -> None:
    attempts.send(NUMBERS)
    attempts.emulator.fault("stall", action="QuerySendDetails", skip=150, times=None, seconds=5)
    node = tmp_path / "node"
    node.mkdir()
    arguments = {
        "sent_uri": f"file://{tmp_path}/sent.csv",
        "output_uri": f"file://{attempts.out}",
        "send_date": str(DAY),
    }
    order = json.dumps({"questions": SEGMENT, "arguments": arguments, "instance": INSTANCE})
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("victim.py")), order],
        env={**os.environ, "TMPDIR": str(node)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as victim:
        until = time.monotonic() + 120
        while len(attempts.checkpoints()) < 2 and victim.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL
    assert list(node.rglob("*")) == []
    kept = SEGMENT * len(attempts.checkpoints())
    assert kept >= 40

    attempts.emulator.clear_faults()
    manifest = attempts(instance=INSTANCE)
    assert manifest["run"]["resumed"] == kept
    assert manifest["run"]["requests"] == NUMBERS - kept + 2
    assert sorted(path.name for path in attempts.out.iterdir()) == ["_manifests", f"send_date={DAY}"]
    whole = elsewhere("whole")
    whole()
    assert attempts.data() == whole.data()


CHANGES: dict[str, dict[str, Any]] = {
    "the way of matching": {"match": "out_id"},
    "the text is kept": {"content": "keep"},
    "numbers are hashed": {"phone": "hashed"},
    "columns are carried": {"carry": ["campaign"]},
    "it is too long ago": {"resume_within": 0.001},
    "nothing is ever gone on from": {"resume_within": 0},
    "another place": {"partition": "other={send_date:%Y-%m-%d}"},
    "another format": {"file_format": "csv"},
    "another rate": {"max_missing_rate": 0.5},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_rows_depend_on_decides_whether_a_retry_goes_on(
    attempts: Any, ended_attempt: Callable[..., int], change: str
) -> None:
    kept = ended_attempt()
    manifest = attempts(**CHANGES[change])
    assert manifest["run"]["resumed"] == (kept if change in ("another format", "another rate") else 0)
    assert attempts.asked() == NUMBERS - manifest["run"]["resumed"]
    assert not (attempts.out / "_spool").exists()


def test_with_another_log_or_another_privacy_key_everything_is_asked(
    attempts: Any, ended_attempt: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended_attempt(phone="hashed")
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", attempts.connection(privacy_secret="j" * 32))
    assert attempts(phone="hashed")["run"]["resumed"] == 0
    ended_attempt()
    log = attempts.folder / "sent.csv"
    log.write_text("".join(log.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    assert attempts(refresh="all")["run"]["resumed"] == 0


def test_a_torn_segment_is_asked_again_and_those_after_it_are_not(
    attempts: Any, ended_attempt: Callable[..., int], elsewhere: Callable[[str], Any]
) -> None:
    kept = ended_attempt()
    first, second, *_ = attempts.checkpoints()
    first.write_bytes(first.read_bytes()[:-100])
    second.write_bytes(zlib.compress(b"\xc0"))
    (first.parent / ".000009.segment.0123.tmp").write_bytes(b"what a kill left")
    assert attempts()["run"]["resumed"] == kept - 2 * SEGMENT > 0
    assert not (attempts.out / "_spool").exists()
    whole = elsewhere("whole")
    whole()
    assert attempts.data() == whole.data()


def test_segments_are_as_private_as_the_output_and_their_names_say_nothing(
    attempts: Any, ended_attempt: Callable[..., int]
) -> None:
    def inside() -> str:
        return "".join(zlib.decompress(path.read_bytes()).decode("utf-8", "replace") for path in attempts.checkpoints())

    ended_attempt(phone="hashed")
    number = attempts.emulator.messages()[0]["phone_number"][:7]
    assert number not in inside()
    assert "【" not in inside()
    names = [path.relative_to(attempts.out).as_posix() for path in attempts.checkpoints()]
    assert not any("139" in name.split("/")[1] and "00001111" in name for name in names)
    assert all(set(name) <= set("0123456789abcdefT-_/.spoolgmnt") for name in names)
    attempts.out = attempts.folder / "plain"
    ended_attempt(content="keep")
    assert "【" in inside()


def test_what_a_retry_would_only_find_wrong_again_is_not_kept(attempts: Any, ended_attempt: Callable[..., int]) -> None:
    attempts.send(NUMBERS)
    messages = attempts.emulator.messages()
    attempts.emulator.reset()
    with pytest.raises(AirflowException, match="max_missing_rate"):
        attempts()
    assert not attempts.checkpoints()
    attempts.emulator.add_messages(messages)
    assert attempts()["run"]["resumed"] == 0


def test_the_rate_of_missing_lines_is_judged_over_what_was_asked_before_as_well(attempts: Any) -> None:
    attempts.send(NUMBERS)
    unknown = "".join(f"1390001{number:04},none-{number},0\n" for number in range(100))
    log = attempts.folder / "sent.csv"
    header, lines = log.read_text("utf-8").split("\n", 1)
    log.write_text(f"{header}\n{unknown}{lines}", "utf-8")
    attempts.refuse_after(495)
    # An empty response takes a tenth of a second to be believed; at full speed everything else is done by then.
    with pytest.raises(AirflowFailException, match="RAM_PERMISSION_DENY"):
        attempts(requests_per_second=250)
    attempts.emulator.clear_faults()
    assert attempts.checkpoints()
    with pytest.raises(AirflowException, match=r"100 of \d+ lines have no record"):
        attempts()
    assert not attempts.checkpoints()


def test_segments_are_also_put_after_some_time(
    attempts: Any, ended_attempt: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 10_000)
    assert ended_attempt() == 0
    monkeypatch.setattr(checkpoints, "MAX_SECONDS", 0.01)
    assert ended_attempt() > 0


def test_other_tasks_keep_their_segments(attempts: Any, ended_attempt: Callable[..., int]) -> None:
    one, two = ended_attempt(task="one"), ended_attempt(task="two")
    assert attempts(task="two")["run"]["resumed"] == two
    assert SEGMENT * len(attempts.checkpoints()) == one
    assert attempts(task="one", refresh="all")["run"]["resumed"] == one
    assert not (attempts.out / "_spool").exists()


def test_segments_that_cannot_be_written_are_warned_about_and_the_export_goes_on(
    attempts: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(self: Checkpoints, entries: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoints, "write", full)
    attempts.send(NUMBERS)
    assert attempts()["result"]["lines"] == NUMBERS
    assert "could not be written" in "".join(capfd.readouterr())


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket ``spools`` behind the connection ``aws_spools``."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    extra = {"endpoint_url": url, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_SPOOLS", json.dumps(connection))
    client = boto3.client("s3", aws_access_key_id="key", aws_secret_access_key="secret", **extra)
    client.create_bucket(Bucket="spools")
    yield client
    client.close()
    server.stop()


def test_segments_lie_in_a_bucket_too(attempts: Any, bucket: Any, ended_attempt: Callable[..., int]) -> None:
    def keys() -> list[str]:
        return [entry["Key"] for entry in bucket.list_objects_v2(Bucket="spools").get("Contents", [])]

    place = {"output_uri": "s3://aws_spools@spools/out"}
    ended_attempt(**place)
    kept = SEGMENT * len(keys())
    assert kept >= 40
    assert all(key.startswith("out/_spool/") for key in keys())
    assert attempts(**place)["run"]["resumed"] == kept
    assert keys() == [f"out/_manifests/send_date={DAY}.json", f"out/send_date={DAY}/part-0.jsonl"]
    attempts()
    body = bucket.get_object(Bucket="spools", Key=f"out/send_date={DAY}/part-0.jsonl")["Body"].read()
    assert body == attempts.data()
