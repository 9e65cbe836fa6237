"""A whole Airflow in processes of its own, so that tests can kill parts of it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, Self

import psutil

from support.airflow.airflow_api import PATIENCE, AirflowApi, until
from support.airflow.process_sessions import Sessions, members

#: part -> its command. ``standalone`` is all of them in one, and makes its own database.
COMMANDS = {
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "worker": ("celery", "worker", "--skip-serve-logs"),
    "standalone": ("standalone",),
}
PARTS = ("api-server", "dag-processor", "scheduler", "triggerer")

#: Airflow's defaults suit servers that live for months; these notice within seconds what a test does.
#: A task is declared dead after ten seconds without a heartbeat; it sends one every two.
IMPATIENT = {
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
}


class RunningAirflow(AirflowApi):
    """Airflow with a LocalExecutor, its home in a folder, its API on a free port of loopback.

    ::

        with RunningAirflow(tmp_path / "home") as airflow:
            (airflow.dags / "hello.py").write_text(...)
            states = airflow.wait("hello", airflow.trigger("hello"))

    :param home: a folder to be made; DAG files belong into its ``dags``
    :param port: of its API and user interface; a free one when absent
    :param dags: DAG files that are there from the start
    :param parts: what to start, of ``COMMANDS``
    :param database: SQLAlchemy URL of an empty database; a file of SQLite in the home when absent
    :param impatient: notice within seconds what Airflow's own settings notice within minutes, a new DAG file too
    :param environment: further environment variables: connections, other settings, another executor
    """

    def __init__(
        self,
        home: Path,
        *,
        dags: Iterable[Path] = (),
        parts: tuple[str, ...] = PARTS,
        port: int | None = None,
        database: str | None = None,
        impatient: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        port = port or _free_port()
        super().__init__(f"http://127.0.0.1:{port}")
        self.home = home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        for file in dags:
            shutil.copy(file, self.dags)
        self.database = database or f"sqlite:///{home}/airflow.db"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            # `airflow standalone` starts its parts by this name.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "NO_COLOR": "1",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database,
            # Only `standalone` cannot do without servers of logs: not two of them on one port.
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_free_port()),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
            **(IMPATIENT if impatient else {}),
            **(environment or {}),
        }
        self._parts = parts
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._sessions = Sessions()
        try:
            if "standalone" not in self._parts:
                migrated = self._start("migration", "db", "migrate")
                if migrated.wait(PATIENCE):
                    raise RuntimeError(f"the database cannot be made:\n{self._last_words('migration')}")
            for part in self._parts:
                self.start(part)
            until(self._is_healthy, PATIENCE, "Airflow is healthy")
        except BaseException:
            self._sessions.kill_all()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill everything; the home and the database stay."""
        self._sessions.kill_all()

    def start(self, part: str, name: str | None = None, *options: str) -> None:
        """Start a part, and do not wait for it.

        :param part: one of ``COMMANDS``
        :param name: its name for :meth:`kill`, and of its log; the part's own when absent
        :param options: further options of its command
        """
        name = name or part
        self._running[name] = self._start(name, *COMMANDS[part], *options)

    def start_triggerer(self, name: str = "triggerer") -> None:
        """Start a triggerer, one more or one again, and wait until it has said that it lives."""
        before = self._triggerers()
        self.start("triggerer", name)
        until(lambda: self._triggerers() > before, PATIENCE, f"{name} lives")

    def kill(self, name: str) -> None:
        """Kill a part and whatever belongs to it, as when its machine is lost."""
        self._sessions.kill(self._running.pop(name))

    def ended(self) -> list[str]:
        """Return the names of parts that have ended by themselves."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def freeze(self, name: str) -> None:
        """Pause a part: others take it for dead, and it is not."""
        for pid in members(self._running[name].pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a part go on that was stopped."""
        for pid in members(self._running[name].pid):
            os.kill(pid, signal.SIGCONT)

    def kill_member(self, name: str, random: Random) -> None:
        """Kill one process that belongs to a part, not its first: a task, or what runs tasks."""
        leader = self._running[name].pid
        if others := sorted(pid for pid in members(leader) if pid != leader):
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(others), signal.SIGKILL)

    def kill_task(self, dag_id: str, run_id: str, task_id: str, *, supervisor: bool = True) -> None:
        """Kill the process of a running task.

        :param supervisor: and, before it, the worker that supervises it: then nobody is left to tell of its death, as
            when a machine is lost. Otherwise the worker tells of it at once
        :raises RuntimeError: the process does not exist
        """
        pid = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")["pid"]
        if pid not in members(self._running["scheduler"].pid):
            raise RuntimeError(f"{task_id} does not run")
        task = psutil.Process(pid)
        worker = [each for each in [task.parent()] if each is not None and supervisor]
        for each in (*worker, *task.children(recursive=True), task):
            each.kill()

    def connection(self, conn_id: str) -> dict[str, Any]:
        """Return a connection with its secrets, as the command line exports it."""
        file = self.home / f"{conn_id}.json"
        command = [sys.executable, "-m", "airflow", "connections", "export", str(file)]
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)
        try:
            return dict(json.loads(file.read_text())[conn_id])
        finally:
            file.unlink()

    def logs(self) -> str:
        """Return everything that the parts and the tasks have written."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.home.rglob("*.log")))

    def everything_stored(self) -> Iterator[tuple[str, bytes]]:
        """Yield every cell of every table of Airflow's database: ``table.column``, and the bytes of its text."""
        import sqlalchemy

        engine = sqlalchemy.create_engine(self.database)
        try:
            with engine.connect() as connection:
                for table in sqlalchemy.inspect(connection).get_table_names():
                    rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"')
                    columns = list(rows.keys())
                    for row in rows:
                        for column, value in zip(columns, row, strict=True):
                            if value is not None:
                                yield f"{table}.{column}", _as_bytes(value)
        finally:
            engine.dispose()

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "airflow", *arguments]
        return self._sessions.start(command, self.environment, self.home / f"{name}.log")

    def _is_healthy(self) -> bool:
        try:
            told = self.get("monitor/health")
        except (ConnectionError, urllib.error.URLError):
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} has ended:\n{self._last_words(name)}") from None
            return False
        parts = PARTS if "standalone" in self._parts else self._parts
        names = [part.replace("-", "_") for part in parts if part != "api-server"]
        return all(told[name]["status"] == "healthy" for name in names)

    def _triggerers(self) -> int:
        return int(self.get("jobs?job_type=TriggererJob&limit=1")["total_entries"])

    def _last_words(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")[-4000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_bytes(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str).encode()
    return str(value).encode()
