"""A list says how many numbers it stops: each once for a reason, and none that no send respects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.known_archives import Archive, failed, put_day, verdict
from suppression.conftest import LAST

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.suppression.stopped_numbers import read_stopped

Listed = Callable[..., list[dict[str, Any]]]


def test_a_number_counts_once_for_a_reason_however_many_types_it_is_stopped_for(
    archive: Archive, listed: Listed, tmp_path: Path
) -> None:
    rows = [
        failed(LAST, "13900001111", "invalid_number"),
        failed(LAST, "13900002222", "invalid_number", second=1),
        failed(LAST, "13900003333", "blacklist", second=2),
        verdict(LAST, "13900004444", second=3),
    ]
    put_day(archive.uri, LAST, rows)
    assert len(listed()) == 7
    assert read_stopped(f"file://{tmp_path}/stop") == {"blacklist": 1, "invalid_number": 2}


@pytest.mark.parametrize(("pumping", "stopped"), [("report", {}), ("suppress", {"many_in_an_hour": 1})])
def test_a_number_that_is_only_reported_is_not_stopped(
    archive: Archive, listed: Listed, tmp_path: Path, pumping: str, stopped: dict[str, int]
) -> None:
    codes = [verdict(LAST, "13900001111", template_code="SMS_CODE", second=each) for each in range(100)]
    put_day(archive.uri, LAST, codes)
    assert len(listed(pumping=pumping)) == 1
    assert read_stopped(f"file://{tmp_path}/stop") == stopped


def test_a_folder_without_a_list_is_refused(archive: Archive, tmp_path: Path) -> None:
    put_day(archive.uri, LAST - timedelta(days=1), [])
    with pytest.raises(DysmsInputError, match="suppression_uri has no suppression list"):
        read_stopped(archive.uri)
