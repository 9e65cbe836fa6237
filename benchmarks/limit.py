"""Checks that only the request budget limits the client: one process, pages of one row, responses after 0 and 40 ms.

The first run has no limit, and shows the capacity of the engine. The second run has a quota of nine tenths of that, but
at most the service's 5,000 per second. It measures which share of the quota is used and which share of the requests is
throttled; the service counts and throttles by the same quota. The client and the service have a CPU core each.
`make bench` runs it.
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
from loads import ScriptProcess

from airflow_provider_dysms.api.rate_limiter import QUOTAS
from airflow_provider_dysms.model.dates import beijing_day

ACTION = "QuerySendDetails"
WORKERS = 256
LATENCIES_MS = (0, 40)
#: A quota that is never reached, in requests per second.
UNLIMITED = 10**6
#: The quota as a share of the engine's capacity.
CAPACITY_SHARE = 0.9
#: The smallest share of the quota that must be used, and the largest share of requests that may be throttled.
MIN_USED, MAX_THROTTLED = 0.95, 0.001


@dataclass(frozen=True)
class Run:
    """The measurements under one quota.

    :param written: when each request was written to a socket
    :param failed: number of calls that ended with an error
    :param counts: the counts of the service: ``requests``, ``throttled``, ``worst_second``
    """

    latency_ms: int
    quota: int
    written: list[float]
    failed: int
    counts: dict[str, int]

    @property
    def rate(self) -> float:
        """Requests per second between the first and the last request."""
        return len(self.written) / (max(self.written) - min(self.written))

    @property
    def used(self) -> float:
        """The share of the quota that was used."""
        return self.rate / self.quota

    @property
    def throttled(self) -> float:
        """The share of the requests that was throttled."""
        return self.counts["throttled"] / self.counts["requests"]


def main() -> None:
    options = _arguments()
    runs: list[tuple[Run, Run]] = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.json").write_text(json.dumps({"body": page(1), "number": NUMBER}))
        for latency_ms in LATENCIES_MS:
            unlimited = _measure(folder, latency_ms, UNLIMITED, min(options.seconds, options.free))
            quota = min(int(QUOTAS[ACTION]), int(CAPACITY_SHARE * unlimited.rate))
            runs.append((unlimited, _measure(folder, latency_ms, quota, options.seconds)))
    print(f"one process, {WORKERS} workers, pages of one row, {options.seconds:g} s\n{table(_rows(runs))}")
    print(f"\n{table([('figure', 'measured', 'target', ''), *(line for _, run in runs for line in _targets(run))])}")


def _measure(folder: str, latency_ms: int, quota: int, seconds: float) -> Run:
    cores = sorted(os.sched_getaffinity(0))
    client_core, service_core = (cores[0], str(cores[1])) if len(cores) > 1 else (None, "")
    with (
        ScriptProcess("prerendered_service.py", folder, str(latency_ms), service_core) as service,
        ScriptProcess("query_worker.py") as client,
    ):
        port = service.receive()
        service.request({"quota": quota})
        client.receive()
        order: dict[str, Any] = {
            "port": port,
            "key": (KEY, SECRET),
            "credentials_uri": None,
            "action": ACTION,
            "targets": [NUMBER],
            "day": beijing_day(datetime.now(UTC)).isoformat(),
            "workers": WORKERS,
            "quota": quota,
            "requests_per_second": None,
            "until": time.monotonic() + seconds,
            "core": client_core,
        }
        result = client.request(order)
        return Run(latency_ms, quota, result["written"], sum(result["failed"].values()), service.request("counts"))


def _rows(runs: list[tuple[Run, Run]]) -> list[list[str]]:
    rows = [
        [
            "responses after",
            "without a limit",
            "quota",
            "requests",
            "used",
            "worst second",
            "at the service",
            "throttled",
        ]
    ]
    for unlimited, run in runs:
        rows.append(
            [
                f"{run.latency_ms} ms",
                f"{unlimited.rate:,.0f}",
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
    name = f"responses after {run.latency_ms} ms"
    lines = [
        ("share of the quota used", f"{run.used:.1%}", f">= {MIN_USED:.0%}", run.used >= MIN_USED),
        ("throttled", f"{run.throttled:.3%}", f"< {MAX_THROTTLED:.1%}", run.throttled < MAX_THROTTLED),
        ("calls that failed", f"{run.failed:,}", "0", run.failed == 0),
    ]
    return [
        (f"{name}: {figure}", measured, target, "reached" if is_reached else "MISSED")
        for figure, measured, target, is_reached in lines
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="duration of the run with a quota, default 60")
    parser.add_argument("--free", type=float, default=10, help="duration of the run without a limit, default 10")
    return parser.parse_args()


if __name__ == "__main__":
    main()
