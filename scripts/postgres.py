"""Runs a temporary, empty PostgreSQL server on loopback, for `make e2e`.

It prints the URL of the server as its first line. It ends on Ctrl-C and when its standard input closes, so that it does
not outlive a parent process that is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from temporary_server import TIMEOUT_SECONDS, free_port, install_package, serve, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

#: PostgreSQL refuses to run as root; Debian's package creates this user for it.
USER = "postgres"


def main() -> None:
    serve(running)


@contextmanager
def running() -> Iterator[str]:
    """Run PostgreSQL; give its URL in the form of SQLAlchemy.

    :raises RuntimeError: the server did not start; the error has its log
    """
    programs, user = find_programs(), USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))  # a folder that this user can enter
    try:
        if user is not None:
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        initdb = [programs / "initdb", "--pgdata", data, "--username", USER, "--auth", "trust", "--no-sync"]
        subprocess.run([*initdb, "--encoding", "UTF8"], cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, *options],
                cwd=folder,
                user=user,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C only reaches this script; Airflow's processes end first
            )
        try:
            command = [programs / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
            wait_until_ready(process, lambda: subprocess.run(command).returncode == 0, folder / "log")
            yield f"postgresql+psycopg2://{USER}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(TIMEOUT_SECONDS)
    finally:
        shutil.rmtree(folder)


def find_programs() -> Path:
    """Return the folder with the programs of PostgreSQL; install Debian's package if they are missing.

    :raises FileNotFoundError: they are missing, and this machine does not run Debian or this user is not root
    """
    on_path, packaged = shutil.which("initdb"), Path("/usr/lib/postgresql").glob("*/bin")
    folders = [Path(on_path).resolve().parent] if on_path else sorted(packaged, key=version)
    if folders:
        return folders[-1]
    if shutil.which("apt-get") and os.geteuid() == 0:
        # Without this file, the package creates and starts a cluster of its own.
        clusters = Path("/etc/postgresql-common/createcluster.conf")
        clusters.parent.mkdir(exist_ok=True)
        clusters.write_text("create_main_cluster = false\n")
    install_package("postgresql")
    return find_programs()


def version(programs: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in programs.parent.name.split("."))


if __name__ == "__main__":
    main()
