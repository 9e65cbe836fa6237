"""`make airflow`: its login works, unpausing the catch-up is the backfill, settled days start DAGs, Ctrl-C ends all."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from airflow import sdk
from support.airflow.airflow_api import until
from support.airflow.servers import SCRIPTS
from support.truth import day_differences

from airflow_provider_dysms.model.dates import beijing_day

pytestmark = pytest.mark.e2e

ROOT = SCRIPTS.parent
FOLDER = ROOT / ".airflow"
NOW = datetime.now(UTC)

#: The catch-up runs at 07:30 in Beijing, and its last run is about the days before.
AUDITED_THROUGH = beijing_day(NOW - timedelta(hours=7, minutes=30)) - timedelta(days=1)
DAYS = [day for age in range(1, 31) if (day := beijing_day(NOW) - timedelta(days=age)) <= AUDITED_THROUGH]


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


def test_all_days_are_audited_by_unpausing_the_catch_up_and_settled_days_start_dags() -> None:
    consumers = ["dysms_settled_day", *(["dysms_settled_week"] if hasattr(sdk, "RollupMapper") else [])]
    with make_airflow() as (_, api):
        until(lambda: {"dysms_catch_up", *consumers} <= known(api), 180, "the example DAGs have been read")
        for dag_id in (*consumers, "dysms_catch_up"):
            api.ask("PATCH", f"api/v2/dags/{dag_id}", {"is_paused": False})
        until(lambda: len(manifests()) == len(DAYS), 900, "every day that the last run is about is audited")
        until(lambda: states(api, "dysms_catch_up") <= {"success", "failed"}, 300, "the run has ended")
        assert states(api, "dysms_catch_up") == {"success"}
        expected = [counts_by_day(), counts_by_week()][: len(consumers)]
        assert all(expected), "a day and a whole week are settled"
        for dag_id, counts in zip(consumers, expected, strict=True):
            until(lambda dag_id=dag_id, counts=counts: results(api, dag_id) == counts, 300, f"{dag_id} has run")
        assert ours()
    assert [difference for day in DAYS for difference in day_differences(truth(day), FOLDER / "output", day)] == []
    assert ours() == []


def known(api: Api) -> set[str]:
    return {dag["dag_id"] for dag in api.ask("GET", "api/v2/dags")["dags"]}


def runs_of(api: Api, dag_id: str) -> list[dict[str, Any]]:
    return list(api.ask("GET", f"api/v2/dags/{dag_id}/dagRuns?limit=100")["dag_runs"])


def states(api: Api, dag_id: str) -> set[str]:
    return {run["state"] for run in runs_of(api, dag_id)} or {"none"}


def results(api: Api, dag_id: str) -> list[dict[str, int]]:
    """Return what the one task of each run of a DAG returned, in the order of its days; empty while a run goes on."""
    task = {"dysms_settled_day": "count_day", "dysms_settled_week": "count_week"}[dag_id]
    found: dict[str, dict[str, int]] = {}
    for run in runs_of(api, dag_id):
        if run["state"] != "success":
            return []
        path = f"api/v2/dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances/{task}/xcomEntries/return_value"
        value = api.ask("GET", path)["value"]
        if task == "count_day":
            found |= value
        else:
            found[run["partition_key"]] = value
    return [found[day] for day in sorted(found)]


def counts_by_day() -> list[dict[str, int]]:
    """Return the states of each settled day, in order."""
    return list(settled_days().values())


def counts_by_week() -> list[dict[str, int]]:
    """Return the states of each week, Monday to Sunday, of which all days are settled, in order."""
    days = settled_days()
    weeks = [[day + timedelta(days=place) for place in range(7)] for day in days if day.weekday() == 0]
    return [dict(sum((Counter(days[day]) for day in week), Counter())) for week in weeks if set(week) <= set(days)]


def settled_days() -> dict[date, dict[str, int]]:
    manifests_read = [json.loads(path.read_text())["result"] for path in manifests()]
    settled = {date.fromisoformat(each["send_date"]): each["by_state"] for each in manifests_read if each["settled"]}
    return dict(sorted(settled.items()))


def manifests() -> list[Path]:
    return list((FOLDER / "output" / "_manifests").glob("send_date=*.json"))


def truth(day: object) -> Path:
    return FOLDER / "truth" / f"{day}.jsonl"
