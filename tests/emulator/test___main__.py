"""The command that starts the emulator: its output, options, errors and end."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.__main__ import _bind_socket, _day
from airflow_provider_dysms.model import dates

pytestmark = pytest.mark.slow


def parse_export(line: str) -> tuple[str, str]:
    """Take a line that exports a parse_export apart."""
    export, assignment = shlex.split(line)
    assert export == "export"
    name, _, value = assignment.partition("=")
    return name, value


COMMAND = [sys.executable, "-m", "airflow_provider_dysms.emulator"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_connections_serves_and_ends_with_code_0(tmp_path: Path, number: signal.Signals) -> None:
    log, truth = tmp_path / "log.csv", tmp_path / "truth.jsonl"
    seeded = ["--seed-day", "2026-01-05", "--messages", "50", "--seed", "7", "--log", str(log), "--truth", str(truth)]
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *seeded], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            variables = [parse_export(process.stdout.readline()) for _ in range(3)]
            names = ["AIRFLOW_CONN_DYSMS_DEFAULT", "AIRFLOW_CONN_DYSMS_INTERNATIONAL", "DYSMS_EMULATOR_ADMIN"]
            assert [name for name, _ in variables] == names
            connection, international = (json.loads(value) for _, value in variables[:2])
            assert (connection["conn_type"], international["conn_type"]) == ("dysms", "dysms")
            assert international["login"] != connection["login"]
            assert international["extra"] == {"region_id": "ap-southeast-1"}
            address, admin = f"http://{connection['host']}:{connection['port']}", variables[2][1]
            with urllib.request.urlopen(f"{admin}state") as response:
                assert json.load(response)["messages"] == 50 - truth.read_text("utf-8").count('"missing"')
            with urllib.request.urlopen(f"{admin}messages") as response:
                numbers = [each["phone_number"] for each in json.load(response)]
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


@pytest.mark.parametrize("arguments", [["--host", "0.0.0.0"], ["--host", "example.com"], ["--seed-day", "soon"]])
def test_an_invalid_option_is_refused_by_name(arguments: list[str]) -> None:
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert arguments[0] in ended.stderr


def test_a_port_in_use_is_refused_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert f"--port {port}" in ended.stderr


@pytest.mark.parametrize("host", ["::1", "127.0.0.2", "localhost"])
def test_it_serves_at_every_loopback_address(host: str) -> None:
    from airflow.models import Connection

    from airflow_provider_dysms.hooks.dysms import DysmsHook

    with Emulator.start("--host", host) as emulator, pytest.MonkeyPatch.context() as patch:
        message_id = emulator.add_message(phone_number="+85261234567")["message_id"]
        patch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
        assert Connection.from_json(emulator.connection_json()).host == emulator.host
        assert DysmsHook().query_message(message_id).message_id == message_id
        with urllib.request.urlopen(f"{emulator.admin_url}state") as response:
            assert json.load(response)["messages"] == 1


def test_other_machines_have_access_with_allow_remote() -> None:
    with Emulator.start("--host", "0.0.0.0", "--allow-remote") as emulator:
        emulator.add_message(phone_number="13900000000")
        assert emulator.host == "127.0.0.1"
        request = urllib.request.Request(f"{emulator.admin_url}state", headers={"Host": "emulator:8085"})
        with urllib.request.urlopen(request) as response:
            assert json.load(response)["messages"] == 1
        listening = Path(f"/proc/{emulator.pid}/net/tcp").read_text("ascii")
        assert f"00000000:{emulator.port:04X}" in listening


def test_switches_of_the_command_line_survive_a_reset(tmp_path: Path) -> None:
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
def test_it_ends_with_code_0_if_the_loop_has_no_signal_handlers(way: str) -> None:
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


def test_it_listens_before_it_is_ready_so_that_a_client_waits_and_is_not_refused() -> None:
    with _bind_socket("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname(), timeout=5):
        pass


def test_yesterday_is_a_day_in_beijing() -> None:
    assert _day("yesterday") == dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
