"""One whole Airflow on SQLite for the tests of this folder: it takes longer to come up than they take."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.airflow.running_airflow import RunningAirflow

from airflow_provider_dysms.emulator import Emulator

#: Of nothing: it opens only what this run has sealed.
PRIVACY_KEY = "a privacy key for tests alone"


@pytest.fixture(scope="session")
def airflow(emulator_process: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAirflow]:
    """Airflow in processes of its own; ``dysms_default`` is the emulator."""
    connection = emulator_process.connection_json(privacy_secret=PRIVACY_KEY)
    home: Path = tmp_path_factory.mktemp("airflow") / "home"
    with RunningAirflow(home, environment={"AIRFLOW_CONN_DYSMS_DEFAULT": connection}) as running:
        yield running
