"""The emulator as a command: its own parser reads the arguments, ``--help`` too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]


def test_its_help_is_the_emulators_own(airflow_dysms: Run) -> None:
    ended = airflow_dysms("emulator", "--help")
    assert ended.code == 0
    assert ended.out.startswith("usage: airflow dysms emulator ")
    assert "--seed-day" in ended.out


def test_its_errors_are_the_emulators_own(airflow_dysms: Run) -> None:
    ended = airflow_dysms("emulator", "--port", "0", "--host", "0.0.0.0")
    assert ended.code == 2
    assert "airflow dysms emulator: error: argument --host: must be a loopback address" in ended.err
