"""An export runs without an operator, from plain values to a committed file."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsIncomplete, DysmsInputError, DysmsRefused, DysmsWindowError
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.transfers.export import export
from airflow_provider_dysms.transfers.export_options import ExportOptions

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
LOG = logging.getLogger("test_export")
OWNER = ("daily", "a run", "audit", -1)


@pytest.fixture
def options(attempts: Any) -> Callable[..., ExportOptions]:
    """Return the options of an export of ``sent.csv``, which has five messages."""
    attempts.send(5)

    def make(**changed: Any) -> ExportOptions:
        values = {
            "sent_uri": f"file://{attempts.folder}/sent.csv",
            "output_uri": f"file://{attempts.out}",
            "send_date": DAY,
            "carry": ["campaign"],
        }
        return ExportOptions(**{**values, **changed})

    return make


def test_it_returns_the_manifest_as_it_is_stored(attempts: Any, options: Callable[..., ExportOptions]) -> None:
    manifest = export(options(), log=LOG)
    assert manifest == json.loads((attempts.out / f"_manifests/send_date={DAY}.json").read_text("utf-8"))
    assert manifest["result"]["rows"] == len(attempts.rows()) == 5
    assert {row["campaign"] for row in attempts.rows()} == {"0", "1", "2", "3", "4"}


def test_it_equals_what_the_operator_writes(
    attempts: Any, options: Callable[..., ExportOptions], elsewhere: Callable[[str], Any]
) -> None:
    export(options(), log=LOG)
    other = elsewhere("other")
    other(carry=["campaign"])
    assert other.data() == attempts.data()


def test_an_attempt_with_an_owner_is_resumed_by_the_next_and_one_without_is_not(
    attempts: Any, options: Callable[..., ExportOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_QUERIES", 1)
    attempts.send(40)
    for owner, resumes in ((OWNER, True), (None, False)):
        attempts.emulator.configure(latency_ms=20)
        attempts.refuse_after(20)
        with pytest.raises(DysmsRefused):
            export(options(refresh="all"), owner=owner, log=LOG)
        attempts.emulator.clear_faults()
        assert bool(attempts.checkpoints()) is resumes
        manifest = export(options(refresh="all"), owner=owner, log=LOG)
        assert (manifest["run"]["resumed"] > 0) is resumes
        assert not attempts.checkpoints()


def test_a_day_outside_the_window_fails_or_is_skipped(options: Callable[..., ExportOptions]) -> None:
    day = DAY - timedelta(days=dates.WINDOW_DAYS)
    with pytest.raises(DysmsWindowError, match='outside_window="skip" skips the task'):
        export(options(send_date=day), log=LOG)
    with pytest.raises(AirflowSkipException):
        export(options(send_date=day, outside_window="skip"), log=LOG)


def test_a_log_of_another_account_is_refused_and_nothing_is_written(
    attempts: Any, options: Callable[..., ExportOptions]
) -> None:
    attempts.emulator.reset()  # forgets every message
    with pytest.raises(DysmsIncomplete, match=r"max_missing_rate=0\.05"):
        export(options(), log=LOG)
    assert not list(attempts.out.glob("send_date=*"))


def test_a_partition_of_another_day_is_kept(attempts: Any, options: Callable[..., ExportOptions]) -> None:
    export(options(partition="daily"), log=LOG)
    with pytest.raises(DysmsInputError, match=f"holds the audit of {DAY}"):
        export(options(partition="daily", send_date=DAY - timedelta(days=1)), log=LOG)
