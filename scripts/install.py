"""Runs pip install and prints its progress every ten seconds: `python scripts/install.py WHAT ARGUMENTS...`.

WHAT is a description for the first line; the ARGUMENTS are those of `pip install`. The output of pip has hundreds of
lines and goes to `.tmp/pip.log`.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from importlib.metadata import distributions
from pathlib import Path

LOG = Path(".tmp/pip.log")

#: Time between two progress lines (s).
INTERVAL_SECONDS = 10


def main(what: str, *arguments: str) -> None:
    start = time.monotonic()
    say(f"Installing {what}.")
    ended = threading.Event()
    heartbeat = threading.Thread(target=report, args=(start, ended))
    heartbeat.start()
    try:
        with LOG.open("w") as log:
            command = [sys.executable, "-m", "pip", "install", "--progress-bar=off", *arguments]
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    finally:
        ended.set()
        heartbeat.join()
    if status:
        print("\n".join(LOG.read_text().splitlines()[-20:]))
        sys.exit(f"pip failed; {LOG} has its complete output.")
    say(f"  done after {time.monotonic() - start:.0f} s: {size_of_environment()}")


def report(start: float, ended: threading.Event) -> None:
    """Print the progress of pip every few seconds until it has ended."""
    while not ended.wait(INTERVAL_SECONDS):
        lines = LOG.read_text().splitlines() if LOG.exists() else []
        say(f"  {time.monotonic() - start:3.0f} s: {progress(lines)}")


def progress(lines: list[str]) -> str:
    """Return a short description of the progress that pip's log shows."""
    collected = sum(line.startswith("Collecting ") for line in lines)
    last = lines[-1].strip() if lines else "pip is starting"
    if last.startswith("Installing collected packages:"):
        return f"{last.count(',') + 1} distributions are being installed"
    return f"{collected} distributions found, now: {last[:80]}"


def size_of_environment() -> str:
    """Return how many distributions this Python's environment has, and how large it is on disk."""
    root = Path(sys.prefix)
    size = sum(path.lstat().st_blocks * 512 for path in root.rglob("*"))
    return f"{root.name} has {len(list(distributions()))} distributions, {size / 2**20:.0f} MB"


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
