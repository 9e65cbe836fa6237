"""Functions that temporary servers share: installing a Debian package, finding a free port, starting and ending."""

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

#: How long a server may take to start or to end (s).
TIMEOUT_SECONDS = 60.0


def serve(running: Callable[[], AbstractContextManager[str]]) -> None:
    """Print the URL of a server, and run it until Ctrl-C or until standard input closes.

    :param running: a context manager that runs the server and gives its URL
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with running() as url:
        print(url, flush=True)
        try:
            sys.stdin.read()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)


def install_package(package: str) -> None:
    """Install a Debian package.

    :raises FileNotFoundError: this machine does not run Debian, or this user is not root
    """
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise FileNotFoundError(f"{package} is not installed; this script can only install it as root on Debian")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "--yes", "--no-install-recommends", package)):
        subprocess.run(["apt-get", "--quiet", *command], env=environment, check=True, stdout=sys.stderr)


def wait_until_ready(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    """Wait until a server accepts connections.

    :param is_ready: says whether it does
    :param log: the log of the server, for the error
    :raises RuntimeError: the server ended, or was not ready in time
    """
    end = time.monotonic() + TIMEOUT_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the server did not start; its log says:\n{log.read_text()}")
        time.sleep(0.1)


def free_port() -> int:
    """Return a free port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
