"""An archive in a folder, the key of its numbers, and the people who are in it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from support.known_archives import SECRET, Archive

from airflow_provider_dysms.model.privacy import PrivacyKey


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "out")


@pytest.fixture
def days() -> list[date]:
    return [date(2026, 3, 1) + timedelta(days=number) for number in range(4)]


@pytest.fixture
def key() -> PrivacyKey:
    return PrivacyKey(SECRET)
