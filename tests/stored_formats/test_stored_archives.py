"""Suppression lists, erasures, later audits and receipts that earlier releases stored are read by this one."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk._shared.module_loading import import_string
from support.known_archives import put_day, rows_of, verdict
from support.record_archive_formats import BLOCKED, INVALID, REACHED
from support.record_formats import LOG, NUMBERS, SECRET, event_of

from airflow_provider_dysms.archive.figures.read_figures import read_figures
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import (
    DysmsErasePhoneNumbersOperator,
    DysmsSuppressionListOperator,
    DysmsVerifyPartitionOperator,
)
from airflow_provider_dysms.retention.erasure_records import erased_people, record_keys
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.suppression.left_out import find_left_out
from airflow_provider_dysms.suppression.stopped_numbers import read_stopped

RELEASES = sorted(folder for folder in Path(__file__).with_name("recorded").iterdir() if (folder / "archive").is_dir())
PARTITION = "send_date={send_date:%Y-%m-%d}"
KEY = PrivacyKey(SECRET)

log = logging.getLogger(__name__)


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def recorded(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"conn_type": "dysms", "login": "LTAIexample", "password": "a-secret", "extra": {"privacy_secret": SECRET}}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(given))


def copy(recorded: Path, name: str, folder: Path) -> str:
    """Return the URI of a copy, which a test may change."""
    shutil.copytree(recorded / "archive" / name, folder)
    return f"file://{folder}"


def only_result(uri: str) -> dict[str, Any]:
    """Return the result of the only manifest of a folder."""
    (manifest,) = Path(uri.removeprefix("file://"), "_manifests").iterdir()
    result: dict[str, Any] = json.loads(manifest.read_text("utf-8"))["result"]
    return result


@pytest.mark.parametrize("phone", ["plain", "hashed"])
@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
def test_a_stored_suppression_list_stops_sends(recorded: Path, phone: str, file_format: str, tmp_path: Path) -> None:
    uri = copy(recorded, f"suppression/{phone}_{file_format}", tmp_path / "stop")
    made = datetime.fromisoformat(only_result(uri)["suppression"]["as_of"])
    numbers = [BLOCKED, INVALID, REACHED]
    for template, stopped in {
        "SMS_1": {BLOCKED: "blacklist", INVALID: "invalid_number"},
        "SMS_2": {INVALID: "invalid_number"},
    }.items():
        how: dict[str, Any] = {"template_type": None, "template_code": template, "key": KEY, "log": log}
        assert find_left_out(uri, numbers, now=made + timedelta(days=1), **how).reasons == stopped
        assert find_left_out(uri, numbers, now=made + timedelta(days=366), **how).reasons == {}
    assert read_stopped(uri) == {"blacklist": 1, "invalid_number": 1}


@pytest.mark.parametrize("phone", ["plain", "hashed"])
def test_the_entries_of_a_stored_list_are_in_the_next_one(recorded: Path, phone: str, tmp_path: Path) -> None:
    uri = copy(recorded, f"suppression/{phone}_jsonl", tmp_path / "stop")
    before = only_result(uri)["suppression"]
    day = date.fromisoformat(before["through"]) + timedelta(days=1)
    put_day(f"file://{tmp_path}/out", day, [verdict(day, REACHED)])
    found = DysmsSuppressionListOperator(
        task_id="stop",
        output_uri=f"file://{tmp_path}/out",
        suppression_uri=uri,
        through=day,
        days=1,
        template_types={"SMS_1": "promotion"},
        phone=phone,
    ).execute({})
    assert found["messages"] == 1
    assert found["entries"] == before["entries"]


def test_who_is_in_a_stored_record_of_an_erasure_is_left_out(recorded: Path) -> None:
    folder = recorded / "archive" / "erasures"
    store = Partition.resolve(f"file://{folder}", partition="p", file_format="jsonl", compression=None).store
    through = date.fromisoformat(min(path.name for path in (folder / "_erasures").iterdir())[:10])
    people = erased_people(store, record_keys(store, through), KEY)
    assert [people.hash_of(number) for number in NUMBERS] == [KEY.phone_hash(number) for number in NUMBERS]
    assert people.hash_of(REACHED) is None
    assert record_keys(store, through + dates.DAY) == []


def test_a_stored_erasure_that_was_interrupted_is_finished(recorded: Path, tmp_path: Path) -> None:
    uri = copy(recorded, "erasures", tmp_path / "out")
    records = {path: json.loads(path.read_text()) for path in (tmp_path / "out" / "_erasures").iterdir()}
    (interrupted,) = (path for path, record in records.items() if not record["finished"])
    found = DysmsErasePhoneNumbersOperator(task_id="erase", output_uri=uri, phone_numbers=NUMBERS[1:]).execute({})
    assert (found["rows"], Path(found["record"]).name) == (1, interrupted.name)
    assert json.loads(interrupted.read_text())["finished"]
    day = date.fromisoformat(only_result(uri)["send_date"])
    assert [row["phone_number"] for row in rows_of(tmp_path / "out", day)] == [REACHED]


def test_a_stored_manifest_with_snapshots_has_the_figures_of_both_audits(recorded: Path, tmp_path: Path) -> None:
    uri = copy(recorded, "audited_twice", tmp_path / "out")
    result = only_result(uri)
    day = date.fromisoformat(result["send_date"])
    (found,) = read_figures(uri, [day], partition=PARTITION, now=dates.day_start(day) + 2 * dates.DAY).values()
    assert [audit.counts.delivered for audit in found.audits] == [52, 52]
    assert found.latest is not None
    assert found.latest.failed_by_fault == result["failed_by_fault"] != {}
    assert {name: counts.delivered for name, counts in found.latest.groups["country"].items()} == {"CN": 52}
    verify = DysmsVerifyPartitionOperator(task_id="verify", output_uri=uri, send_date=day)
    assert verify.execute({})["rows"] == result["rows"] == 62


def test_a_stored_partition_of_receipts_fits_its_manifest(recorded: Path, tmp_path: Path) -> None:
    uri = copy(recorded, "receipts", tmp_path / "out")
    result = only_result(uri)
    assert (result["source"], result["receipts"]["matched"]) == ("receipts", 3)
    day = date.fromisoformat(result["send_date"])
    found = DysmsVerifyPartitionOperator(task_id="verify", output_uri=uri, send_date=day).execute({})
    assert found["by_state"] == {"delivered": 2, "failed": 1, "waiting": 1}
    assert [row["phone_number"] for row in rows_of(tmp_path / "out", day)] == [number for number, _ in LOG[:4]]
    (figures,) = read_figures(uri, [day], partition=PARTITION, now=datetime.now(UTC)).values()
    assert figures.latest is not None
    assert figures.latest.counts.delivered == 2


def test_a_stored_trigger_of_receipts_fires(recorded: Path, tmp_path: Path) -> None:
    trigger = json.loads((recorded / "receipts_trigger.json").read_text("utf-8"))
    stored = (trigger["classpath"], trigger["kwargs"])
    assert import_string(stored[0])(**stored[1]).serialize() == stored
    for name in "ab":
        (tmp_path / name).write_text("{}\n")
    event = event_of({**trigger, "kwargs": {**stored[1], "receipts_uri": f"file://{tmp_path}/*"}})
    assert event["new_files"] == 2
    assert {name: type(value) for name, value in event.items()} == {
        name: type(value) for name, value in trigger["event"].items()
    }
