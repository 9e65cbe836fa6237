"""A triggerer without a database: the installed Airflow's supervisor and its TriggerRunner, watched from inside.

Started as a process, by loads.py. JSON lines on its standard input:

* ``{"triggers": [[class path, kwargs], ...], "connections": {id: fields}}`` runs triggers, all in one synchronisation
  (Airflow hands out 50 in each, so this is the worst start); the answer says when
* ``{}`` or the end of its standard input ends it; the answer is the :class:`Report` of the run

The runner is forked from a process that has imported nothing of a provider, as Airflow's is.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from airflow.configuration import conf
from airflow.executors.workloads import RunTrigger
from airflow.jobs.triggerer_job_runner import TriggerRunner, TriggerRunnerSupervisor, messages
from airflow.models.trigger import Trigger
from airflow.sdk.execution_time.comms import ConnectionResult, GetConnection
from written import note_requests

PROBE = 0.01


@dataclass
class Report:
    """What was seen of a run. Instants are ``time.monotonic()``, which all processes of a machine share.

    :param created_at: when the runner began to create triggers
    :param lags: (instant, seconds by which a sleep of 10 ms came late on the runner's loop, and how many of them the
        runner was ready and the machine ran something else)
    :param cpu: (instant, seconds of CPU that the runner's process has used)
    :param written: when each request was given to a socket
    :param lookups: when each connection was looked up at the supervisor
    :param events: (position, ``time.time()`` at which the supervisor had the event, its payload)
    :param failures: positions of triggers that ended without an event
    """

    created_at: float = 0.0
    lags: list[tuple[float, float, float]] = field(default_factory=list)
    cpu: list[tuple[float, float]] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    lookups: list[float] = field(default_factory=list)
    events: list[tuple[int, float, Any]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)


class WatchedRunner(TriggerRunner):
    """Airflow's runner, and a coroutine on its loop that sleeps 10 ms at a time."""

    report: ClassVar[Report] = Report()

    async def init_comms(self) -> None:
        await super().init_comms()
        self._watch = asyncio.create_task(self._look_at_the_clock())

    async def create_triggers(self) -> None:
        if self.to_create and not self.report.created_at:
            self.report.created_at = time.monotonic()
        await super().create_triggers()

    async def _look_at_the_clock(self) -> None:
        report, second = self.report, 0
        with Path("/proc/self/schedstat").open() as scheduler:  # noqa: ASYNC230  # it is no file on a disk

            def held_up() -> float:
                scheduler.seek(0)
                return int(scheduler.read().split()[1]) / 1e9

            while True:
                due, before = time.monotonic() + PROBE, held_up()
                await asyncio.sleep(PROBE)
                now = time.monotonic()
                report.lags.append((now, now - due, held_up() - before))
                if int(now) != second:
                    second = int(now)
                    report.cpu.append((now, time.process_time()))


class Supervisor(TriggerRunnerSupervisor):
    """Airflow's supervisor: how it starts the runner and talks to it is its own, what it knows comes from us."""

    path: ClassVar[Path]
    core: ClassVar[int | None] = None
    seen: ClassVar[Report] = Report()
    connections: ClassVar[dict[str, dict[str, Any]]] = {}

    @classmethod
    def run_in_process(cls) -> None:
        if cls.core is not None:
            os.sched_setaffinity(0, {cls.core})
        note_requests(WatchedRunner.report.written, b"POST /", b"GET /")
        try:
            WatchedRunner().run()
        finally:
            cls.path.write_text(json.dumps(asdict(WatchedRunner.report)))

    def _handle_request(self, msg: Any, log: Any, req_id: int) -> None:
        if isinstance(msg, GetConnection):
            self.seen.lookups.append(time.monotonic())
            found = ConnectionResult(type="ConnectionResult", conn_id=msg.conn_id, **self.connections[msg.conn_id])
            self.send_msg(found, request_id=req_id, error=None, exclude_unset=True, by_alias=True)
            return
        if isinstance(msg, messages.TriggerStateChanges):
            now = time.time()
            self.seen.events += [(entry[0] - 1, now, entry[1].payload) for entry in msg.events or ()]
            self.seen.failures += [identity - 1 for identity, _ in msg.failures or ()]
        super()._handle_request(msg, log, req_id)

    def run_triggers(self, triggers: list[list[Any]]) -> None:
        """Give triggers to the runner when it asks next."""
        self.creating_triggers.extend(
            RunTrigger(id=identity, ti=None, classpath=classpath, encrypted_kwargs=Trigger.encrypt_kwargs(kwargs))
            for identity, (classpath, kwargs) in enumerate(triggers, 1)
        )


def main(descriptor: str, core: str) -> None:
    answers = os.fdopen(int(descriptor), "w", buffering=1)
    with tempfile.TemporaryDirectory() as folder:
        Supervisor.path = Path(folder, "report.json")
        Supervisor.core = int(core) if core else None
        job: Any = SimpleNamespace(id=1, hostname="localhost")
        runner = Supervisor.start(job=job, capacity=conf.getint("triggerer", "capacity"))
        try:
            _serve(runner, answers)
        finally:
            runner.kill(escalation_delay=30, force=True)
        seen = asdict(Supervisor.seen)
        inside = json.loads(Supervisor.path.read_text())
        print(json.dumps({name: inside[name] or seen[name] for name in seen}), file=answers)


def _serve(runner: Supervisor, answers: Any) -> None:
    print(json.dumps({"capacity": runner.capacity}), file=answers)
    while True:
        runner._service_subprocess(1)  # Airflow's own loop around this reads and writes the database
        runner.events.clear()
        runner.failed_triggers.clear()
        if not runner.is_alive():
            raise SystemExit("the trigger runner died")
        if not select.select([0], [], [], 0)[0]:
            continue
        order = json.loads(sys.stdin.readline() or "{}")
        if not order:
            return
        Supervisor.connections = order["connections"]
        runner.run_triggers(order["triggers"])
        print(json.dumps({"at": time.monotonic()}), file=answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
