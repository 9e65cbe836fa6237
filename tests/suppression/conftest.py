"""An archive in a folder, and a suppression list made of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.known_archives import Archive, rows_in

from airflow_provider_dysms.suppression.make_list import make_list
from airflow_provider_dysms.suppression.rules import SuppressionRules

#: The last day that is read; the days before it are counted from it.
LAST = date(2026, 3, 31)
TYPES = {"SMS_CODE": "code", "SMS_NOTICE": "notice", "SMS_PROMO": "promotion"}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "out")


@pytest.fixture
def listed(archive: Archive, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Make the list, and return its rows."""

    def run(**how: Any) -> list[dict[str, Any]]:
        thresholds = how.pop("thresholds", {})
        through = how.pop("through", LAST)
        given = {
            **{"through": through, "days": 30, "template_types": TYPES, "pumping": "off", "key": None},
            **{"partition": "send_date={send_date:%Y-%m-%d}", "file_format": "jsonl", "compression": None},
            **how,
        }
        now = datetime(2026, 4, 1, tzinfo=UTC) + (through - LAST) + timedelta(hours=1)
        make_list(archive.uri, f"file://{tmp_path}/stop", rules=SuppressionRules(**thresholds), now=now, **given)
        return rows_in(tmp_path / "stop", "suppression_list")

    return run
