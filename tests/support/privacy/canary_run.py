"""Runs a canary DAG in a whole Airflow, and gathers all that is left of it, and all that passed by."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet

from support import TESTS
from support.airflow.airflow_api import PATIENCE
from support.airflow.running_airflow import RunningAirflow
from support.privacy.hiding_places import columns, layers, tree
from support.privacy.scene import KILLED, Scene

DAGS = TESTS / "privacy" / "dags"

#: Columns that Airflow keeps of a task only while it is deferred.
PASSING = {
    "trigger": "select kwargs from trigger",
    "next_kwargs": "select next_kwargs from task_instance where next_kwargs is not null",
}

#: Seconds until the scheduler has taken note that a task is deferred; an event that comes before may fail the task.
SETTLED = 2.0


#: State of a task or a run -> the event by which OpenLineage tells of its end.
ENDS = {"success": "COMPLETE", "failed": "FAIL"}

#: Seconds until OpenLineage has told of a run that has ended.
TOLD = 30.0


@dataclass
class Traces:
    """Everything that a run has left.

    :param states: how its tasks have ended; a mapped one has one instance
    :param untold: events of OpenLineage that there should be, and are not: (job, type)
    :param texts: place -> what stands there
    :param fernet: Airflow's own key
    """

    scene: Scene
    states: dict[str, str | None]
    untold: set[tuple[str, str]]
    texts: dict[str, bytes] = field(repr=False)
    fernet: Fernet = field(repr=False)

    @cached_property
    def canaries(self) -> dict[str, dict[str, str]]:
        """By place the canaries that are found there, and in which spelling."""
        found: dict[str, dict[str, str]] = {}
        for place, text in self.texts.items():
            for layer in layers(text, self.fernet):
                if hits := self.scene.canaries.found_in(layer):
                    found[place] = hits | found.get(place, {})
        return found

    def counted(self, told: int) -> str:
        """Return how much was planted, searched and found.

        :param told: how often something was found where it must not be
        """
        size = sum(map(len, self.texts.values())) / 1e6
        found = sum(map(len, self.canaries.values()))
        planted = len(self.scene.canaries.values)
        return (
            f"{len(self.states)} tasks, {planted} canaries, {len(self.texts)} places ({size:.1f} MB): "
            f"{found} finds, {told} of them where none may be"
        )

    def files(self, place: str) -> list[bytes]:
        """Return what stands in places.

        :param place: regular expression
        """
        return [text for name, text in self.texts.items() if re.fullmatch(place, name)]

    def log_of(self, task_id: str) -> str:
        """Return what a task has logged."""
        return "\n".join(text.decode() for place, text in self.texts.items() if f"/task_id={task_id}/" in place)


def run(airflow: RunningAirflow, scene: Scene, dag_id: str) -> dict[str, str | None]:
    """Run a DAG, kill the audits that are meant to be, and let messages arrive once Airflow has stored who waits.

    :returns: the states of its tasks; what passes by in the meantime goes to the scene
    """
    scene.begin(dag_id)
    run_id = airflow.trigger(dag_id)
    alive = set(KILLED)
    end = time.monotonic() + PATIENCE
    waiting: set[str] = set()
    arrives_at = math.inf
    while airflow.get(f"dags/{dag_id}/dagRuns/{run_id}")["state"] not in ("success", "failed"):
        now = time.monotonic()
        if now > end:
            raise TimeoutError(f"{dag_id} does not end: {airflow.states(dag_id, run_id)}")
        tasks = {task["task_id"]: task["state"] for task in airflow.tasks(dag_id, run_id)}
        for task_id in alive & tasks.keys():
            if scene.has_kept_something(task_id):
                airflow.kill_task(dag_id, run_id, task_id, supervisor=False)
                alive.remove(task_id)
        for place, content in _passing(airflow.home / "airflow.db"):
            scene.passing.setdefault(place, set()).add(content)
        waiting |= {task_id for task_id, state in tasks.items() if state in ("deferred", "up_for_reschedule")}
        if scene.waits[dag_id] <= waiting:
            arrives_at = min(arrives_at, now + SETTLED)
        if now >= arrives_at:
            scene.arrive()
        time.sleep(0.3)
    return {task_id: state for (task_id, _), state in airflow.states(dag_id, run_id).items()}


def gather(airflow: RunningAirflow, scene: Scene, dag_id: str) -> Traces:
    """Run a DAG and return what is left; Airflow goes on."""
    states = run(airflow, scene, dag_id)
    untold = _wait_for_events(scene, dag_id, states)
    texts = {f"table {where}": text for where, text in columns(airflow.everything_stored())}
    for where, contents in scene.passing.items():
        texts[f"passing {where}"] = b"\n".join(contents)
    for part in ("home", "out", "temporary", "lineage"):
        texts |= {f"{part}: {where}": text for where, text in tree(scene.folder / part)}
    texts["emulator's output"] = scene.output.read_bytes()
    listed = scene.s3.list_objects_v2(Bucket="audits").get("Contents", [])
    texts["s3 keys"] = "\n".join(entry["Key"] for entry in listed).encode()
    for entry in listed:
        texts[f"s3: {entry['Key']}"] = scene.s3.get_object(Bucket="audits", Key=entry["Key"])["Body"].read()
    return Traces(scene, states, untold, texts, Fernet(airflow.environment["AIRFLOW__CORE__FERNET_KEY"]))


def _wait_for_events(scene: Scene, dag_id: str, states: dict[str, str | None]) -> set[tuple[str, str]]:
    """Give OpenLineage time to tell of a run: tasks do so when they are done, and the scheduler a little later.

    :returns: what it has not told
    """
    wanted = {(dag_id, "START"), (dag_id, "FAIL")}
    for task_id, state in states.items():
        wanted.add((f"{dag_id}.{task_id}", "START"))
        if task_id not in KILLED and state != "skipped":
            wanted.add((f"{dag_id}.{task_id}", ENDS[state or "failed"]))
    end = time.monotonic() + TOLD
    while wanted and time.monotonic() < end:
        time.sleep(0.3)
        for path in (scene.folder / "lineage").iterdir():
            with contextlib.suppress(ValueError):  # it is being written
                event = json.loads(path.read_bytes())
                wanted.discard((event["job"]["name"], event["eventType"]))
    return wanted


def _passing(database: Path) -> Iterator[tuple[str, bytes]]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        for place, query in PASSING.items():
            for (cell,) in connection.execute(query):
                yield place, cell if isinstance(cell, bytes) else str(cell).encode()
