"""Measures thousands of waits in Airflow's trigger runner: our trigger, HttpSensorTrigger, and sleeping triggers.

Each run has a new triggerer. If the machine has two CPU cores or more, the trigger runner has one core to itself, and
everything else shares the others. It only runs on Linux. `make bench-waits` runs it; `--waits 50 --seconds 3 --start 2`
takes seconds.
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
from loads import LATENCY_MS, QUOTA, HttpSensorLoad, OurLoad, OverdueLoad, SleepingLoad, ThrottledLoad
from triggerer_run import Run, measure

from airflow_provider_dysms.api.http.pooled_transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNS = {
    "sleeping": SleepingLoad,
    "http": HttpSensorLoad,
    "ours": OurLoad,
    "restarted": OverdueLoad,
    "refused": ThrottledLoad,
}
#: The results of these loads do not depend on the number of waits, so they only run with the largest number.
ONCE = {"restarted", "refused"}
POOL = inspect.signature(HttpTransport).parameters["connections"].default


def main() -> None:
    options = _arguments()
    cores = sorted(os.sched_getaffinity(0))
    core = str(cores[0]) if len(cores) > 1 else ""
    if core:
        os.sched_setaffinity(0, cores[1:])
    max_waits = max(options.waits)
    print(
        f"the runner has core {core} to itself, everything else runs on {cores[1:]}"
        if core
        else "one core for everything"
    )
    print(f"[triggerer] capacity = {max_waits}; all waits start at once")
    print(f"QueryMessage: {QUOTA} requests per second, responses after {LATENCY_MS} ms; the quota limits the polls")
    with tempfile.TemporaryDirectory() as home, Path(options.log or Path(home, "log")).open("wb") as log:
        os.environ |= _environment(home, max_waits)
        for waits in options.waits:
            names = [name for name in options.runs if waits == max_waits or name not in ONCE]
            runs = {
                name: measure(RUNS[name](), waits, start=options.start, seconds=options.seconds, core=core, log=log)
                for name in names
            }
            heading = f"{waits} waits, {options.start:g} s of start and {options.seconds:g} s steady"
            print(f"\n{heading}\n{table(_rows(list(runs.values())))}", flush=True)
    print(f"\n{table([('figure', 'measured', 'target', ''), *_targets(runs)])}")


def _rows(runs: Sequence[Run]) -> list[list[str]]:
    """Return the measurements, one column per run."""
    rows: list[tuple[str, Callable[[Run], str]]] = [
        ("", lambda run: run.load.name),
        ("requests", lambda run: f"{len(run.report['written']):,}"),
        ("in the worst second at start, as written", lambda run: f"{run.worst_second(steady=False)}"),
        ("in the worst second steady, as written", lambda run: f"{run.worst_second(steady=True)}"),
        ("in the worst second, as they arrived", lambda run: f"{run.counts['worst_second']}"),
        ("above the quota", lambda run: f"{run.throttled:.2%}"),
        ("TCP connects", lambda run: f"{run.counts['connections']:,}"),
        ("connection look-ups", lambda run: f"{len(run.report['lookups']):,}"),
        ("loop lag at start, ms: p50 / p99 / max", lambda run: str(run.lag(steady=False, own=False))),
        ("  without waiting for the core", lambda run: str(run.lag(steady=False, own=True))),
        ("loop lag steady, ms: p50 / p99 / max", lambda run: str(run.lag(steady=True, own=False))),
        ("  without waiting for the core", lambda run: str(run.lag(steady=True, own=True))),
        ("CPU, of a core", lambda run: f"{run.cpu:.3f}"),
        ("messages with outcome while steady", lambda run: f"{len(run.latencies)}"),
        ("outcome to event at the supervisor, s: p50 / p99", _latency_text),
        ("  beyond one poll interval, p99", lambda run: f"{run.beyond_poll_interval:.2f}"),
        ("waits that failed", lambda run: f"{run.failed}"),
    ]
    return [[name, *map(text, runs)] for name, text in rows]


def _latency_text(run: Run) -> str:
    latencies = [latency for latency, _ in run.latencies]
    return f"{percentile(latencies, 0.5):.2f} / {percentile(latencies, 0.99):.2f}"


def _targets(runs: dict[str, Run]) -> list[tuple[str, str, str, str]]:
    """Return the measured figures with their targets, for the largest number of waits."""
    lines: list[tuple[str, str, str, str]] = []

    def line(name: str, measured: float, target: float, form: str = ".0f", *, below: bool = False) -> None:
        reached = measured < target if below else measured <= target
        sign = "< " if below else "<= "
        lines.append((name, format(measured, form), sign + format(target, form), "reached" if reached else "MISSED"))

    for short_name in ("ours", "restarted"):
        if run := runs.get(short_name):
            name = run.load.name
            line(f"{name}: worst second at start", run.worst_second(steady=False), QUOTA)
            line(f"{name}: worst second steady", run.worst_second(steady=True), QUOTA)
            line(f"{name}: throttled", run.throttled, 0.001, ".2%", below=True)
    if ours := runs.get("ours"):
        line("TCP connects (pool size)", ours.counts["connections"], POOL)
        line("look-ups of the connection", len(ours.report["lookups"]), 1)
        line("loop lag p99, ms", ours.lag(steady=True, own=True).p99, 10, ".1f", below=True)
        line("loop lag, steady max, ms", ours.lag(steady=True, own=True).maximum, 50, below=True)
        if sleeping := runs.get("sleeping"):
            base = sleeping.lag(steady=False, own=True).maximum
            line("loop lag at start, ms (sleeping + 50)", ours.lag(steady=False, own=True).maximum, base + 50)
        line("CPU, of a core", ours.cpu, 0.2, ".3f")
        line("outcome to event beyond one poll interval, p99, s", ours.beyond_poll_interval, 1.1, ".2f")
    if refused := runs.get("refused"):
        requests, let_through = refused.counts["requests"], refused.counts["requests"] - refused.counts["throttled"]
        line("throttled every other second: waits that failed", refused.failed, 0)
        line("  requests per request let through", requests / max(let_through, 1), 1.1, ".3f")
        seconds = refused.report["written"][-1] - refused.report["written"][0]
        line("  requests per request that the quota allowed", requests / (QUOTA * seconds / 2), 1.1, ".3f")
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
    def list_of(kind: Any) -> Callable[[str], list[Any]]:
        return lambda text: [kind(each) for each in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waits", type=list_of(int), default=[1000, 3000], help="numbers of waits, default 1000,3000")
    parser.add_argument("--seconds", type=float, default=60, help="duration of the steady phase, default 60")
    parser.add_argument("--start", type=float, default=15, help="duration of the start phase, default 15")
    parser.add_argument("--runs", type=list_of(str), default=list(RUNS), help=",".join(RUNS))
    parser.add_argument("--log", help="file for the log of the triggerers")
    return parser.parse_args()


if __name__ == "__main__":
    main()
