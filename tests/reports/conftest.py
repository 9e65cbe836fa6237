"""Reports of simulated months."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support.simulated_archive import SimulatedArchive

from airflow_provider_dysms.archive.figures.day_figures import DayFigures, figures_of
from airflow_provider_dysms.archive.figures.read_figures import days_through
from airflow_provider_dysms.model.dates import day_start
from airflow_provider_dysms.storage.audited_days.audited_day import judge_manifest

LAST = date(2026, 11, 27)


@pytest.fixture
def last() -> date:
    """The last day of the reports: a Friday."""
    return LAST


@pytest.fixture
def simulated() -> Callable[..., dict[date, DayFigures]]:
    """Return the figures of a report, as known hours after the end of its last day."""

    def simulate(
        incidents: Mapping[date, Callable[..., None]] | None = None, *, hours: float = 9.5, days: int = 30, **more: Any
    ) -> dict[date, DayFigures]:
        now = day_start(LAST) + timedelta(days=1, hours=hours)
        archive = SimulatedArchive(incidents=dict(incidents or {}), **more)
        manifests = archive.manifests(days_through(LAST, days), now=now)
        return {
            day: figures_of(judge_manifest(day, manifest, "file:///x", datetime.now(UTC)))
            for day, manifest in manifests
        }

    return simulate
