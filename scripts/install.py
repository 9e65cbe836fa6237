"""Installs with pip and says every ten seconds how far it is: `python scripts/install.py WHAT ARGUMENTS...`.

WHAT is a few words for the first line; the ARGUMENTS are those of `pip install`. What pip itself prints, hundreds of
lines, is kept in `.tmp/pip.log`.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from importlib.metadata import distributions
from pathlib import Path

LOG = Path(".tmp/pip.log")

#: Seconds between two lines.
INTERVAL = 10


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
        sys.exit(f"pip failed; {LOG} has the rest of what it said.")
    say(f"  done after {time.monotonic() - start:.0f} s: {size_of_environment()}")


def report(start: float, ended: threading.Event) -> None:
    """Print what pip does, every few seconds, until it has ended."""
    while not ended.wait(INTERVAL):
        lines = LOG.read_text().splitlines() if LOG.exists() else []
        say(f"  {time.monotonic() - start:3.0f} s: {progress(lines)}")


def progress(lines: list[str]) -> str:
    """Say in a few words what the last lines of pip's log mean."""
    collected = sum(line.startswith("Collecting ") for line in lines)
    last = lines[-1].strip() if lines else "pip starts"
    if last.startswith("Installing collected packages:"):
        return f"{last.count(',') + 1} distributions are unpacked"
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
