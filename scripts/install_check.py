"""Installs our package as a user does, without our pins, and prints how long pip takes: `make install-check`.

Each extra is installed with the newest pip into an environment of its own, and all of them into one that has Airflow
already. The rest of the matrix is resolved only: the pip that this Python brings (23.0.1 on Debian 12), environments
that have the newest and the oldest Airflow.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(".tmp/install-check")
LOG = Path(".tmp/install-check.log")
EXTRAS = ("parquet", "s3", "credentials")
ALL = ",".join(EXTRAS)
OLDEST = ("apache-airflow==3.2.2", "--constraint", "constraints-oldest.txt")

#: Seconds that one install may take, and those after which it is stopped.
LIMIT, PATIENCE = 120, 600


class Case(NamedTuple):
    """One install that a user may type."""

    pip: str
    environment: str
    extras: str
    is_real: bool


CASES = [
    *(Case("newest", "clean", extras, True) for extras in (*EXTRAS, ALL)),
    *(Case("newest", "airflow", extras, False) for extras in EXTRAS),
    *(Case("bundled", environment, extras, False) for environment in ("clean", "airflow") for extras in (*EXTRAS, ALL)),
    *(Case(pip, "airflow-oldest", ALL, False) for pip in ("newest", "bundled")),
    Case("newest", "airflow", ALL, True),  # last, because it changes the environment
]


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    say("Environments are made: pip's newest release, the newest Airflow, the oldest.")
    for name in ("bundled", "newest", "airflow", "airflow-oldest"):
        make_environment(name)
    run_pip("bundled", "newest", "--upgrade", "pip")
    run_pip("newest", "airflow", "apache-airflow")
    run_pip("newest", "airflow-oldest", *OLDEST)
    say(f"{'pip':9} {'environment':15} {'extras':23} {'':9} seconds, of CPU")
    slow = [case for case in CASES if measure(case) > LIMIT]
    if slow:
        sys.exit(f"{len(slow)} of {len(CASES)} took more than {LIMIT} s.")
    shutil.rmtree(FOLDER)
    say(f"All {len(CASES)} ended within {LIMIT} s.")


def measure(case: Case) -> float:
    """Run one case, print its line and return its seconds; an install is looked at afterwards."""
    environment = case.environment
    if environment == "clean":
        environment = make_environment("clean")
    start, start_of_cpu = time.monotonic(), cpu_seconds()
    run_pip(case.pip, environment, f".[{case.extras}]", *([] if case.is_real else ["--dry-run"]))
    seconds, of_cpu = time.monotonic() - start, cpu_seconds() - start_of_cpu
    done = "installs" if case.is_real else "resolves"
    say(f"{pip_version(case.pip):9} {case.environment:15} {case.extras:23} {done:9} {seconds:7.0f} {of_cpu:7.0f}")
    if case.is_real:
        look_at(environment)
    return seconds


def cpu_seconds() -> float:
    """Return the CPU time of all commands so far; on a busy machine it tells a slow pip from one that waited."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def make_environment(name: str) -> str:
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    run(sys.executable, "-m", "venv", str(FOLDER / name))
    return name


def run_pip(tool: str, environment: str, *arguments: str) -> None:
    """Let the pip of one environment install into another one."""
    run(python(tool), "-m", "pip", "--python", python(environment), "install", *arguments)


def look_at(environment: str) -> None:
    """Stop unless what is installed fits together and Airflow shows our provider."""
    run(python(environment), "-m", "pip", "check")
    listed = run(python(environment), "-m", "airflow", "providers", "list", "--output", "plain")
    if "airflow-provider-dysms" not in listed:
        sys.exit(f"airflow providers list does not show airflow-provider-dysms:\n{listed}")


def pip_version(tool: str) -> str:
    return run(python(tool), "-m", "pip", "--version").split()[1]


def python(environment: str) -> str:
    return str(FOLDER / environment / "bin" / "python")


def run(*command: str) -> str:
    """Run a command without our pins and settings, and return what it prints; stop when it fails or never ends."""
    home = (FOLDER / "home").resolve()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PIP_"))}
    environment |= {"HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if "PIP_CACHE_DIR" in os.environ:
        environment["PIP_CACHE_DIR"] = os.environ["PIP_CACHE_DIR"]
    with LOG.open("w") as log:
        try:
            status = subprocess.run(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=PATIENCE
            ).returncode
        except subprocess.TimeoutExpired:
            status = f"none after {PATIENCE} s"
    printed = LOG.read_text()
    if status:
        print("\n".join(printed.splitlines()[-20:]))
        sys.exit(f"{' '.join(command)}: exit status {status}; {LOG} has all that it printed.")
    return printed


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
