"""The figures of each audit of a day stay in its manifest, whichever way the next audit goes."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.manifests import PARTITION

from airflow_provider_dysms.archive.figures.read_figures import read_figures
from airflow_provider_dysms.model import dates


def stored(attempts: Any) -> dict[str, Any]:
    (manifest,) = Path(attempts.out / "_manifests").iterdir()
    return dict(json.loads(manifest.read_text("utf-8")))


def test_a_second_audit_keeps_what_the_first_one_found(attempts: Any) -> None:
    attempts.send(100)
    attempts()
    first = stored(attempts)
    assert "snapshots" not in first
    time.sleep(1.1)
    attempts()
    second = stored(attempts)
    (kept,) = second["snapshots"]
    assert kept["as_of"] == first["result"]["as_of"] < second["result"]["as_of"]
    names = ("by_state", "by_template", "by_country", "by_sign_name", "failed_by_category", "failed_by_fault")
    assert {name: kept[name] for name in names} == {name: first["result"][name] for name in names}


def test_figures_read_both_audits_and_result_does_not_depend_on_them(attempts: Any, elsewhere: Any) -> None:
    attempts.send(100)
    attempts()
    time.sleep(1.1)
    attempts()
    other = elsewhere("other")
    other()
    timeless = [{**stored(each)["result"], "as_of": "", "oldest_answer": ""} for each in (attempts, other)]
    assert timeless[0] == timeless[1]
    assert "snapshots" not in stored(other)
    day = dates.parse_day(stored(attempts)["result"]["send_date"])
    now = dates.day_start(day) + timedelta(days=2)
    (found,) = read_figures(f"file://{attempts.out}", [day], partition=PARTITION, now=now).values()
    assert len(found.audits) == 2
    assert found.latest is not None
    assert found.latest.counts.delivered == 90
    assert found.latest.failed_by_fault == {"recipient": 8}
    assert found.waiting_by_age((timedelta(days=30),)) == [2, 0]


def test_an_attempt_that_resumes_another_keeps_the_snapshots_of_the_day(attempts: Any) -> None:
    attempts.send(300)
    attempts()
    first = stored(attempts)["result"]["as_of"]
    time.sleep(1.1)
    attempts.refuse_after(150)
    with pytest.raises(Exception, match="RAM_PERMISSION_DENY"):
        attempts(refresh="all")
    attempts.emulator.clear_faults()
    assert [each["as_of"] for each in stored(attempts).get("snapshots", [])] == []
    attempts(refresh="all")
    assert [each["as_of"] for each in stored(attempts)["snapshots"]] == [first]


def test_a_sealed_day_keeps_the_snapshots_that_it_had(attempts: Any) -> None:
    day = dates.beijing_day(datetime.now(UTC)) - timedelta(days=5)
    noon = (dates.day_start(day) + timedelta(hours=12)).isoformat()
    attempts.emulator.add_message(phone_number="139" + "00001111", out_id="a", sent_at=noon, state="delivered")
    (attempts.folder / "sent.csv").write_text(f"phone_number,out_id\n{'139' + '00001111'},a\n", "utf-8")
    attempts(day=day)
    time.sleep(1.1)
    attempts(day=day, refresh="all")
    before = stored(attempts)
    assert (before["result"]["settled"], len(before["snapshots"])) == (True, 1)
    attempts(day=day)  # no request is sent
    assert stored(attempts) == before


def test_a_manifest_of_an_earlier_release_becomes_a_snapshot_of_what_it_has(attempts: Any) -> None:
    attempts.send(50)
    attempts()
    (path,) = Path(attempts.out / "_manifests").iterdir()
    manifest = json.loads(path.read_text("utf-8"))
    for name in ("by_country", "by_sign_name", "failed_by_code", "failed_by_fault", "waiting_by_hour", "latency"):
        del manifest["result"][name]
    path.write_text(json.dumps(manifest), "utf-8")
    time.sleep(1.1)
    attempts()
    (kept,) = stored(attempts)["snapshots"]
    assert "by_country" not in kept
    assert kept["by_state"] == manifest["result"]["by_state"]


def test_what_the_task_returns_has_no_snapshots(attempts: Any) -> None:
    attempts.send(50)
    attempts()
    time.sleep(1.1)
    assert "snapshots" not in attempts()
    assert "snapshots" in stored(attempts)


def test_no_number_is_in_the_figures(attempts: Any) -> None:
    attempts.send(60)
    attempts()
    time.sleep(1.1)
    attempts()
    whole = stored(attempts)
    del whole["result"]["unseen"], whole["result"]["parameters"]
    assert "139" + "0000" not in json.dumps(whole, ensure_ascii=False)
