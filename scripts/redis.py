"""Runs a temporary, empty Redis server on loopback, for `make scale`.

It prints the URL of the server as its first line. It ends on Ctrl-C and when its standard input closes, so that it does
not outlive a parent process that is killed.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from temporary_server import TIMEOUT_SECONDS, free_port, install_package, serve, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "redis-server"


def main() -> None:
    serve(running)


@contextmanager
def running() -> Iterator[str]:
    """Run Redis; give its URL.

    :raises RuntimeError: the server did not start; the error has its log
    """
    program = find_program()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        port, log = free_port(), Path(folder) / "log"
        settings = {"bind": "127.0.0.1", "port": str(port), "dir": folder, "save": ""}
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [NAME, *options],  # the program's name decides which tool it is
                executable=program,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C only reaches this script; Airflow's processes end first
            )
        try:
            wait_until_ready(process, lambda: is_answering(port), log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(TIMEOUT_SECONDS)


def find_program() -> str:
    """Return the path of Redis; install Debian's package if it is missing.

    :raises FileNotFoundError: it is missing, and this machine does not run Debian or this user is not root
    """
    # Debian has the same program in redis-tools under another name. Its package redis-server would start a server.
    program = shutil.which(NAME) or shutil.which("redis-check-rdb")
    if program:
        return program
    install_package("redis-tools")
    return find_program()


def is_answering(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


if __name__ == "__main__":
    main()
