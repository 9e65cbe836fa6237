"""A triggerer without a database: Airflow's own supervisor and TriggerRunner, with measurements from inside.

loads.py starts it as a process. It reads JSON lines from standard input:

* ``{"triggers": [[class path, kwargs], ...], "connections": {id: fields}}`` runs triggers, all in one synchronization.
  Airflow hands out 50 at a time, so this is the worst possible start. The reply is the time of the start.
* ``{}`` or the end of standard input ends it. The reply is the :class:`Report` of the run.

The runner is forked from a process that has not imported any provider, as in Airflow.
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
from request_times import record_requests

#: Length of the sleeps that measure the lag of the event loop (s).
PROBE_SECONDS = 0.01


@dataclass
class Report:
    """The measurements of a run. Times are ``time.monotonic()``, which is the same in all processes of a machine.

    :param created_at: when the runner started to create triggers
    :param lags: (time, seconds by which a sleep of 10 ms on the runner's loop was too long, and the part of them in
        which the runner was ready but the machine ran something else)
    :param cpu: (time, seconds of CPU that the runner's process has used)
    :param written: when each request was written to a socket
    :param lookups: when each connection was looked up at the supervisor
    :param events: (position of the trigger, ``time.time()`` at which the supervisor had the event, its payload)
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
    """Airflow's runner with a coroutine that measures the lag of its event loop."""

    report: ClassVar[Report] = Report()

    async def init_comms(self) -> None:
        await super().init_comms()
        self._lag_task = asyncio.create_task(self._measure_lag())

    async def create_triggers(self) -> None:
        if self.to_create and not self.report.created_at:
            self.report.created_at = time.monotonic()
        await super().create_triggers()

    async def _measure_lag(self) -> None:
        report, second = self.report, 0
        with Path("/proc/self/schedstat").open() as scheduler:  # noqa: ASYNC230  # not a file on a disk

            def stolen_seconds() -> float:
                scheduler.seek(0)
                return int(scheduler.read().split()[1]) / 1e9

            while True:
                due, before = time.monotonic() + PROBE_SECONDS, stolen_seconds()
                await asyncio.sleep(PROBE_SECONDS)
                now = time.monotonic()
                report.lags.append((now, now - due, stolen_seconds() - before))
                if int(now) != second:
                    second = int(now)
                    report.cpu.append((now, time.process_time()))


class Supervisor(TriggerRunnerSupervisor):
    """Airflow's supervisor, with triggers and connections that come from this script instead of the database."""

    report_path: ClassVar[Path]
    core: ClassVar[int | None] = None
    observed: ClassVar[Report] = Report()
    connections: ClassVar[dict[str, dict[str, Any]]] = {}

    @classmethod
    def run_in_process(cls) -> None:
        if cls.core is not None:
            os.sched_setaffinity(0, {cls.core})
        record_requests(WatchedRunner.report.written, b"POST /", b"GET /")
        try:
            WatchedRunner().run()
        finally:
            cls.report_path.write_text(json.dumps(asdict(WatchedRunner.report)))

    def _handle_request(self, msg: Any, log: Any, req_id: int) -> None:
        if isinstance(msg, GetConnection):
            self.observed.lookups.append(time.monotonic())
            result = ConnectionResult(type="ConnectionResult", conn_id=msg.conn_id, **self.connections[msg.conn_id])
            self.send_msg(result, request_id=req_id, error=None, exclude_unset=True, by_alias=True)
            return
        if isinstance(msg, messages.TriggerStateChanges):
            now = time.time()
            self.observed.events += [(entry[0] - 1, now, entry[1].payload) for entry in msg.events or ()]
            self.observed.failures += [identity - 1 for identity, _ in msg.failures or ()]
        super()._handle_request(msg, log, req_id)

    def run_triggers(self, triggers: list[list[Any]]) -> None:
        """Hand triggers to the runner at its next synchronization."""
        self.creating_triggers.extend(
            RunTrigger(id=identity, ti=None, classpath=classpath, encrypted_kwargs=Trigger.encrypt_kwargs(kwargs))
            for identity, (classpath, kwargs) in enumerate(triggers, 1)
        )


def main(descriptor: str, core: str) -> None:
    output = os.fdopen(int(descriptor), "w", buffering=1)
    with tempfile.TemporaryDirectory() as folder:
        Supervisor.report_path = Path(folder, "report.json")
        Supervisor.core = int(core) if core else None
        job: Any = SimpleNamespace(id=1, hostname="localhost")
        runner = Supervisor.start(job=job, capacity=conf.getint("triggerer", "capacity"))
        try:
            _serve(runner, output)
        finally:
            runner.kill(escalation_delay=30, force=True)
        observed = asdict(Supervisor.observed)
        in_runner = json.loads(Supervisor.report_path.read_text())
        print(json.dumps({name: in_runner[name] or observed[name] for name in observed}), file=output)


def _serve(runner: Supervisor, output: Any) -> None:
    print(json.dumps({"capacity": runner.capacity}), file=output)
    while True:
        runner._service_subprocess(1)  # not Airflow's own loop, which uses the database
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
        print(json.dumps({"at": time.monotonic()}), file=output)


if __name__ == "__main__":
    main(*sys.argv[1:])
