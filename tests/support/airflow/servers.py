"""Servers from Debian's packages, for an Airflow that is more than one process and a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from support import TESTS

SCRIPTS = TESTS.parent / "scripts"


@contextmanager
def serving(name: str) -> Iterator[str]:
    """Run a server of one's own, empty at first; give its URL.

    :param name: the script that knows how: ``postgres``, ``redis``
    """
    command = [sys.executable, SCRIPTS / f"{name}.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url, f"{name} did not come up; what it said is above"
        try:
            yield url
        finally:
            server.communicate(timeout=60)
