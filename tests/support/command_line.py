"""Helpers for tests of the command line: a day with messages of one number, and how a command ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from airflow_provider_dysms.model import dates

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NOON = (dates.day_start(DAY) + timedelta(hours=12)).isoformat()
NUMBER = "139" + "00001111"
OTHER_NUMBER = "139" + "00002222"
CONNECTION = {"quota_share": 1, "privacy_secret": "k" * 32}


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
