"""One Airflow at level DEBUG that runs the canary DAGs, and what they leave."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow
from support.privacy.canary_run import DAGS, Traces, gather
from support.privacy.scene import Scene

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.connection import ADMIN_VARIABLE, TOKEN_VARIABLE
from airflow_provider_dysms.emulator.process import parse_connection
from airflow_provider_dysms.emulator.state import AccessKey


@pytest.fixture(scope="package")
def _emulator_that_speaks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Path]]:
    """An emulator that writes all that it says into a file."""
    output, token = tmp_path_factory.mktemp("emulator") / "output.txt", secrets.token_urlsafe(24)
    command = [sys.executable, "-m", "airflow_provider_dysms.emulator", "--port", "0", "--until-stdin-closes"]
    command += ["--switch", "sites=joined"]
    environment = {**os.environ, TOKEN_VARIABLE: token}
    with output.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said, env=environment)
    until(lambda: ADMIN_VARIABLE in output.read_text(), 120, "the emulator serves")
    told = parse_connection(output.read_text().splitlines())
    key = AccessKey(access_key_id=told["login"], access_key_secret=told["password"])
    with Emulator(process, told["host"], told["port"], key, token) as emulator:
        yield emulator, output


@pytest.fixture(scope="package")
def _s3() -> Iterator[Any]:
    """A client of an S3 server with a bucket ``audits``."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    with contextlib.closing(boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys)) as client:
        client.create_bucket(Bucket="audits")
        yield client
    server.stop()


@pytest.fixture(scope="package")
def _airflow(
    _emulator_that_speaks: tuple[Emulator, Path], _s3: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningAirflow, Scene]]:
    scene = Scene(tmp_path_factory.mktemp("canary"), *_emulator_that_speaks, _s3)
    environment = scene.plant()
    with RunningAirflow(scene.folder / "home", environment=environment) as airflow:
        for file in DAGS.glob("*.py"):
            source = file.read_text().replace("NUMBER-IN-THE-SOURCE", scene.canaries.number("source"))
            (airflow.dags / file.name).write_text(source)
        yield airflow, scene


@pytest.fixture(scope="package")
def traces(_airflow: tuple[RunningAirflow, Scene]) -> Traces:
    """Everything that a run of the DAG ``canary`` leaves."""
    return gather(*_airflow, "canary")


@pytest.fixture(scope="package")
def more_traces(_airflow: tuple[RunningAirflow, Scene], traces: Traces) -> Traces:
    """Everything that runs of the DAGs ``canary`` and ``canary_more`` leave."""
    return gather(*_airflow, "canary_more")


@pytest.fixture(scope="package")
def archive_traces(_airflow: tuple[RunningAirflow, Scene]) -> Traces:
    """Everything that is left of a run of the DAG ``canary_archive``, and of DAGs that ran before."""
    return gather(*_airflow, "canary_archive")
