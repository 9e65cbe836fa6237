"""Installs our package without our pins, as a user does, and prints how long pip takes: `make install-check`.

It installs each extra into a new environment with the newest pip, and all extras into an environment that already has
Airflow. It only resolves the other combinations: with the pip that this Python includes (23.0.1 on Debian 12), and in
environments with the newest and with the oldest Airflow.
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
EXTRAS = ("parquet", "s3", "oss", "credentials", "archive")
ALL = ",".join(EXTRAS)
OLDEST = ("apache-airflow==3.2.2", "--constraint", "constraints-oldest.txt")

#: How long one install may take to pass, and after which time it is stopped (s).
LIMIT_SECONDS, TIMEOUT_SECONDS = 120, 600


class Case(NamedTuple):
    """One install command of a user.

    :param pip: ``newest``, or ``bundled`` with Python
    :param environment: ``clean``, or the environment to install into
    :param is_real: whether to install rather than only resolve
    """

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
    say("Creating environments with the newest pip, the newest Airflow and the oldest Airflow.")
    for name in ("bundled", "newest", "airflow", "airflow-oldest"):
        make_environment(name)
    run_pip("bundled", "newest", "--upgrade", "pip")
    run_pip("newest", "airflow", "apache-airflow")
    run_pip("newest", "airflow-oldest", *OLDEST)
    say(f"{'pip':9} {'environment':15} {'extras':23} {'':9} seconds, CPU seconds")
    slow = [case for case in CASES if measure(case) > LIMIT_SECONDS]
    if slow:
        sys.exit(f"{len(slow)} of {len(CASES)} installs took more than {LIMIT_SECONDS} s.")
    shutil.rmtree(FOLDER)
    say(f"All {len(CASES)} installs ended within {LIMIT_SECONDS} s.")


def measure(case: Case) -> float:
    """Run one case, print its line and return its seconds; check the environment after a real install."""
    environment = case.environment
    if environment == "clean":
        environment = make_environment("clean")
    start, cpu_start = time.monotonic(), cpu_seconds()
    run_pip(case.pip, environment, f".[{case.extras}]", *([] if case.is_real else ["--dry-run"]))
    seconds, cpu = time.monotonic() - start, cpu_seconds() - cpu_start
    done = "installs" if case.is_real else "resolves"
    say(f"{pip_version(case.pip):9} {case.environment:15} {case.extras:23} {done:9} {seconds:7.0f} {cpu:7.0f}")
    if case.is_real:
        check_environment(environment)
    return seconds


def cpu_seconds() -> float:
    """Return the CPU time of all commands so far, which shows on a busy machine whether pip was slow or only waited."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def make_environment(name: str) -> str:
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    run(sys.executable, "-m", "venv", str(FOLDER / name))
    return name


def run_pip(tool: str, environment: str, *arguments: str) -> None:
    """Install into an environment with the pip of another one."""
    run(python(tool), "-m", "pip", "--python", python(environment), "install", *arguments)


def check_environment(environment: str) -> None:
    """Exit unless all installed packages are compatible and Airflow lists our provider."""
    run(python(environment), "-m", "pip", "check")
    listed = run(python(environment), "-m", "airflow", "providers", "list", "--output", "plain")
    if "airflow-provider-dysms" not in listed:
        sys.exit(f"airflow providers list does not show airflow-provider-dysms:\n{listed}")


def pip_version(tool: str) -> str:
    return run(python(tool), "-m", "pip", "--version").split()[1]


def python(environment: str) -> str:
    return str(FOLDER / environment / "bin" / "python")


def run(*command: str) -> str:
    """Run a command without our pins and settings, and return its output; exit if it fails or times out."""
    home = (FOLDER / "home").resolve()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PIP_"))}
    environment |= {"HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if "PIP_CACHE_DIR" in os.environ:
        environment["PIP_CACHE_DIR"] = os.environ["PIP_CACHE_DIR"]
    with LOG.open("w") as log:
        try:
            status = subprocess.run(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=TIMEOUT_SECONDS
            ).returncode
        except subprocess.TimeoutExpired:
            status = f"none after {TIMEOUT_SECONDS} s"
    output = LOG.read_text()
    if status:
        print("\n".join(output.splitlines()[-20:]))
        sys.exit(f"{' '.join(command)}: exit status {status}; {LOG} has its complete output.")
    return output


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
