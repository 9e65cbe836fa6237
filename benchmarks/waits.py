"""Thousands of waits in the trigger runner of the installed Airflow: ours, HttpSensorTrigger's, and as many sleepers.

Each run has a fresh triggerer; its runner has a core of its own where there are two, and everything else shares the
others. Linux only. `make bench-waits`; a look that takes seconds: `--waits 50 --seconds 3 --start 2`.
"""

from __future__ import annotations

import argparse
import base64
import inspect
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures import percentile, table
from loads import LATENCY_MS, QUOTA, Http, Ours, Refused, Restarted, Sleeping
from running import Run, measure

from airflow_provider_dysms.api.http.pooled_transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNS = {"sleeping": Sleeping, "http": Http, "ours": Ours, "restarted": Restarted, "refused": Refused}
#: These tell nothing that depends on how many waits there are, so that the largest number will do.
ONCE = {"restarted", "refused"}
POOL = inspect.signature(HttpTransport).parameters["connections"].default


def main() -> None:
    asked = _arguments()
    cores = sorted(os.sched_getaffinity(0))
    core = str(cores[0]) if len(cores) > 1 else ""
    if core:
        os.sched_setaffinity(0, cores[1:])
    most = max(asked.waits)
    print(f"the runner has core {core} for itself, all else runs on {cores[1:]}" if core else "all share one core")
    print(f"[triggerer] capacity = {most}; all waits are handed over at once")
    print(f"QueryMessage: {QUOTA} a second, all ours, answers after {LATENCY_MS} ms; a wait polls as often as it may")
    with tempfile.TemporaryDirectory() as home, Path(asked.log or Path(home, "log")).open("wb") as log:
        os.environ |= _environment(home, most)
        for waits in asked.waits:
            names = [name for name in asked.runs if waits == most or name not in ONCE]
            runs = {
                name: measure(RUNS[name](), waits, start=asked.start, seconds=asked.seconds, core=core, log=log)
                for name in names
            }
            heading = f"{waits} waits, {asked.start:g} s of start and {asked.seconds:g} s steady"
            print(f"\n{heading}\n{table(_rows(list(runs.values())))}", flush=True)
    print(f"\n{table([('figure', 'measured', 'target', ''), *_targets(runs)])}")


def _rows(runs: Sequence[Run]) -> list[list[str]]:
    """Return what was measured, one column a run."""
    rows: list[tuple[str, Callable[[Run], str]]] = [
        ("", lambda run: run.load.name),
        ("requests", lambda run: f"{len(run.report['written']):,}"),
        ("in the worst second at start, as written", lambda run: f"{run.worst_second(steady=False)}"),
        ("in the worst second steady, as written", lambda run: f"{run.worst_second(steady=True)}"),
        ("in the worst second, as they arrived", lambda run: f"{run.counts['worst_second']}"),
        ("beyond the quota", lambda run: f"{run.throttled:.2%}"),
        ("TCP connects", lambda run: f"{run.counts['connections']:,}"),
        ("connection look-ups", lambda run: f"{len(run.report['lookups']):,}"),
        ("loop lag at start, ms: p50 / p99 / max", lambda run: str(run.lag(steady=False, own=False))),
        ("  without waiting for the core", lambda run: str(run.lag(steady=False, own=True))),
        ("loop lag steady, ms: p50 / p99 / max", lambda run: str(run.lag(steady=True, own=False))),
        ("  without waiting for the core", lambda run: str(run.lag(steady=True, own=True))),
        ("CPU, of a core", lambda run: f"{run.cpu:.3f}"),
        ("messages that ended while steady", lambda run: f"{len(run.latencies)}"),
        ("end to event at the supervisor, s: p50 / p99", _told),
        ("  beyond the gap of that moment, p99", lambda run: f"{run.beyond_the_gap:.2f}"),
        ("waits that failed", lambda run: f"{run.failed}"),
    ]
    return [[name, *map(shown, runs)] for name, shown in rows]


def _told(run: Run) -> str:
    waited = [latency for latency, _ in run.latencies]
    return f"{percentile(waited, 0.5):.2f} / {percentile(waited, 0.99):.2f}"


def _targets(runs: dict[str, Run]) -> list[tuple[str, str, str, str]]:
    """Return what was reached and what should be, of the largest number of waits."""
    lines: list[tuple[str, str, str, str]] = []

    def line(name: str, measured: float, target: float, form: str = ".0f", *, below: bool = False) -> None:
        reached = measured < target if below else measured <= target
        sign = "< " if below else "<= "
        lines.append((name, format(measured, form), sign + format(target, form), "reached" if reached else "MISSED"))

    for name in ("ours", "restarted"):
        if run := runs.get(name):
            what = run.load.name
            line(f"{what}: worst second at start", run.worst_second(steady=False), QUOTA)
            line(f"{what}: worst second steady", run.worst_second(steady=True), QUOTA)
            line(f"{what}: throttled", run.throttled, 0.001, ".2%", below=True)
    if ours := runs.get("ours"):
        line("TCP connects (pool size)", ours.counts["connections"], POOL)
        line("look-ups of the connection", len(ours.report["lookups"]), 1)
        line("loop lag p99, ms", ours.lag(steady=True, own=True).p99, 10, ".1f", below=True)
        line("loop lag, steady max, ms", ours.lag(steady=True, own=True).most, 50, below=True)
        if sleeping := runs.get("sleeping"):
            base = sleeping.lag(steady=False, own=True).most
            line("loop lag at start, ms (sleeping + 50)", ours.lag(steady=False, own=True).most, base + 50)
        line("CPU, of a core", ours.cpu, 0.2, ".3f")
        line("end to event beyond the gap, p99, s", ours.beyond_the_gap, 1.1, ".2f")
    if refused := runs.get("refused"):
        asked, let_through = refused.counts["requests"], refused.counts["requests"] - refused.counts["throttled"]
        line("refused every other second: waits that failed", refused.failed, 0)
        line("  requests for each that was let through", asked / max(let_through, 1), 1.1, ".3f")
        seconds = refused.report["written"][-1] - refused.report["written"][0]
        line("  requests for each that the quota allowed", asked / (QUOTA * seconds / 2), 1.1, ".3f")
    return lines


def _environment(home: str, capacity: int) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__TRIGGERER__CAPACITY": str(capacity),
    }


def _arguments() -> argparse.Namespace:
    def many(kind: Any) -> Callable[[str], list[Any]]:
        return lambda text: [kind(each) for each in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waits", type=many(int), default=[1000, 3000], help="how many, default 1000,3000")
    parser.add_argument("--seconds", type=float, default=60, help="steady seconds")
    parser.add_argument("--start", type=float, default=15, help="seconds from the first trigger that are not steady")
    parser.add_argument("--runs", type=many(str), default=list(RUNS), help=",".join(RUNS))
    parser.add_argument("--log", help="where the triggerers' log is kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
