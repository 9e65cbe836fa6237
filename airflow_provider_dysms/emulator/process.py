"""The process of an emulator, seen by the one that starts it: waits until it serves, and stops it."""

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


def first_lines(process: Process, timeout: float) -> list[str]:
    """Return the lines that an emulator prints when it serves: connections, and last the address of its admin path.

    :param timeout: seconds to wait
    :raises RuntimeError: they did not come; with what was waited for
    """
    lines: SimpleQueue[list[str]] = SimpleQueue()
    threading.Thread(target=lambda: lines.put(list(_until_ready(process))), daemon=True).start()
    began = time.monotonic()
    try:
        told = lines.get(timeout=timeout)
    except Empty:
        raise RuntimeError(
            f"the emulator, process {process.pid}, has not printed its connections within {timeout:g} s: it runs, and "
            "does not serve yet; pass a longer timeout if the machine is under load"
        ) from None
    if not told or ADMIN_VARIABLE not in told[-1]:
        code = process.wait(10)
        raise RuntimeError(
            f"the emulator ended with exit code {code} after {time.monotonic() - began:.1f} s, while its connections "
            "were waited for; it says why on its standard error"
        )
    return told


def _until_ready(process: Process) -> Iterator[str]:
    for line in process.stdout or ():
        yield line.decode()
        if ADMIN_VARIABLE.encode() in line:
            return


def connection_of(lines: list[str]) -> dict[str, Any]:
    """Return the first connection of the lines."""
    return dict(json.loads(shlex.split(lines[0])[1].partition("=")[2]))


def stop(process: Process) -> int:
    """End a process in good order, or at once if that takes 10 s; return its exit code."""
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
