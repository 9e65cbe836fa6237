"""Whether the budget is all that holds the client back: one process, pages of one row, answers at once and after 40 ms.

First it asks without a limit, for what the engine can do in this run. Then the quota is nine tenths of that, or the
service's own 5,000 a second where that is less, and what counts is how much of it is used, and how much of what was
asked is throttled: the service counts and refuses by the same quota. The client and the service have a core each.
`make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contestants import KEY, NUMBER, SECRET
from engine import page
from figures import table, worst_second
from loads import Script

from airflow_provider_dysms.api.rate_limiter import QUOTAS
from airflow_provider_dysms.model.dates import beijing_day

ACTION = "QuerySendDetails"
WORKERS = 256
LATENCIES_MS = (0, 40)
#: Requests a second that are no limit.
UNLIMITED = 10**6
#: Of what the engine does without a limit, so much is asked for at most.
SHARE = 0.9
#: The share of the quota that must be used, and of the requests that may be throttled.
USED, THROTTLED = 0.95, 0.001


@dataclass(frozen=True)
class Run:
    """What was seen under one quota.

    :param written: when each request was given to a socket
    :param counts: the service's own: ``requests``, ``throttled``, ``worst_second``
    """

    latency_ms: int
    quota: int
    written: list[float]
    failed: int
    counts: dict[str, int]

    @property
    def rate(self) -> float:
        """Requests a second, from the first to the last."""
        return len(self.written) / (max(self.written) - min(self.written))

    @property
    def used(self) -> float:
        """The share of the quota."""
        return self.rate / self.quota

    @property
    def throttled(self) -> float:
        """The share of the requests."""
        return self.counts["throttled"] / self.counts["requests"]


def main() -> None:
    asked = _arguments()
    runs: list[tuple[Run, Run]] = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.json").write_text(json.dumps({"body": page(1), "number": NUMBER}))
        for latency_ms in LATENCIES_MS:
            free = _measure(folder, latency_ms, UNLIMITED, min(asked.seconds, asked.free))
            quota = min(int(QUOTAS[ACTION]), int(SHARE * free.rate))
            runs.append((free, _measure(folder, latency_ms, quota, asked.seconds)))
    print(f"one process, {WORKERS} workers, pages of one row, {asked.seconds:g} s\n{table(_rows(runs))}")
    print(f"\n{table([('figure', 'measured', 'target', ''), *(line for _, run in runs for line in _targets(run))])}")


def _measure(folder: str, latency_ms: int, quota: int, seconds: float) -> Run:
    cores = sorted(os.sched_getaffinity(0))
    client_core, service_core = (cores[0], str(cores[1])) if len(cores) > 1 else (None, "")
    with Script("prerendered.py", folder, str(latency_ms), service_core) as service, Script("asking.py") as client:
        port = service.hear()
        service.ask({"quota": quota})
        client.hear()
        order: dict[str, Any] = {
            "port": port,
            "key": (KEY, SECRET),
            "credentials_uri": None,
            "action": ACTION,
            "asked": [NUMBER],
            "day": beijing_day(datetime.now(UTC)).isoformat(),
            "workers": WORKERS,
            "quota": quota,
            "requests_per_second": None,
            "until": time.monotonic() + seconds,
            "core": client_core,
        }
        outcome = client.ask(order)
        return Run(latency_ms, quota, outcome["written"], sum(outcome["failed"].values()), service.ask("counts"))


def _rows(runs: list[tuple[Run, Run]]) -> list[list[str]]:
    rows = [["answers after", "without a limit", "quota", "requests", "used", "worst second", "there", "throttled"]]
    for free, run in runs:
        rows.append(
            [
                f"{run.latency_ms} ms",
                f"{free.rate:,.0f}",
                f"{run.quota:,}",
                f"{len(run.written):,}",
                f"{run.used:.1%}",
                f"{worst_second(run.written):,}",
                f"{run.counts['worst_second']:,}",
                f"{run.counts['throttled']:,}",
            ]
        )
    return rows


def _targets(run: Run) -> list[tuple[str, str, str, str]]:
    name = f"answers after {run.latency_ms} ms"
    lines = [
        ("share of the quota used", f"{run.used:.1%}", f">= {USED:.0%}", run.used >= USED),
        ("throttled", f"{run.throttled:.3%}", f"< {THROTTLED:.1%}", run.throttled < THROTTLED),
        ("calls that failed", f"{run.failed:,}", "0", run.failed == 0),
    ]
    return [
        (f"{name}: {figure}", measured, target, "reached" if is_reached else "MISSED")
        for figure, measured, target, is_reached in lines
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="under the quota, default 60")
    parser.add_argument("--free", type=float, default=10, help="seconds without a limit, default 10")
    return parser.parse_args()


if __name__ == "__main__":
    main()
