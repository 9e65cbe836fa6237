"""Helpers that tests of several packages share: servers, a real Airflow, hostile responses, kills, hiding places."""

from __future__ import annotations

from pathlib import Path

#: The folder of the tests: on the path of every process that imports this package.
TESTS = Path(__file__).parents[1]
