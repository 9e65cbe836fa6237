"""Measures the refresh of a day: a large export of which few lines are still open, exported again by another task.

The second export must query the numbers with an open line alone. Each export runs in its own process on its own CPU
core; the service has another core. `make bench-refresh` runs it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from figures import table
from loads import ScriptProcess
from prerendered_service import messages
from whole_day import run_exporter, write_send_log, write_service_day

from airflow_provider_dysms.model import dates

#: Every n-th number waits. It shares no factor with 5, so that as many lines as numbers are open.
WAITING_EVERY = 49

MAX_CPU_SECONDS = 60.0
MAX_MEMORY = 250.0
#: Numbers of the small export with which a process warms up, each with one request.
WARM_UP_NUMBERS = 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--numbers", type=int, default=833_334, help="phone numbers; 1.2 lines each, default 833334")
    numbers = parser.parse_args().numbers
    cores = sorted(os.sched_getaffinity(0))
    client_core, service_core = (str(cores[0]), str(cores[1])) if len(cores) > 1 else ("", "")
    day = (dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)).isoformat()
    waiting = range(0, numbers, WAITING_EVERY)
    lines, open_lines = (sum(map(messages, which)) for which in (range(numbers), waiting))
    with tempfile.TemporaryDirectory() as place:
        folder, log = Path(place), Path(place, "log.csv")
        write_service_day(folder, day)
        write_send_log(log, numbers, day)
        with ScriptProcess("prerendered_service.py", place, "0", service_core) as service:
            url = f"http://127.0.0.1:{service.receive()}"
            before = service.request({"waiting_every": WAITING_EVERY})["requests"]
            first = run_exporter("ours", url, log, folder, day, client_core)
            between = service.request({"waiting_every": 0})["requests"]
            second = run_exporter("ours", url, log, folder, day, client_core)
            after = service.request({})["requests"]
    expected = [(first["rows"], lines - open_lines), (second["rows"], lines)]
    if wrong := [pair for pair in expected if pair[0] != pair[1]]:
        raise SystemExit(f"Delivered rows, and what they should be: {wrong}")
    print(f"{lines:,} lines, {open_lines:,} of them open ({open_lines / lines:.1%})")
    rows = [("", "requests", "seconds", "CPU seconds", "peak memory above idle, MB")]
    for name, cost, requests in (("first export", first, between - before), ("refresh", second, after - between)):
        costs = (f"{cost['seconds']:.1f}", f"{cost['cpu']:.1f}", f"{cost['memory']:.0f}")
        rows.append((name, f"{requests:,}", *costs))
    print(table(rows))
    needed = len(waiting) + WARM_UP_NUMBERS
    print(f"requests of the refresh: at most {needed:,} are needed, the warm-up included")
    is_reached = second["cpu"] < MAX_CPU_SECONDS and second["memory"] < MAX_MEMORY and after - between <= needed
    print(f"goal: {MAX_CPU_SECONDS:g} s of CPU, {MAX_MEMORY:g} MB: {'reached' if is_reached else 'MISSED'}")
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
