"""A Redis of one's own on loopback, empty, gone when it is stopped: for `make scale`.

The first line that it prints is its URL. It ends on Ctrl-C, and with its standard input, so that it does not outlive
whoever started it and was killed.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from serving import PATIENCE, free_port, install, serve, until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "redis-server"


def main() -> None:
    serve(running)


@contextmanager
def running() -> Iterator[str]:
    """Run Redis; give its URL.

    :raises RuntimeError: it did not come up; with what it said
    """
    program = installed()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        port, log = free_port(), Path(folder) / "log"
        settings = {"bind": "127.0.0.1", "port": str(port), "dir": folder, "save": ""}
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [NAME, *options],  # the program asks its name what it is to do
                executable=program,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us: Airflow's parts go first
            )
        try:
            until_ready(process, lambda: answers(port), log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def installed() -> str:
    """Return Redis's program; install Debian's package of it when there is none.

    :raises FileNotFoundError: there is none, and this is not Debian, or not root
    """
    # In Debian the program is in redis-tools, under another name; the package redis-server would start a server.
    program = shutil.which(NAME) or shutil.which("redis-check-rdb")
    if program:
        return program
    install("redis-tools")
    return installed()


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


if __name__ == "__main__":
    main()
