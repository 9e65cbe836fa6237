"""Airflow's API as a test uses it: start runs, wait for their end, look at what they left."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

#: Seconds for what takes seconds, on a machine that is slow.
PATIENCE = 180.0

#: By task id and map index; that of a task without a map is -1.
States = dict[tuple[str, int], str | None]


class AirflowApi:
    """The API of an Airflow that lets everybody in.

    :param url: its address, without a slash at the end
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._token = ""

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, run_id: str | None = None) -> str:
        """Start a run, as soon as its DAG has been read from its file; return its id.

        :param run_id: a run that has this id already is the one that is meant; a new id when absent
        :raises RuntimeError: a DAG file cannot be read; with why
        """
        until(lambda: self._knows(dag_id), PATIENCE, f"{dag_id} has been read")
        # A request that is repeated must not start two.
        run_id = run_id or f"test_{uuid.uuid4()}"
        try:
            self._ask(
                "POST", f"dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
            )
        except urllib.error.HTTPError as error:
            if error.code != 409:  # there is one already
                raise
        return run_id

    def wait(self, dag_id: str, run_id: str, timeout: float = PATIENCE) -> States:
        """Wait until a run has ended; return the states of its tasks.

        :raises TimeoutError: it has not; with the states until then
        """
        run = f"dags/{dag_id}/dagRuns/{run_id}"
        try:
            until(lambda: self.get(run)["state"] in ("success", "failed"), timeout, f"{dag_id} has ended")
        except TimeoutError as error:
            error.add_note(str(self.states(dag_id, run_id)))
            raise
        return self.states(dag_id, run_id)

    def states(self, dag_id: str, run_id: str) -> States:
        """Return the states of a run's tasks."""
        return {(task["task_id"], task["map_index"]): task["state"] for task in self.tasks(dag_id, run_id)}

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return all that the API says of a run's tasks."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100&offset={len(found)}&order_by=id")
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """Return what a task has left."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{urllib.parse.quote(key)}"
        return self.get(f"{path}?map_index={map_index}")["value"]

    def add_pool(self, name: str, slots: int) -> None:
        """Add a pool."""
        self._ask("POST", "pools", {"name": name, "slots": slots})

    def post(self, path: str, body: object) -> Any:
        """Create something, and return what the API says of it."""
        return self._ask("POST", path, body)

    def get(self, path: str) -> Any:
        """Return what the API says under a path."""
        return self._ask("GET", path)

    def _knows(self, dag_id: str) -> bool:
        errors = self.get("importErrors")["import_errors"]
        if errors:
            raise RuntimeError(f"{errors[0]['filename']} cannot be read:\n{errors[0]['stack_trace']}")
        try:
            return not self.get(f"dags/{dag_id}")["is_stale"]
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        # A database of SQLite is locked for a moment now and then, and the API says so with 5xx.
        for pause in (0.5, 1.0, 2.0, None):
            try:
                return self._request(method, f"api/v2/{path}", body)
            except urllib.error.HTTPError as error:
                with error:
                    error.add_note(error.read().decode(errors="replace"))
                if error.code == 401:
                    self._token = self._request("GET", "auth/token")["access_token"]
                elif error.code < 500 or pause is None:
                    raise
                else:
                    time.sleep(pause)
        raise PermissionError(f"Airflow's API refuses its own token for {path}")

    def _request(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Wait until something holds.

    :raises TimeoutError: it does not within that time
    """
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout:g} s, without success, until {what}")
        time.sleep(0.2)
