"""Fixtures of pytest around the emulator: ``pytest_plugins = ["airflow_provider_dysms.testing"]``.

Nothing here imports Airflow, so that a test that does not need it starts at once.
"""

from __future__ import annotations

from airflow_provider_dysms.testing.clock import DysmsClock
from airflow_provider_dysms.testing.fixtures import (
    dysms,
    dysms_clock,
    dysms_connection,
    dysms_day,
    dysms_options,
    dysms_process,
    dysms_processes,
    pytest_configure,
)
from airflow_provider_dysms.testing.seeded_day import DysmsDay

__all__ = [
    "DysmsClock",
    "DysmsDay",
    "dysms",
    "dysms_clock",
    "dysms_connection",
    "dysms_day",
    "dysms_options",
    "dysms_process",
    "dysms_processes",
    "pytest_configure",
]
