"""The manifest, as an auditor reads it: all that was promised, and all of it documented."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.transfers import manifest_result

RESULT = {
    "asked",
    "rows",
    "by_state",
    "by_category",
    "by_template",
    "missing",
    "unlogged",
    "ambiguous",
    "edge",
    "settled",
    "provisional",
    "as_of",
    "sha256",
    "bytes",
    "columns",
    "parameters",
}
RUN = {"requests", "pages", "throttled", "days_left", "statistics"}


@pytest.fixture
def manifest(attempts: Any, emulator: Emulator) -> dict[str, Any]:
    kinds = {"biz_id": 0.3, "out_id": 0.3, "sent_at": 0.2, "international": 0.2}
    attempts.generate(200, seed=4, kinds=kinds, unlogged=0.05)
    manifest: dict[str, Any] = attempts()
    return manifest


def test_it_has_what_was_promised_and_names_all_of_it(manifest: dict[str, Any]) -> None:
    assert manifest["result"].keys() >= RESULT
    assert manifest["run"].keys() >= RUN
    documented = set(re.findall(r"``(\w+)``", manifest_result.__doc__ or ""))
    assert {*manifest, *manifest["result"], *manifest["run"]} <= documented


def test_it_is_returned_as_it_is_stored_but_for_what_refreshes_and_reports_read(
    manifest: dict[str, Any], attempts: Any
) -> None:
    (stored,) = Path(attempts.out / "_manifests").iterdir()
    whole = json.loads(stored.read_text("utf-8"))
    assert whole["result"].pop("unseen")
    assert whole["result"].pop("latency")
    assert whole == manifest


def test_its_counts_add_up(manifest: dict[str, Any], attempts: Any) -> None:
    result = manifest["result"]
    states = result["by_state"]
    assert sum(states.values()) == result["rows"] == len(attempts.rows())
    assert (states["missing"], states["unlogged"]) == (result["missing"], result["unlogged"])
    assert result["lines"] == result["rows"] - result["unlogged"] + result["repeated"]
    templated = [row for row in attempts.rows() if row["message_id"] is None and row["state"] != "missing"]
    assert sum(sum(counts.values()) for counts in result["by_template"].values()) == len(templated)
    assert sum(result["failed_by_category"].values()) == states["failed"]
    for scope, theirs in manifest["run"]["statistics"].items():
        assert theirs["total"] == theirs["ours"]["total"] == result["segments"][scope]
        assert theirs["ours"]["total"] == sum(theirs["ours"][name] for name in ("delivered", "failed", "waiting"))
