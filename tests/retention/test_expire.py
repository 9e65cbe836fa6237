"""Days past their time go whole; days that are kept, and files of others, stay untouched."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support.known_archives import Archive, put_day, verdict

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.retention.expire import expire_partitions

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
TODAY = date(2026, 3, 1)
NUMBER = "139" + "00001111"
log = logging.getLogger(__name__)


def days_before(*ages: int) -> list[date]:
    return [TODAY - timedelta(days=age) for age in ages]


def expire(archive: Archive, **how: Any) -> dict[str, Any]:
    given = {"keep_days": 31, "partition": "send_date={send_date:%Y-%m-%d}", "now": NOW, "log": log, **how}
    return expire_partitions(archive.uri, **given)


def fill(archive: Archive, *ages: int, **how: Any) -> None:
    for day in days_before(*ages):
        put_day(archive.uri, day, [verdict(day, NUMBER)], **how)


def test_the_last_day_to_keep_stays_and_the_day_before_it_goes(archive: Archive) -> None:
    fill(archive, 1, 31, 32, 400)
    kept = {key: archive.data()[key] for key in map("send_date={}/part-0.jsonl".format, days_before(1, 31))}
    assert expire(archive) == {
        **{"first_kept": "2026-01-29", "partitions": 2, "first": "2025-01-25", "last": "2026-01-28", "kept": 2},
        **{"checkpoints": 0, "erasures": 0},
    }
    assert archive.data() == kept
    assert sorted(path.name for path in archive.path.glob("*")) == [
        "_manifests",
        "send_date=2026-01-29",
        "send_date=2026-02-28",
    ]
    assert len(list((archive.path / "_manifests").iterdir())) == 2


def test_today_is_the_day_in_beijing(archive: Archive) -> None:
    fill(archive, 32)
    assert expire(archive, now=datetime(2026, 2, 28, 15, 59, tzinfo=UTC))["partitions"] == 0
    assert expire(archive, now=datetime(2026, 2, 28, 16, 0, tzinfo=UTC))["partitions"] == 1


def test_what_a_killed_run_or_task_left_goes_too(archive: Archive) -> None:
    fill(archive, 40, 41)
    (archive.path / f"_manifests/send_date={days_before(40)[0]}.json").unlink()  # killed between manifest and data
    old = archive.path / f"send_date={days_before(41)[0]}"
    for name in (".part-0.jsonl.0123456789abcdef.tmp", ".probe"):
        (old / name).write_text("")
        os.utime(old / name, (0, 0))
    assert expire(archive)["partitions"] == 2
    assert list(archive.path.iterdir()) in ([], [archive.path / "_manifests"])


def test_files_of_others_stay(archive: Archive) -> None:
    fill(archive, 40)
    foreign = [f"send_date={days_before(40)[0]}/_SUCCESS", "send_date=2020-01-01/other.csv", "notes/part-0.csv"]
    for name in foreign:
        (archive.path / name).parent.mkdir(exist_ok=True)
        (archive.path / name).write_text("mine")
    expire(archive)
    assert all((archive.path / name).read_text() == "mine" for name in foreign)


def test_the_name_of_an_old_day_with_the_manifest_of_another_stays(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    fill(archive, 40, send_date="2026-02-27")
    with caplog.at_level(logging.WARNING):
        assert expire(archive)["partitions"] == 0
    assert "manifest of something else, so they stay" in caplog.text
    assert len(archive.data()) == 1


def test_a_file_that_may_still_be_written_fails_the_run_after_the_rest_is_removed(archive: Archive) -> None:
    fill(archive, 40, 41)
    (archive.path / f"send_date={days_before(40)[0]}/.part-0.jsonl.0123456789abcdef.tmp").write_text("")
    with pytest.raises(DysmsStorageError, match="left by a task less than an hour ago"):
        expire(archive)
    assert archive.data() == {}


def test_checkpoints_that_no_retry_can_use_go(archive: Archive) -> None:
    folder = archive.path / "_spool/ab"
    folder.mkdir(parents=True)
    for instant in ("20260226T025959", "20260226T030001"):
        (folder / f"{instant}000000-000000.segment").write_text(NUMBER)
    assert expire(archive)["checkpoints"] == 1
    assert [path.name for path in folder.iterdir()] == ["20260226T030001000000-000000.segment"]


def test_the_digests_of_an_erasure_go_when_no_audit_needs_them(archive: Archive) -> None:
    fill(archive, 1)
    record = archive.path / archive.erase(NUMBER)["record"]
    content = json.loads(record.read_text())
    through = date.fromisoformat(content["through"])
    last = datetime(through.year, through.month, through.day, tzinfo=UTC)
    assert expire(archive, now=last + timedelta(days=31))["erasures"] == 0
    assert len(json.loads(record.read_text())["digests"]) == 1
    assert expire(archive, now=last + timedelta(days=32))["erasures"] == 1
    assert json.loads(record.read_text()) == {**content, "digests": []}
    assert expire(archive, now=last + timedelta(days=32))["erasures"] == 0


@pytest.mark.parametrize("keep_days", [30, 0, -1, 36_501, 31.5, True, "400"])
def test_a_day_that_may_be_audited_again_is_never_removed(archive: Archive, keep_days: Any) -> None:
    with pytest.raises(DysmsInputError, match="keep_days must be a whole number from 31 to 36500"):
        expire(archive, keep_days=keep_days)


@pytest.mark.parametrize("partition", ["month={send_date:%Y-%m}", "all"])
def test_a_folder_of_several_days_is_refused(archive: Archive, partition: str) -> None:
    with pytest.raises(DysmsInputError, match="the same folder"):
        expire(archive, partition=partition)


def test_other_layouts(archive: Archive) -> None:
    day = days_before(50)[0]
    put_day(archive.uri, day, [verdict(day, NUMBER)])
    (archive.path / "2026").mkdir()
    (archive.path / f"send_date={day}").rename(archive.path / f"2026/{day:%m%d}")
    manifest = (archive.path / f"_manifests/send_date={day}.json").read_text()
    (archive.path / "_manifests/2026").mkdir()
    moved = archive.path / f"_manifests/2026/{day:%m%d}.json"
    moved.write_text(manifest.replace(f"send_date={day}/part", f"2026/{day:%m%d}/part"))
    (archive.path / f"_manifests/send_date={day}.json").unlink()
    assert expire(archive, partition="{send_date:%Y/%m%d}")["partitions"] == 1
    assert not (archive.path / "2026").exists()
