"""The part of a manifest that Airflow keeps has a bound, whatever the day was like; the file has all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.model.choices import OTHERS
from airflow_provider_dysms.transfers.reporting.xcom_result import MAX_BYTES, MAX_ENTRIES, for_xcom


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return {
        "version": 1,
        "result": {
            "rows": 3,
            "unseen": "eNo=",
            "latency": {"by_template": {"SMS_1": {"5": 3}}},
            "by_template": {"SMS_1": {"delivered": 3}},
            "parameters": {"carry": []},
        },
        "run": {"requests": 3},
        "snapshots": [{"as_of": "2026-11-29T01:00:00Z", "by_state": {"waiting": 3}}],
    }


def test_a_plain_manifest_is_whole_but_for_what_refreshes_and_reports_read(plain: dict[str, Any]) -> None:
    kept = {name: value for name, value in plain["result"].items() if name not in ("unseen", "latency")}
    assert for_xcom(plain) == {"version": 1, "result": kept, "run": plain["run"]}
    assert {"unseen", "latency"} < plain["result"].keys()
    assert "snapshots" in plain


def test_of_many_templates_the_largest_are_named_and_the_sums_stay_right(plain: dict[str, Any]) -> None:
    templates = {f"SMS_{place:06}": {"delivered": place, "failed": 1} for place in range(50_000)}
    shown = for_xcom({**plain, "result": {**plain["result"], "by_template": templates}})
    found = shown["result"]["by_template"]
    assert len(found) == MAX_ENTRIES + 1
    assert set(found) - {OTHERS} == {f"SMS_{place:06}" for place in range(50_000 - MAX_ENTRIES, 50_000)}
    assert sum(states["failed"] for states in found.values()) == 50_000
    assert sum(states["delivered"] for states in found.values()) == sum(range(50_000))
    assert shown["left_out"] == ["result.by_template"]


@pytest.mark.parametrize(
    "result",
    [
        {"by_template": {f"SMS_{place}" * 400: {"delivered": 1} for place in range(40)}},
        {"parameters": {"carry": [f"column {place}" for place in range(5_000)], "columns": None}},
        {"parameters": {"carry": ["c" * 100_000], "columns": {"out_id": "o" * 100_000}}},
        {"columns": [{"name": f"column {place}" * 200, "type": "string"} for place in range(60)]},
        {"rejected": {f"reason_{place}": place for place in range(5_000)}},
        {"by_category": {"字" * 50 + str(place): place for place in range(500)}},
    ],
)
def test_no_map_list_or_text_is_beyond_the_bound(plain: dict[str, Any], result: dict[str, Any]) -> None:
    shown = for_xcom({**plain, "result": {**plain["result"], **result}})
    assert len(json.dumps(shown).encode()) <= MAX_BYTES
    assert shown["left_out"]
    assert shown["result"]["rows"] == 3


def test_a_log_with_many_copies_does_not_grow_what_the_task_returns(attempts: Any) -> None:
    attempts.send(3_000)
    log = attempts.folder / "sent.csv"
    text = log.read_text("utf-8")
    log.write_text(text + text.partition("\n")[2], "utf-8")
    returned = attempts()
    (stored,) = Path(attempts.out / "_manifests").iterdir()
    assert len(stored.read_bytes()) > 10_000
    assert len(json.dumps(returned)) < 5_000
    assert json.loads(stored.read_text("utf-8"))["result"].keys() - returned["result"].keys() == {"latency", "unseen"}


def test_a_refresh_reads_the_file_and_not_what_was_returned(attempts: Any) -> None:
    attempts.send(60)
    assert "unseen" not in attempts()["result"]
    assert attempts()["run"]["taken_over"] == 58
