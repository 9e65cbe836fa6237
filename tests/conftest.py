"""Airflow reads its configuration when it is imported: it gets a home of its own before any test module is.

Nothing here imports Airflow, so that rooms that do not know it do not pay for it.
"""

import atexit
import base64
import contextlib
import functools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

from airflow_provider_dysms.emulator import Emulator

pytest_plugins = ["airflow_provider_dysms.testing"]

_HOME = tempfile.mkdtemp(prefix="airflow-home-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

os.environ.update(
    AIRFLOW_HOME=_HOME,
    AIRFLOW__CORE__FERNET_KEY=base64.urlsafe_b64encode(os.urandom(32)).decode(),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="True",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME}/airflow.db",
)

#: Machines are slow now and then; what is tested is never how fast.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

#: What :func:`say_last` was told.
LAST_WORDS = pytest.StashKey[list[str]]()


#: Fixtures that start a process, a store or an Airflow: a test that uses one takes long.
SLOW_FIXTURES = frozenset(
    {
        "_airflow_database",
        "airflow",
        "airflow_dysms",
        "api_server",
        "audit",
        "attempts",
    }  # in Airflow, or all of an operator
    | {
        "dysms",
        "emulator",
        "s3_server",
        "server",
        "writer",
        "s3_and_lane",
        "sending",
        "place",
        "bucket",
    }  # processes and stores
    | {"traces", "more_traces"}  # of a whole Airflow
)

#: The files that take longest are run first: at the end one worker would run them alone.
LONGEST = (
    "tests/privacy/test_canary.py",
    "tests/test_readme.py",
    "tests/crash/test_crashes.py",
    "tests/transfers/test_oss.py",
)

#: One worker runs all files of these folders, because they share a whole Airflow.
TOGETHER = ("tests/system/",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests by their fixtures; files that are slow for other reasons mark themselves."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files, or whole folders."""
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrFolder(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folders = (folder for folder in TOGETHER if nodeid.startswith(folder))
            return next(folders, super()._split_scope(nodeid))

    return ByFileOrFolder(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def say_last(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Say a line behind all that pytest says."""
    return pytestconfig.stash.setdefault(LAST_WORDS, []).append


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist has no terminal: it hands its last words over to the process that has."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["last words"] = session.config.stash.get(LAST_WORDS, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # A worker that crashed has left nothing.
    node.config.stash.setdefault(LAST_WORDS, []).extend(getattr(node, "workeroutput", {}).get("last words", []))


def pytest_unconfigure(config: pytest.Config) -> None:
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    for line in config.stash.get(LAST_WORDS, []) if terminal else []:
        terminal.write_line(line)


@pytest.fixture
def emulator(dysms: Emulator) -> Emulator:
    """The emulator, as if it had just been started."""
    return dysms


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Any]:
    """The one S3 server of a process: Airflow and fsspec keep the client of a connection for as long as that lives."""
    from support.crash.places import S3Server

    with S3Server() as server:
        yield server


@pytest.fixture(scope="session")
def s3(s3_server: Any) -> Iterator[Any]:
    """A plain S3 client; the connection ``aws_test`` leads to the same server."""
    os.environ["AIRFLOW_CONN_AWS_TEST"] = s3_server.connection
    yield s3_server.client
    del os.environ["AIRFLOW_CONN_AWS_TEST"]


@pytest.fixture
def new_bucket(s3: Any, s3_server: Any) -> Callable[[], Any]:
    """Each call gives an empty place."""
    return s3_server.new_bucket


@pytest.fixture(scope="session")
def _airflow_database() -> None:
    from airflow.utils.db import initdb
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def wait_for_no_disk(connection: Any, _: Any) -> None:
        """A task commits tens of times, and no test cuts the power."""
        if "sqlite" in type(connection).__module__:
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.close()

    from airflow.sdk.execution_time import supervisor

    # Airflow 3.2 makes a new API server for every task that is run in this process, which takes longer than the task.
    supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)
    initdb()


@pytest.fixture
def run_dag(_airflow_database: None) -> Callable[[Any], Any]:
    """Run a DAG through Airflow's own task runner; return its run.

    A DAG that was not parsed from a DAG folder has to be written to the database first.
    """
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
    from airflow.utils.session import create_session

    def run(dag: Any, **arguments: Any) -> Any:
        with create_session() as session:
            session.merge(DagBundleModel(name="testing"))
            session.flush()
            SerializedDAG.bulk_write_to_db("testing", None, [dag], session=session)
            SerializedDagModel.write_dag(
                LazyDeserializedDAG(data=DagSerialization.to_dict(dag)), "testing", session=session
            )
        return dag.test(**arguments)

    return run


@pytest.fixture
def stored_by_airflow(_airflow_database: None) -> Callable[[], str]:
    """Return everything that Airflow's metadata database holds, as one text."""

    def read() -> str:
        with contextlib.closing(sqlite3.connect(f"{_HOME}/airflow.db")) as database:
            tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
            cells = (cell for table in tables for row in database.execute(f'select * from "{table}"') for cell in row)
            return "\n".join(
                cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for cell in cells
            )

    return read
