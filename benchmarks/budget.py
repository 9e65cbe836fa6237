"""Measures the request budget under load, with 64 workers in one process and in four processes that share the quota.

It judges the times at which the client writes its requests: no second may have more requests than the quota, and most
of the quota must be used. If the service throttles in addition, the client must not send many more requests than the
service lets through.
`make budget` runs it; `--seconds 3 --runs one,four` takes seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from figures import table, worst_second
from loads import ScriptProcess
from rotating_keys import RotatingKeys

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import beijing_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORKERS = 64
LATENCY_MS = 20
#: Number of different messages that are queried.
MESSAGES = 200
#: The smallest share of the quota that must be used.
MIN_USED = 0.92
#: The most requests per request that the service lets through, if the service throttles in addition.
MAX_REQUESTS_PER_SUCCESS = 1.1


@dataclass(frozen=True)
class Load:
    """The queries, and how the service treats them.

    :param quota: quota of the account in requests per second, all of which may be used
    :param actual_quota: the lower quota that the service really enforces, if any
    :param fault: a plan for the emulator's fault ``throttle``
    :param key_seconds: seconds after which every access key expires, if keys rotate
    """

    name: str
    action: str = "QueryMessage"
    quota: int = 300
    processes: int = 1
    actual_quota: int | None = None
    fault: dict[str, Any] = field(default_factory=dict)
    key_seconds: float | None = None

    @property
    def throttles(self) -> bool:
        """Whether the service throttles although the client stays within the quota."""
        return bool(self.fault) or self.actual_quota is not None


def loads(details: int) -> dict[str, Load]:
    """Return every load by its short name.

    :param details: quota of QuerySendDetails in requests per second
    """
    return {
        "one": Load("one process"),
        "four": Load("four processes, a quarter each", processes=4),
        "rotating": Load("one process, keys expire after 5 s", key_seconds=5),
        "four-rotating": Load("four processes, keys expire after 5 s", processes=4, key_seconds=5),
        "details": Load("QuerySendDetails", action="QuerySendDetails", quota=details),
        "every-other": Load("throttled every other second", fault={"rhythm": 1.0}),
        "four-every-other": Load("the same, four processes", processes=4, fault={"rhythm": 1.0}),
        "half": Load("others use half of the quota", actual_quota=150),
        "stray": Load("every 50th request throttled", fault={"every": 50}),
    }


@dataclass(frozen=True)
class Run:
    """The measurements of one load.

    :param written: when each request was written to a socket, in order
    :param failed: number of calls that ended with an error
    :param counts: the counts of the service: ``requests``, ``throttled``, ``worst_second``
    :param keys: number of access keys that were handed out
    """

    load: Load
    written: list[float]
    failed: int
    counts: dict[str, int]
    keys: int

    @property
    def worst(self) -> int:
        """The most requests that were written in any second."""
        return worst_second(self.written)

    @property
    def used(self) -> float:
        """The share of the quota that was used between the first request and the last."""
        return len(self.written) / (self.load.quota * max(self.written[-1] - self.written[0], 1))

    @property
    def requests_per_success(self) -> float:
        """The number of requests per request that the service let through."""
        return self.counts["requests"] / max(self.counts["requests"] - self.counts["throttled"], 1)


def main() -> None:
    options = _arguments()
    all_loads = loads(options.details)
    print(
        f"{options.workers} workers, {options.seconds:g} s per run, responses after {LATENCY_MS} ms; "
        "all of the quota may be used"
    )
    runs = [measure(all_loads[name], workers=options.workers, seconds=options.seconds) for name in options.runs]
    print(f"\n{table(_rows(runs))}")
    print(f"\n{table([('figure', 'measured', 'target', ''), *(line for run in runs for line in _targets(run))])}")


def measure(load: Load, *, workers: int, seconds: float) -> Run:
    """Run a load in new processes against a new emulator, because a budget belongs to a process.

    :param workers: number of workers in all processes together
    :param seconds: duration of the queries
    """
    with Emulator.start() as emulator, contextlib.ExitStack() as stack:
        day, targets = _prepare(emulator, load)
        keys = stack.enter_context(RotatingKeys(emulator, load.key_seconds)) if load.key_seconds else None
        scripts = [stack.enter_context(ScriptProcess("query_worker.py")) for _ in range(load.processes)]
        for script in scripts:
            script.receive()
        until = time.monotonic() + 0.1 + seconds
        for script in scripts:
            script.send(
                {
                    "port": emulator.port,
                    "key": (emulator.access_key_id, emulator.access_key_secret),
                    "credentials_uri": keys and keys.uri,
                    "action": load.action,
                    "targets": targets,
                    "day": day,
                    "workers": workers // load.processes,
                    "quota": load.quota,
                    "requests_per_second": load.quota / load.processes if load.processes > 1 else None,
                    "until": until,
                }
            )
        results = [script.receive() for script in scripts]
        written = sorted(instant for result in results for instant in result["written"])
        failed = sum(sum(result["failed"].values()) for result in results)
        key_count = keys.handed_out if keys else 1
        return Run(load, written, failed, emulator.requests()[load.action], key_count)


def _prepare(emulator: Emulator, load: Load) -> tuple[str, list[str]]:
    """Set up the emulator; return the day, and the message ids or phone numbers to query."""
    emulator.configure(latency_ms=LATENCY_MS)
    emulator.quotas(**{load.action: load.actual_quota or load.quota})
    if load.fault:
        emulator.fault("throttle", action=load.action, times=None, **load.fault)
    now = datetime.now(UTC)
    day = beijing_day(now).isoformat()
    if load.action == "QueryMessage":
        sent = emulator.add_messages([{"phone_number": "+852" + f"51{n:06}"} for n in range(MESSAGES)])
        return day, [message["message_id"] for message in sent]
    numbers = [f"139{n:08}" for n in range(MESSAGES)]
    emulator.add_messages([{"phone_number": number, "sent_at": now.isoformat()} for number in numbers])
    return day, numbers


def _rows(runs: Sequence[Run]) -> list[list[str]]:
    """Return the measurements, one line per run."""
    columns: list[tuple[str, Callable[[Run], str]]] = [
        ("", lambda run: run.load.name),
        ("quota", lambda run: f"{run.load.quota:,}"),
        ("written", lambda run: f"{len(run.written):,}"),
        ("worst second", lambda run: f"{run.worst:,}"),
        ("used", lambda run: f"{run.used:.1%}"),
        ("arrived", lambda run: f"{run.counts['requests']:,}"),
        ("worst second there", lambda run: f"{run.counts['worst_second']:,}"),
        ("throttled", lambda run: f"{run.counts['throttled']:,}"),
        ("failed", lambda run: f"{run.failed:,}"),
        ("keys", lambda run: f"{run.keys:,}"),
    ]
    return [[name for name, _ in columns], *([text(run) for _, text in columns] for run in runs)]


def _targets(run: Run) -> list[tuple[str, str, str, str]]:
    """Return the measured figures with their targets."""
    name, quota = run.load.name, run.load.quota
    if run.load.throttles:
        limit = MAX_REQUESTS_PER_SUCCESS
        measured = run.requests_per_success
        share = ("requests per request let through", f"{measured:.3f}", f"<= {limit}", measured <= limit)
    else:
        share = ("share of the quota used", f"{run.used:.1%}", f">= {MIN_USED:.0%}", run.used >= MIN_USED)
    lines = [
        ("worst second", f"{run.worst:,}", f"<= {quota:,}", run.worst <= quota),
        share,
        ("calls that failed", f"{run.failed:,}", "0", run.failed == 0),
    ]
    return [
        (f"{name}: {figure}", measured, target, "reached" if is_reached else "MISSED")
        for figure, measured, target, is_reached in lines
    ]


def _arguments() -> argparse.Namespace:
    every = list(loads(0))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="duration of each run, default 60")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"number of workers, default {WORKERS}")
    parser.add_argument("--details", type=int, default=1000, help="quota of QuerySendDetails, default 1000 per second")
    parser.add_argument("--runs", type=lambda text: text.split(","), default=every, help=",".join(every))
    return parser.parse_args()


if __name__ == "__main__":
    main()
