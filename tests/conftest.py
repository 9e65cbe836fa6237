"""Airflow reads its configuration when it is imported: it gets a home of its own before any test module is.

Nothing here imports Airflow, so that rooms that do not know it do not pay for it.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from airflow_provider_dysms.emulator import Emulator

_HOME = tempfile.mkdtemp(prefix="airflow-home-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

os.environ.update(
    AIRFLOW_HOME=_HOME,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="True",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME}/airflow.db",
)


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Emulator]:
    """One emulator for the whole run."""
    with Emulator.start() as started:
        yield started


@pytest.fixture
def emulator(emulator_process: Emulator) -> Emulator:
    """The emulator, as if it had just been started."""
    emulator_process.reset()
    return emulator_process
