"""Runs catch-up, waits and sends in a real Airflow while processes are killed and paused and the service misbehaves:
`make chaos`. The last line has the figures; exit code 1 says that something was not as it must be.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from support import TESTS
from support.chaos.scenario import Scenario

FOLDER = TESTS.parent / ".artifacts" / "chaos"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the disturbances and of the generated days")
    parser.add_argument("--minutes", type=float, default=30, help="for how long Airflow is disturbed")
    parser.add_argument("--days", type=int, default=30, help="days that are audited, at most 30")
    parser.add_argument("--messages", type=int, default=600, help="messages of each day")
    parser.add_argument("--waits", type=int, default=200, help="waits; as many of them as there are sends follow one")
    parser.add_argument("--sends", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="is emptied; keeps logs and output")
    arguments = vars(parser.parse_args())
    folder: Path = arguments.pop("folder").resolve()
    scenario = Scenario(**arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped, as after Ctrl-C
    # Airflow reads it when it is imported, and makes files there.
    os.environ["AIRFLOW_HOME"] = str(folder / "runner")
    from support.chaos.run import run

    report = run(scenario, folder, say)
    for line in report.lines():
        print(line, flush=True)
    return 1 if report.problems else 0


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Everything has stopped.")
