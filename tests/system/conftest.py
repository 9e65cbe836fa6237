"""One whole Airflow on SQLite for the tests of this folder: it takes longer to come up than they take."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.airflow.running_airflow import RunningAirflow
from support.statsd import StatsdServer, statsd_server

from airflow_provider_dysms.emulator import Emulator

#: Of nothing: it opens only what this run has sealed.
PRIVACY_KEY = "a privacy key for tests alone"


@pytest.fixture(scope="session")
def statsd() -> Iterator[StatsdServer]:
    """The server that this Airflow sends its metrics to."""
    with statsd_server() as server:
        yield server


@pytest.fixture(scope="session")
def lineage_events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that this Airflow writes its OpenLineage events to, one file each."""
    return tmp_path_factory.mktemp("lineage")


@pytest.fixture(scope="session")
def airflow(
    dysms_process: Emulator,
    statsd: StatsdServer,
    lineage_events: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningAirflow]:
    """Airflow in processes of its own; ``dysms_default`` is the emulator, ``dysms_abroad`` the same in Singapore."""
    home: Path = tmp_path_factory.mktemp("airflow") / "home"
    environment = {
        **statsd.environment,
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": f"{lineage_events}/event"}),
        "AIRFLOW_CONN_DYSMS_DEFAULT": dysms_process.connection_json(privacy_secret=PRIVACY_KEY),
        "AIRFLOW_CONN_DYSMS_ABROAD": dysms_process.connection_json(region_id="ap-southeast-1"),
    }
    with RunningAirflow(home, environment=environment) as running:
        yield running
