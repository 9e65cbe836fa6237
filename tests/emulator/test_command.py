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
from typing import TYPE_CHECKING

import pytest

from airflow_provider_dysms.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "airflow_provider_dysms.emulator"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_a_connection_serves_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    log, truth = tmp_path / "log.csv", tmp_path / "truth.jsonl"
    seeded = ["--seed-day", "2026-01-05", "--messages", "50", "--seed", "7", "--log", str(log), "--truth", str(truth)]
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *seeded], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            export, assignment = shlex.split(line)
            name, _, value = assignment.partition("=")
            connection = json.loads(value)
            assert (export, name, connection["conn_type"]) == ("export", "AIRFLOW_CONN_DYSMS_DEFAULT", "dysms")
            address = f"http://{connection['host']}:{connection['port']}"
            with urllib.request.urlopen(f"{address}/_emulator/state") as answer:
                assert json.load(answer)["messages"] == 50 - truth.read_text("utf-8").count('"missing"')
            with urllib.request.urlopen(f"{address}/_emulator/messages") as answer:
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
