"""The command as a user runs it, and as a test does."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

import pytest

from airflow_provider_dysms.emulator import Emulator


def variable(line: str) -> tuple[str, str]:
    """Take a line that exports a variable apart."""
    export, assignment = shlex.split(line)
    assert export == "export"
    name, _, value = assignment.partition("=")
    return name, value


COMMAND = [sys.executable, "-m", "airflow_provider_dysms.emulator"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_a_connection_serves_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    log, truth = tmp_path / "log.csv", tmp_path / "truth.jsonl"
    seeded = ["--seed-day", "2026-01-05", "--messages", "50", "--seed", "7", "--log", str(log), "--truth", str(truth)]
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *seeded], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            variables = [variable(process.stdout.readline()) for _ in range(3)]
            names = ["AIRFLOW_CONN_DYSMS_DEFAULT", "AIRFLOW_CONN_DYSMS_INTERNATIONAL", "DYSMS_EMULATOR_ADMIN"]
            assert [name for name, _ in variables] == names
            connection, international = (json.loads(value) for _, value in variables[:2])
            assert (connection["conn_type"], international["conn_type"]) == ("dysms", "dysms")
            assert international["login"] != connection["login"]
            assert international["extra"] == {"region_id": "ap-southeast-1"}
            address, admin = f"http://{connection['host']}:{connection['port']}", variables[2][1]
            with urllib.request.urlopen(f"{admin}state") as answer:
                assert json.load(answer)["messages"] == 50 - truth.read_text("utf-8").count('"missing"')
            with urllib.request.urlopen(f"{admin}messages") as answer:
                numbers = [each["phone_number"] for each in json.load(answer)]
            for each in numbers:
                with pytest.raises(urllib.error.HTTPError, match="400"):
                    urllib.request.urlopen(f"{address}/?Action=QuerySendDetails&PhoneNumber={each}").close()
            assert log.read_text().count("\n") > 40
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode == 0
    assert out == ""
    assert not any(each in err for each in numbers), "no number in what it logs"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((connection["host"], connection["port"]), timeout=2)


def test_it_stops_while_an_answer_is_stalled() -> None:
    with Emulator.start() as emulator, socket.create_connection((emulator.host, emulator.port)) as connection:
        emulator.configure(latency_ms=60_000)
        connection.sendall(b"GET /?PhoneNumber=13900000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        began = time.monotonic()
        assert emulator.stop() == 0
        assert time.monotonic() - began < 5


def test_it_ends_with_whoever_started_it() -> None:
    script = """
import os
from airflow_provider_dysms.emulator import Emulator
started = Emulator.start()
print(started.pid, started.port, flush=True)
os._exit(9)
"""
    parent = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False)
    port = int(parent.stdout.split()[1])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            break
        time.sleep(0.05)
    else:
        os.kill(int(parent.stdout.split()[0]), signal.SIGKILL)
        pytest.fail("it is still there")


def test_a_key_of_ones_own_is_the_one_that_is_printed() -> None:
    with Emulator.start("--access-key-id", "LTAI5tMine", "--access-key-secret", "it's mine") as emulator:
        assert (emulator.access_key_id, emulator.access_key_secret) == ("LTAI5tMine", "it's mine")


@pytest.mark.parametrize("arguments", [["--host", "0.0.0.0"], ["--host", "example.com"], ["--seed-day", "yesterday"]])
def test_what_it_cannot_do_it_says_and_ends(arguments: list[str]) -> None:
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert arguments[0] in ended.stderr


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert f"--port {port}" in ended.stderr


def test_python_is_told_when_it_does_not_come_up() -> None:
    with pytest.raises(RuntimeError, match="exit code 2"):
        Emulator.start("--host", "0.0.0.0")


def test_python_is_told_what_it_waited_for_in_vain() -> None:
    with pytest.raises(RuntimeError, match=r"has not printed its connections within 0.01 s.*longer timeout"):
        Emulator.start(timeout=0.01)


@pytest.mark.parametrize("host", ["::1", "127.0.0.2", "localhost"])
def test_it_serves_at_every_loopback_address(host: str) -> None:
    from airflow.models import Connection

    from airflow_provider_dysms.hooks.dysms import DysmsHook

    with Emulator.start("--host", host) as emulator, pytest.MonkeyPatch.context() as patch:
        message_id = emulator.add_message(phone_number="+85261234567")["message_id"]
        patch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
        assert Connection.from_json(emulator.connection_json()).host == emulator.host
        assert DysmsHook().query_message(message_id).message_id == message_id
        with urllib.request.urlopen(f"{emulator.admin_url}state") as answer:
            assert json.load(answer)["messages"] == 1


def test_other_machines_are_let_in_when_it_is_told_so() -> None:
    with Emulator.start("--host", "0.0.0.0", "--allow-remote") as emulator:
        emulator.add_message(phone_number="13900000000")
        assert emulator.host == "127.0.0.1"
        request = urllib.request.Request(f"{emulator.admin_url}state", headers={"Host": "emulator:8085"})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["messages"] == 1
        listening = Path(f"/proc/{emulator.pid}/net/tcp").read_text("ascii")
        assert f"00000000:{emulator.port:04X}" in listening


def test_switches_that_are_set_at_the_start_outlive_a_reset(tmp_path: Path) -> None:
    arguments = ("--switch", "sites=joined", "--switch", "receipt_seconds=7", "--folder", str(tmp_path))
    with Emulator.start(*arguments) as emulator:
        emulator.configure(sites="separate")
        emulator.reset()
        assert (emulator.switches()["sites"], emulator.switches()["receipt_seconds"]) == ("joined", 7)
        emulator.generate(send_date=date(2026, 1, 5), messages=5, log=tmp_path / "log.csv")
        assert [each.name for each in tmp_path.iterdir()] == ["log.csv"]
    assert tmp_path.is_dir()


#: A loop as Windows has it.
WITHOUT_HANDLERS = """
import asyncio, sys
import uvicorn
def no(*_): raise NotImplementedError
asyncio.SelectorEventLoop.add_signal_handler = no
uvicorn.Config.get_loop_factory = lambda self: asyncio.SelectorEventLoop
from airflow_provider_dysms.emulator.__main__ import main
sys.exit(main(["--port", "0", "--until-stdin-closes"]))
"""


@pytest.mark.parametrize("way", ["signal", "standard input"])
def test_it_ends_well_where_a_loop_has_no_signal_handlers(way: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WITHOUT_HANDLERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            for _ in range(3):
                process.stdout.readline()
            if way == "signal":
                process.send_signal(signal.SIGTERM)
            else:
                process.stdin.close()
            assert process.wait(20) == 0
        finally:
            process.kill()
