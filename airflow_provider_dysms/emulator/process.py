"""Waits until an emulator process is ready, reads the connection that it prints, and stops the process."""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.connection import ADMIN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

Process = subprocess.Popen[bytes]


def read_ready_lines(process: Process, timeout: float) -> list[str]:
    """Return the lines that an emulator prints when it is ready: its connections, then the address of its admin path.

    :param timeout: seconds to wait
    :raises RuntimeError: the process ended or printed no connection in time; the message says which
    """
    queue: SimpleQueue[list[str]] = SimpleQueue()
    threading.Thread(target=lambda: queue.put(list(_lines_until_ready(process))), daemon=True).start()
    started_at = time.monotonic()
    try:
        lines = queue.get(timeout=timeout)
    except Empty:
        raise RuntimeError(
            f"the emulator, process {process.pid}, is running but has not printed its connections within "
            f"{timeout:g} s; pass a longer timeout if the machine is under load"
        ) from None
    if not lines or ADMIN_VARIABLE not in lines[-1]:
        code = process.wait(10)
        raise RuntimeError(
            f"the emulator ended with exit code {code} after {time.monotonic() - started_at:.1f} s, before it printed "
            "its connections; its standard error says why"
        )
    return lines


def _lines_until_ready(process: Process) -> Iterator[str]:
    for line in process.stdout or ():
        yield line.decode()
        if ADMIN_VARIABLE.encode() in line:
            return


def parse_connection(lines: list[str]) -> dict[str, Any]:
    """Return the Airflow connection that the first line exports."""
    return dict(json.loads(shlex.split(lines[0])[1].partition("=")[2]))


def stop_process(process: Process) -> int:
    """Ask a process to end, and kill it if it has not ended after 10 s; return its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        code = process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    return code
