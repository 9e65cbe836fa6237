"""The real ``airflow dysms`` in processes of their own: a connection from the database, a terminal, and no number left.

Airflow's ``log`` table keeps the arguments of its own commands; everything that is stored, said or logged is searched.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.command_line import CONNECTION, DAY, NOON
from support.privacy.canaries import Canaries
from support.privacy.hiding_places import layers, tree

from airflow_provider_dysms.emulator import Emulator

pytestmark = pytest.mark.slow

AIRFLOW = [sys.executable, "-m", "airflow", "dysms"]
CONN_ID = "command_line"


@pytest.fixture
def stored_connection(_airflow_database: None, emulator: Emulator) -> Iterator[None]:
    """The connection ``command_line`` to the emulator, in Airflow's database."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    connection = Connection(conn_id=CONN_ID, **json.loads(emulator.connection_json(**CONNECTION)))
    with create_session() as session:
        session.add(connection)
    yield
    with create_session() as session:
        session.query(Connection).filter(Connection.conn_id == CONN_ID).delete()


def run(*arguments: object, stdin: str = "", code: int = 0) -> str:
    """Run a command at level DEBUG; return everything that it says."""
    environment = {**os.environ, "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"}
    command = [*AIRFLOW, *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def run_at_a_terminal(*arguments: str, typed: str) -> str:
    """Run a command at a terminal, type after its prompt, and return what the terminal shows."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*AIRFLOW, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(theirs)
        shown, is_typed = "", False
        while True:
            try:
                shown += os.read(ours, 4096).decode()
            except OSError:  # the other end is closed
                break
            if not is_typed and "(they are not shown): " in shown:
                os.write(ours, f"{typed}\n".encode())
                is_typed = True
    os.close(ours)
    assert process.returncode == 0, shown
    return shown


@pytest.mark.usefixtures("stored_connection")
def test_no_number_is_left_anywhere_but_in_the_output_file(
    emulator: Emulator, tmp_path: Path, stored_by_airflow: Callable[[], str]
) -> None:
    canaries = Canaries()
    piped, prompted, argument, logged = map(canaries.number, ("piped", "prompted", "argument", "logged"))
    for number in (piped, prompted, logged):
        emulator.add_message(phone_number=number, sent_at=NOON, out_id="o-1", content="text")
    (tmp_path / "sent.csv").write_text(f"phone_number,out_id\n{logged},o-1\n")
    uris = ("--sent-uri", tmp_path / "sent.csv", "--output-uri", tmp_path / "out")
    said = {
        "piped": run("lookup", "--conn-id", CONN_ID, "-v", "-o", "json", stdin=f"{piped}\n"),
        "prompted": run_at_a_terminal("lookup", "--conn-id", CONN_ID, "-o", "plain", typed=prompted),
        "argument": run("lookup", "--phone-number", argument, code=2),
        "audit": run("audit", "--conn-id", CONN_ID, *uris, "-v"),
        "verify": run("verify", "--output-uri", tmp_path / "out", "-v"),
    }
    assert f"{piped[:3]}****{piped[-4:]}" in said["piped"]
    assert f"{prompted[:3]}****{prompted[-4:]}" in said["prompted"]
    assert "delivered" in said["prompted"]
    assert "rows, one per message" in said["audit"]
    stored = stored_by_airflow()
    assert CONN_ID in stored
    places = {
        **said,
        "database": stored,
        **{f"home: {name}": content for name, content in tree(Path(os.environ["AIRFLOW_HOME"]))},
    }
    found = {
        place: hits
        for place, text in places.items()
        for layer in layers(text.encode() if isinstance(text, str) else text)
        if (hits := canaries.found_in(layer))
    }
    assert found == {}
    (rows,) = (tmp_path / f"out/send_date={DAY}").iterdir()
    assert canaries.found_in(rows.read_bytes()).keys() == {"number logged"}


def test_the_emulator_serves_until_it_is_told_to_end() -> None:
    process = subprocess.Popen([*AIRFLOW, "emulator", "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout:
        lines = iter(process.stdout.readline, "")
        assert next(line for line in lines if line.startswith("export AIRFLOW_CONN_DYSMS_DEFAULT="))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
