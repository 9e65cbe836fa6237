"""Records what this release stores of lists, erasures, later audits and receipts; see :mod:`support.record_formats`.

``python -m pytest tests/support/record_archive_formats.py`` writes ``tests/stored_formats/recorded/<version>/archive``
and ``receipts_trigger.json``; pytest does not collect it by itself. What is recorded stays.
"""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import BEIJING
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsErasePhoneNumbersOperator, DysmsSuppressionListOperator
from airflow_provider_dysms.retention.erasure_records import new_record, write_record
from airflow_provider_dysms.retention.people import People
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.triggers.receipts import DysmsReceiptsTrigger
from support.known_archives import failed, put_day, verdict
from support.record_formats import DAY, FOLDER, LOG, NOON, NUMBERS, SECRET, audit, connection, event_of, send, write

__all__ = ["connection"]

#: Stopped for promotions, stopped for everything, and delivered.
BLOCKED, INVALID, REACHED = (f"139{place:08}" for place in (5001, 5002, 5003))


def keep(written: Path, name: str) -> None:
    """Take a folder of partitions into the recording, without the name of the place that it comes from."""
    target = FOLDER / "archive" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(written, target)
    for manifest in target.rglob("_manifests/*.json"):
        manifest.write_text(manifest.read_text("utf-8").replace(str(written), "/recorded"), "utf-8")


@pytest.mark.parametrize("phone", ["plain", "hashed"])
def test_suppression_list(phone: str, tmp_path: Path) -> None:
    put_day(
        f"file://{tmp_path}/out",
        DAY,
        [
            failed(DAY, BLOCKED, "blacklist"),
            failed(DAY, INVALID, "invalid_number", second=1),
            verdict(DAY, REACHED, second=2),
        ],
    )
    for file_format in ("jsonl", "csv", "parquet"):
        target = tmp_path / file_format
        DysmsSuppressionListOperator(
            task_id="stop", output_uri=f"file://{tmp_path}/out", suppression_uri=f"file://{target}", through=DAY,
            template_types={"SMS_1": "promotion", "SMS_2": "code"}, phone=phone, file_format=file_format,
        ).execute({})  # fmt: skip
        keep(target, f"suppression/{phone}_{file_format}")


def test_erasures(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/out"
    put_day(uri, DAY, [verdict(DAY, number, second=place) for place, number in enumerate((*NUMBERS, REACHED))])
    DysmsErasePhoneNumbersOperator(task_id="erase", output_uri=uri, phone_numbers=NUMBERS[:1]).execute({})
    store = Partition.resolve(uri, partition="p", file_format="jsonl", compression=None).store
    interrupted = new_record(People(NUMBERS[1:], PrivacyKey(SECRET)), "remove", datetime.now(UTC))
    write_record(store, *interrupted)
    keep(tmp_path / "out", "erasures")


def test_audited_twice(emulator: Emulator, tmp_path: Path) -> None:
    send(emulator, tmp_path)
    audit(tmp_path, "out")
    time.sleep(1.1)
    audit(tmp_path, "out")
    keep(tmp_path / "out", "audited_twice")


def test_receipts(tmp_path: Path) -> None:
    sent_at = f"{NOON.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    reports = [
        {
            "phone_number": number, "out_id": out_id, "biz_id": f"9007{place}^0", "send_time": sent_at,
            "report_time": sent_at, "success": place > 0, "err_code": "DELIVERED" if place else "MK:0001",
            "sms_size": "1",
        }
        for place, (number, out_id) in enumerate(LOG[:3])
    ]  # fmt: skip
    lines = [json.dumps({"body": json.dumps([report])}) for report in reports]
    (tmp_path / "receipts.jsonl").write_text("\n".join([*lines, '{"body": "not readable"}', ""]), "utf-8")
    log = [f"{number},{out_id}" for number, out_id in LOG[:4]]
    (tmp_path / "sent.csv").write_text("\n".join(["phone_number,out_id", *log, ""]), "utf-8")
    DysmsReceiptsToObjectStorageOperator(
        task_id="receipts", receipts_uri=f"file://{tmp_path}/receipts.jsonl", sent_uri=f"file://{tmp_path}/sent.csv",
        output_uri=f"file://{tmp_path}/out", send_date=DAY, max_rejected_receipts=0.5,
    ).execute({})  # fmt: skip
    keep(tmp_path / "out", "receipts")


def test_receipts_trigger(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    classpath, kwargs = DysmsReceiptsTrigger(receipts_uri=f"file://{tmp_path}/*", poll_interval=5).serialize()
    recorded = {"classpath": classpath, "kwargs": kwargs}
    recorded["event"] = event_of(recorded)
    recorded["kwargs"] = kwargs | {"receipts_uri": "file:///receipts/{send_date:%Y%m%d}/*"}
    write("receipts_trigger.json", recorded)
