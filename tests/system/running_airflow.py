"""A whole Airflow in processes of its own, so that tests can kill parts of it.

Each part leads a session of its own. Whatever it forks stays in that session, also when its parent is dead: that is
how a part is killed completely, and how nothing outlives a test, not even one that is killed itself.
"""

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
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import psutil

#: part -> its command. ``standalone`` is all of them in one, and makes its own database.
COMMANDS = {
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "triggerer": ("triggerer", "--skip-serve-logs"),
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

#: Seconds that a command, or all parts together, may take to come up; a slow machine takes half of it.
PATIENCE = 180.0

States = dict[tuple[str, int], str | None]


class RunningAirflow:
    """Airflow with a LocalExecutor, its home in a folder, its API on a free port of loopback.

    ::

        with RunningAirflow(tmp_path) as airflow:
            (airflow.dags / "hello.py").write_text(...)
            states = airflow.wait("hello", airflow.trigger("hello"))

    :param home: a folder to be made; DAG files belong into its ``dags``
    :param dags: DAG files that are there from the start
    :param parts: what to start, of ``COMMANDS``
    :param database: SQLAlchemy URL of an empty database; a file of SQLite in the home when absent
    :param impatient: notice within seconds what Airflow's own settings notice within minutes
    :param environment: further environment variables: connections, other settings
    """

    def __init__(
        self,
        home: Path,
        *,
        dags: Iterable[Path] = (),
        parts: tuple[str, ...] = PARTS,
        database: str | None = None,
        impatient: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        for file in dags:
            shutil.copy(file, self.dags)
        self.database = database or f"sqlite:///{home}/airflow.db"
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
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
        self._token = ""
        self._guard = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, start_new_session=True)

    def __enter__(self) -> Self:
        try:
            if "standalone" not in self._parts:
                self._command("db", "migrate")
            for part in self._parts:
                self.start(part)
            self.until(self.healthy, PATIENCE, "Airflow is healthy")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill everything; the home and the database stay."""
        self._guard.communicate()
        for process in self._running.values():
            process.wait()
        self._running.clear()

    def start(self, part: str, name: str | None = None) -> None:
        """Start a part, and do not wait for it.

        :param part: one of ``COMMANDS``
        :param name: its name for :meth:`kill`, and of its log; the part's own when absent
        """
        name = name or part
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", *COMMANDS[part]],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[name] = process
        self._tell_guard(process.pid)

    def start_triggerer(self, name: str = "triggerer") -> None:
        """Start a triggerer, one more or one again, and wait until it has said that it lives."""
        before = self._triggerers()
        self.start("triggerer", name)
        self.until(lambda: self._triggerers() > before, PATIENCE, f"{name} lives")

    def kill(self, name: str) -> None:
        """Kill a part and whatever belongs to it, as when its machine is lost."""
        process = self._running.pop(name)
        kill_session(process.pid)
        process.wait()
        self._tell_guard(process.pid)

    def freeze(self, name: str) -> None:
        """Stop a part where it is: others take it for dead, and it is not."""
        for pid in members(self._running[name].pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a part go on that was stopped."""
        for pid in members(self._running[name].pid):
            os.kill(pid, signal.SIGCONT)

    def kill_task(self, dag_id: str, run_id: str, task_id: str, *, supervisor: bool = True) -> None:
        """Kill the process of a running task.

        :param supervisor: and, before it, the worker that supervises it: then nobody is left to tell of its death, as
            when a machine is lost. Otherwise the worker tells of it at once
        """
        pid = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")["pid"]
        task = psutil.Process(pid)
        worker = task.parent()
        scheduler = self._running.get("scheduler") or self._running["standalone"]
        if worker is None or os.getsid(worker.pid) != scheduler.pid or worker.pid == scheduler.pid:
            raise RuntimeError(f"process {pid} is not that of a task")
        for each in ([worker] if supervisor else []) + [task, *task.children(recursive=True)]:
            each.kill()

    def healthy(self) -> bool:
        """Say whether the API answers, and every part that belongs here has given a sign of life."""
        try:
            told = self.get("monitor/health")
        except (OSError, urllib.error.URLError):
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} has ended:\n{self.log_of(name)[-4000:]}") from None
            return False
        parts = PARTS if "standalone" in self._parts else self._parts
        return all(
            told[part.replace("-", "_")]["status"] == "healthy" for part in ("metadatabase", *parts) if part in told
        )

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run, as soon as its DAG has been read from its file; return its id."""
        self.until(lambda: self._knows(dag_id), PATIENCE, f"{dag_id} has been read")
        return str(
            self._ask("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf or {}})["dag_run_id"]
        )

    def wait(self, dag_id: str, run_id: str, timeout: float = PATIENCE) -> States:
        """Wait until a run has ended; return the states of its tasks by (task id, map index).

        :raises TimeoutError: it has not; with the states until then
        """
        try:
            self.until(
                lambda: self.get(f"dags/{dag_id}/dagRuns/{run_id}")["state"] in ("success", "failed"), timeout, "an end"
            )
        except TimeoutError:
            raise TimeoutError(f"{dag_id} has not ended within {timeout:g} s: {self.states(dag_id, run_id)}") from None
        return self.states(dag_id, run_id)

    def states(self, dag_id: str, run_id: str) -> States:
        """Return the states of a run's tasks by (task id, map index); that of a task without a map is -1."""
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

    def logs(self) -> str:
        """Return everything that the parts and the tasks have written."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.home.rglob("*.log")))

    def log_of(self, name: str) -> str:
        """Return everything that a part has written."""
        return (self.home / f"{name}.log").read_text(errors="replace")

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

    def until(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Wait until something holds.

        :raises TimeoutError: it does not, after so many seconds
        """
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {timeout:g} s in vain until {what}")
            time.sleep(0.2)

    def get(self, path: str) -> Any:
        """Return what Airflow's API says under a path."""
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        # A database of SQLite is locked for a moment now and then, and the API says so with 5xx.
        for pause in (0.5, 1.0, 2.0, None):
            try:
                return self._request(method, f"api/v2/{path}", body)
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read().decode(errors="replace")
                if error.code == 401:
                    self._token = self._request("GET", "auth/token")["access_token"]
                elif error.code < 500 or pause is None:
                    error.add_note(said)
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

    def _triggerers(self) -> int:
        return int(self.get("jobs?job_type=TriggererJob&limit=1")["total_entries"])

    def _tell_guard(self, session: int) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.write(b"%d\n" % session)
        self._guard.stdin.flush()

    def _command(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "airflow", *arguments]
        with (self.home / "command.log").open("ab") as log:
            done = subprocess.run(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=PATIENCE
            )
        if done.returncode:
            raise RuntimeError(f"airflow {' '.join(arguments)} failed:\n{self.log_of('command')[-4000:]}")


def kill_session(session: int) -> None:
    """Kill every process of a session; what forks in between too."""
    while found := members(session):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def members(session: int) -> list[int]:
    """Return the processes of a session that are not dead."""
    return [pid for pid in psutil.pids() if _belongs(pid, session)]


def _belongs(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def _guard_sessions() -> None:
    """Kill the sessions named on standard input when it ends; one that is named twice is gone already."""
    sessions: set[int] = set()
    for line in sys.stdin:
        sessions ^= {int(line)}
    for session in sessions:
        kill_session(session)


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


if __name__ == "__main__":
    _guard_sessions()
