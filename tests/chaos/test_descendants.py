"""Processes that are left are found by who they come from, although nothing else tells."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from support.chaos.descendants import adopting

#: Starts a process in another session with an empty environment, says its id, and ends.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], env={}, start_new_session=True)
print(child.pid)
"""


def test_an_orphan_in_another_session_is_found_until_it_ends(tmp_path: Path) -> None:
    with adopting() as left:
        assert left() == []
        out = tmp_path / "pid"
        with out.open("w") as output:
            subprocess.run([sys.executable, "-c", PARENT], stdout=output, check=True)
        pid = int(out.read_text())
        (found,) = left()
        os.kill(pid, signal.SIGKILL)
        while left():
            time.sleep(0.01)
    assert "time.sleep(300)" in found


def test_what_ran_before_is_not_counted() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as earlier:
        with adopting() as left:
            assert left() == []
        earlier.communicate(b"\n")
