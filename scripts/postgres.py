"""A PostgreSQL of one's own on loopback, empty, gone when it is stopped: for `make e2e`.

The first line that it prints is its URL. It ends on Ctrl-C, and with its standard input, so that it does not outlive
whoever started it and was killed.
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

from serving import PATIENCE, free_port, install, serve, until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

#: PostgreSQL refuses to run as root; Debian's package makes this user for it.
USER = "postgres"


def main() -> None:
    serve(running)


@contextmanager
def running() -> Iterator[str]:
    """Run PostgreSQL; give its URL in SQLAlchemy's form.

    :raises RuntimeError: it did not come up; with what it said
    """
    programs, user = installed(), USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))  # a place where that user gets in
    try:
        if user is not None:
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        made = [programs / "initdb", "--pgdata", data, "--username", USER, "--auth", "trust", "--no-sync"]
        subprocess.run([*made, "--encoding", "UTF8"], cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, *options],
                cwd=folder,
                user=user,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us: Airflow's parts go first
            )
        try:
            asked = [programs / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
            until_ready(process, lambda: subprocess.run(asked).returncode == 0, folder / "log")
            yield f"postgresql+psycopg2://{USER}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


def installed() -> Path:
    """Return the folder of PostgreSQL's programs; install Debian's package when there is none.

    :raises FileNotFoundError: there is none, and this is not Debian, or not root
    """
    found, packaged = shutil.which("initdb"), Path("/usr/lib/postgresql").glob("*/bin")
    folders = [Path(found).resolve().parent] if found else sorted(packaged, key=version)
    if folders:
        return folders[-1]
    if shutil.which("apt-get") and os.geteuid() == 0:  # the package would make a cluster of its own, and start it
        clusters = Path("/etc/postgresql-common/createcluster.conf")
        clusters.parent.mkdir(exist_ok=True)
        clusters.write_text("create_main_cluster = false\n")
    install("postgresql")
    return installed()


def version(programs: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in programs.parent.name.split("."))


if __name__ == "__main__":
    main()
