"""Processes that end together: with the one that leads their session, and with the process that started it.

What a process forks stays in its session, also when it is dead itself; Airflow opens no sessions of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil


class Sessions:
    """Processes that each lead a session.

    A guard kills all of them when its standard input ends, so that nothing is left of a test that is killed itself.
    """

    def __init__(self) -> None:
        self._leaders: dict[int, subprocess.Popen[bytes]] = {}
        self._guard = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, start_new_session=True)

    def start(self, command: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own; what it says is appended to a file."""
        with log.open("ab") as output:
            leader = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leaders[leader.pid] = leader
        self._tell_guard(leader.pid)
        return leader

    def kill(self, leader: subprocess.Popen[bytes]) -> None:
        """Kill a session, and forget it."""
        kill_session(leader.pid)
        leader.wait()
        del self._leaders[leader.pid]
        self._tell_guard(leader.pid)

    def kill_all(self) -> None:
        """Kill every session; no other can be started then."""
        self._guard.communicate()
        for leader in self._leaders.values():
            leader.wait()
        self._leaders.clear()

    def _tell_guard(self, session: int) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.write(b"%d\n" % session)
        self._guard.stdin.flush()


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


def _guard() -> None:
    """Kill the sessions named on standard input when it ends; one that is named twice is gone already."""
    sessions: set[int] = set()
    for line in sys.stdin:
        sessions ^= {int(line)}
    for session in sessions:
        kill_session(session)


if __name__ == "__main__":
    _guard()
