"""What servers of one's own share: Debian's packages, a free port of loopback, an end with whoever started them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

PATIENCE = 60.0


def serve(running: Callable[[], AbstractContextManager[str]]) -> None:
    """Run a server until Ctrl-C, or until standard input ends; the first line that is printed is its URL."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with running() as url:
        print(url, flush=True)
        try:
            sys.stdin.read()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)


def install(package: str) -> None:
    """Install a package of Debian's.

    :raises FileNotFoundError: this is not Debian, or not root
    """
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise FileNotFoundError(f"{package} is not installed, and only root can install it, on Debian")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "--yes", "--no-install-recommends", package)):
        subprocess.run(["apt-get", "--quiet", *command], env=environment, check=True, stdout=sys.stderr)


def until_ready(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    """Wait until a server answers.

    :raises RuntimeError: it does not; with what it said
    """
    end = time.monotonic() + PATIENCE
    while not is_ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the server did not come up:\n{log.read_text()}")
        time.sleep(0.1)


def free_port() -> int:
    """Return a port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
