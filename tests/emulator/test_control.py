"""The class Emulator: starting, generating days, and ending with its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.errors import InputError

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    pass


def test_a_day_is_generated_while_other_requests_are_served(emulator: Any, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def look(generated: int, of: int) -> None:
        seen.append((generated, of))
        assert 0 < len(emulator.messages()) <= 12_000

    told = emulator.generate(send_date=date(2026, 1, 5), messages=12_000, log=tmp_path / "log.csv", progress=look)
    assert seen == [(5_000, 12_000), (10_000, 12_000)]
    assert (tmp_path / "log.csv").read_text().count("\n") == told["lines"] + 1
    with pytest.raises(InputError, match="log is in a folder"):
        emulator.generate(send_date=date(2026, 1, 5), log=tmp_path / "none" / "log.csv")


def test_it_stops_while_a_response_is_delayed() -> None:
    with Emulator.start() as emulator, socket.create_connection((emulator.host, emulator.port)) as connection:
        emulator.configure(latency_ms=60_000)
        connection.sendall(b"GET /?PhoneNumber=13900000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        started_at = time.monotonic()
        assert emulator.stop() == 0
        assert time.monotonic() - started_at < 5


def test_it_ends_with_the_process_that_started_it() -> None:
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


def test_the_first_key_can_be_chosen() -> None:
    with Emulator.start("--access-key-id", "LTAI5tMine", "--access-key-secret", "it's mine") as emulator:
        assert (emulator.access_key_id, emulator.access_key_secret) == ("LTAI5tMine", "it's mine")
