"""Waiting for an emulator process: both failures are reported with their reason."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.emulator import Emulator


def test_an_emulator_that_ends_early_is_reported_with_its_exit_code() -> None:
    with pytest.raises(RuntimeError, match="exit code 2"):
        Emulator.start("--host", "0.0.0.0")


def test_an_emulator_that_is_not_ready_in_time_is_reported() -> None:
    with pytest.raises(RuntimeError, match=r"has not printed its connections within 0.01 s.*longer timeout"):
        Emulator.start(timeout=0.01)
