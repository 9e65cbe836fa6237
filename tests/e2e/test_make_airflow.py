"""`make airflow`: its login works, unpausing the catch-up is the backfill, and Ctrl-C leaves nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.airflow.airflow_api import until
from support.airflow.servers import SCRIPTS
from support.truth import day_differences

from airflow_provider_dysms.model.dates import beijing_day

pytestmark = pytest.mark.e2e

ROOT = SCRIPTS.parent
FOLDER = ROOT / ".airflow"
DAYS = [beijing_day(datetime.now(UTC)) - timedelta(days=age) for age in range(1, 31)]


class Api:
    """Airflow's API, with the login that was printed."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._token = ""
        self._token = self.ask("POST", "auth/token", {"username": user, "password": password})["access_token"]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


@contextmanager
def make_airflow() -> Iterator[tuple[subprocess.Popen[str], Api]]:
    command = [sys.executable, SCRIPTS / "try_airflow.py"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        assert process.stdout is not None
        printed = ""
        try:
            for line in process.stdout:
                printed += line
                if line.startswith("Unpause"):
                    break
            url, user, password = re.findall(r"^Airflow: +(\S+)\nLogin: +(\S+) / (\S+)$", printed, re.MULTILINE)[0]
            yield process, Api(url, user, password)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            assert "Everything has stopped." in process.stdout.read()


def ours() -> list[str]:
    """Return the processes that belong to the Airflow of this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AIRFLOW_HOME") == str(FOLDER / "home") and process.is_running():
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_thirty_days_are_audited_by_unpausing_the_catch_up() -> None:
    with make_airflow() as (_, api):
        until(lambda: "dysms_catch_up" in known(api), 180, "the example DAGs have been read")
        api.ask("PATCH", "api/v2/dags/dysms_catch_up", {"is_paused": False})
        until(lambda: len(manifests()) == len(DAYS), 900, "thirty days are audited")
        until(lambda: states(api) <= {"success", "failed"}, 300, "the run has ended")
        assert states(api) == {"success"}
        assert ours()
    assert [difference for day in DAYS for difference in day_differences(truth(day), FOLDER / "output", day)] == []
    assert ours() == []


def known(api: Api) -> set[str]:
    return {dag["dag_id"] for dag in api.ask("GET", "api/v2/dags")["dags"]}


def states(api: Api) -> set[str]:
    runs = api.ask("GET", "api/v2/dags/dysms_catch_up/dagRuns")["dag_runs"]
    return {run["state"] for run in runs} or {"none"}


def manifests() -> list[Path]:
    return list((FOLDER / "output" / "_manifests").glob("send_date=*.json"))


def truth(day: object) -> Path:
    return FOLDER / "truth" / f"{day}.jsonl"
