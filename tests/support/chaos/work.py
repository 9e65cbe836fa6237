"""The work that goes on while Airflow is disturbed: starts the runs, and does by hand what a person would do."""

from __future__ import annotations

import time
import urllib.error
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from support.airflow.airflow_api import AirflowApi
from support.chaos.judge import EndedSend, EndedWait

#: Number of runs that start the sends, spread over this share of the minutes, so that each meets another disturbance.
BATCHES, SPREAD = 10, 0.85

#: The states of a run that has ended.
ENDED = ("success", "failed")

SEND, DELIVERED = "message.send", "message.delivered"


@dataclass
class Run:
    """A run of a DAG.

    :param numbers: the recipients, in a run of sends
    :param state: as seen last
    """

    dag_id: str
    run_id: str
    numbers: list[str] = field(default_factory=list)
    state: str = ""

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class Work:
    """The runs of a scenario.

    :param seconds: for how long Airflow is disturbed
    :param waited: what is waited for by id, as :func:`.add_waited` returns it
    :param numbers: the recipients of the sends
    """

    def __init__(self, airflow: AirflowApi, seconds: float, waited: list[dict[str, Any]], numbers: list[str]) -> None:
        self._airflow = airflow
        self._waited = waited
        size = max(-(-len(numbers) // BATCHES), 1)
        batches = [numbers[first : first + size] for first in range(0, len(numbers), size)]
        self._due = [(SPREAD * seconds * number / len(batches), batch) for number, batch in enumerate(batches)]
        self._begun = time.monotonic()
        self.runs: list[Run] = []
        #: Sends whose outcome was unknown and that were cleared by hand, as their error asks.
        self.cleared: Counter[str] = Counter()
        #: Triggerers that have held a wait.
        self.triggerers: set[int] = set()

    def start(self) -> None:
        """Start the catch-up and the waits by id."""
        self._start("catch_up")
        if self._waited:
            self._start("waits", message_ids=[each["message_id"] for each in self._waited])

    @property
    def catch_ups(self) -> int:
        """How many runs of the catch-up there were."""
        return sum(run.dag_id == "catch_up" for run in self.runs)

    @property
    def is_done(self) -> bool:
        """Whether everything was started, and has ended."""
        return not self._due and all(run.has_ended for run in self.runs)

    def tick(self) -> None:
        """Start what is due, look at every run, and do what is to be done by hand.

        :raises OSError: the API does not answer for now
        """
        while self._due and self._due[0][0] <= time.monotonic() - self._begun:
            numbers = self._due[0][1]
            self._start("sends", numbers=numbers)
            del self._due[0]
        for run in [run for run in self.runs if not run.has_ended]:
            state = str(self._airflow.get(f"dags/{run.dag_id}/dagRuns/{run.run_id}")["state"])
            if run.dag_id == "catch_up" and state == "failed":
                self._start("catch_up")  # as its schedule would
            elif run.dag_id != "catch_up" and self._look_at_tasks(run, has_ended=state in ENDED):
                continue
            run.state = state  # last, so that whatever failed before is done again

    def states(self) -> dict[str, dict[str, int]]:
        """Return for each DAG how many tasks are in each state."""
        counts: dict[str, Counter[str]] = {}
        for run in self.runs:
            states = self._airflow.states(run.dag_id, run.run_id).values()
            counts.setdefault(run.dag_id, Counter()).update(str(state) for state in states)
        return {dag_id: dict(count) for dag_id, count in counts.items()}

    def ended_waits(self) -> list[EndedWait]:
        """Return how the waits have ended."""
        found = []
        for run in self.runs:
            states = self._airflow.states(run.dag_id, run.run_id)
            if run.dag_id == "waits":
                for position, each in enumerate(self._waited):
                    ended = states.get(("wait", position))
                    told = self._told(run, "wait", position, each["end"])
                    found.append(EndedWait(f"wait {position}", each["outcome"], each["end"], told, ended))
            elif run.dag_id == "sends":
                for position in range(len(run.numbers)):
                    ended = states.get((DELIVERED, position))
                    told = self._told(run, DELIVERED, position, "success")
                    found.append(EndedWait(f"wait behind send {position}", "delivered", "success", told, ended))
        return found

    def ended_sends(self) -> list[EndedSend]:
        """Return how the sends have ended."""
        found = []
        for run in self.runs:
            states = self._airflow.states(run.dag_id, run.run_id) if run.numbers else {}
            for position, number in enumerate(run.numbers):
                result = self._xcom(run, SEND, "return_value", position) or {}
                found.append(EndedSend(number, states.get((SEND, position)), result.get("out_id")))
        return found

    def _start(self, dag_id: str, **conf: Any) -> None:
        # If the answer is lost, the run is started once all the same.
        run_id = self._airflow.trigger(dag_id, conf, run_id=f"{dag_id}_{len(self.runs)}")
        self.runs.append(Run(dag_id, run_id, conf.get("numbers", [])))

    def _look_at_tasks(self, run: Run, *, has_ended: bool) -> bool:
        """Clear the sends of a run that has ended whose outcome was unknown; return whether there were any.

        Airflow queues the tasks of a cleared run again if the run has ended. If it ends at that moment, nobody does.
        """
        unknown = []
        for task in self._airflow.tasks(run.dag_id, run.run_id):
            if task["triggerer_job"]:
                self.triggerers.add(task["triggerer_job"]["id"])
            if has_ended and task["task_id"] == SEND and task["state"] != "success":
                unknown.append(task["map_index"])
        for position in unknown:
            self._clear(run, position)
        return bool(unknown)

    def _clear(self, run: Run, position: int) -> None:
        """Run a send again whose outcome was unknown, and the wait behind it."""
        self._airflow.post(
            f"dags/{run.dag_id}/clearTaskInstances",
            {
                "dry_run": False,
                "dag_run_id": run.run_id,
                "task_ids": [[SEND, position], [DELIVERED, position]],
                "only_failed": False,
                "reset_dag_runs": True,
            },
        )
        self.cleared[run.numbers[position]] += 1

    def _told(self, run: Run, task_id: str, position: int, end: str) -> str | None:
        """Return the state of the one message that a wait reports: as its result, or with its failure."""
        reports = self._xcom(run, task_id, "return_value" if end == "success" else "reports", position)
        return str(reports[0]["state"]) if reports else None

    def _xcom(self, run: Run, task_id: str, key: str, position: int) -> Any:
        try:
            return self._airflow.xcom(run.dag_id, run.run_id, task_id, key, position)
        except urllib.error.HTTPError as error:
            if error.code != 404:  # it has left nothing
                raise
            return None
