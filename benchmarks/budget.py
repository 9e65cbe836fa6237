"""The budget under load: 64 workers in one process, and four processes with a quarter each, against the emulator.

What counts is the client's clock when a request is written: no second above the quota, most of it used. Where the
service throttles on its own, what was asked stays close to what it let through. `make budget`; a look that takes
seconds: `--seconds 3 --runs one,four`.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from figures import table, worst_second
from loads import Script
from rotating import Rotating

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import beijing_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORKERS = 64
LATENCY_MS = 20
#: That can be asked for.
MESSAGES = 200
#: The share of a quota that must be used, and how many requests may be made for each that is let through.
USED, ASKED = 0.92, 1.1


@dataclass(frozen=True)
class Load:
    """Who asks what, and how the service treats him.

    :param quota: requests a second of the account, all of them ours
    :param given: how many of them the service lets through in truth, where these are fewer
    :param fault: a plan of the emulator's fault ``throttle``
    :param rotates: seconds after which every key ends
    """

    name: str
    action: str = "QueryMessage"
    quota: int = 300
    processes: int = 1
    given: int | None = None
    fault: dict[str, Any] = field(default_factory=dict)
    rotates: float | None = None

    @property
    def refuses(self) -> bool:
        """Whether the service throttles although the quota is kept."""
        return bool(self.fault) or self.given is not None


def loads(details: int) -> dict[str, Load]:
    """Return every load by its short name.

    :param details: quota of QuerySendDetails, requests a second
    """
    return {
        "one": Load("one process"),
        "four": Load("four processes, a quarter each", processes=4),
        "rotating": Load("one process, keys end after 5 s", rotates=5),
        "four-rotating": Load("four processes, keys end after 5 s", processes=4, rotates=5),
        "details": Load("QuerySendDetails", action="QuerySendDetails", quota=details),
        "every-other": Load("refused every other second", fault={"rhythm": 1.0}),
        "four-every-other": Load("the same, four processes", processes=4, fault={"rhythm": 1.0}),
        "half": Load("half of the quota is used by others", given=150),
        "stray": Load("every 50th refused", fault={"every": 50}),
    }


@dataclass(frozen=True)
class Run:
    """What was seen of a load.

    :param written: when each request was given to a socket, in order
    :param failed: how many calls ended in an error
    :param counts: the service's own: ``requests``, ``throttled``, ``worst_second``
    :param keys: that were handed out
    """

    load: Load
    written: list[float]
    failed: int
    counts: dict[str, int]
    keys: int

    @property
    def worst(self) -> int:
        """The most requests that were written within one second."""
        return worst_second(self.written)

    @property
    def used(self) -> float:
        """The share of the quota that was used, from the first request to the last."""
        return len(self.written) / (self.load.quota * max(self.written[-1] - self.written[0], 1))

    @property
    def asked(self) -> float:
        """Requests for each that was let through."""
        return self.counts["requests"] / max(self.counts["requests"] - self.counts["throttled"], 1)


def main() -> None:
    asked = _arguments()
    known = loads(asked.details)
    print(
        f"{asked.workers} workers, {asked.seconds:g} s a run, answers after {LATENCY_MS} ms; all of the quota is ours"
    )
    runs = [measure(known[name], workers=asked.workers, seconds=asked.seconds) for name in asked.runs]
    print(f"\n{table(_rows(runs))}")
    print(f"\n{table([('figure', 'measured', 'target', ''), *(line for run in runs for line in _targets(run))])}")


def measure(load: Load, *, workers: int, seconds: float) -> Run:
    """Run a load against a fresh emulator, in fresh processes: budgets are their processes'.

    :param workers: in all
    :param seconds: from the first question to the last
    """
    with Emulator.start() as emulator, contextlib.ExitStack() as stack:
        day, names = _prepared(emulator, load)
        rotating = stack.enter_context(Rotating(emulator, load.rotates)) if load.rotates else None
        scripts = [stack.enter_context(Script("asking.py")) for _ in range(load.processes)]
        for script in scripts:
            script.hear()
        until = time.monotonic() + 0.1 + seconds
        for script in scripts:
            script.tell(
                {
                    "port": emulator.port,
                    "key": (emulator.access_key_id, emulator.access_key_secret),
                    "credentials_uri": rotating and rotating.uri,
                    "action": load.action,
                    "asked": names,
                    "day": day,
                    "workers": workers // load.processes,
                    "quota": load.quota,
                    "requests_per_second": load.quota / load.processes if load.processes > 1 else None,
                    "until": until,
                }
            )
        outcomes = [script.hear() for script in scripts]
        written = sorted(instant for outcome in outcomes for instant in outcome["written"])
        failed = sum(sum(outcome["failed"].values()) for outcome in outcomes)
        keys = rotating.handed_out if rotating else 1
        return Run(load, written, failed, emulator.requests()[load.action], keys)


def _prepared(emulator: Emulator, load: Load) -> tuple[str, list[str]]:
    """Set the emulator up; return the day and what can be asked for: ids of messages, or numbers."""
    emulator.configure(latency_ms=LATENCY_MS)
    emulator.quotas(**{load.action: load.given or load.quota})
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
    """Return what was measured, one line a run."""
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
    return [[name for name, _ in columns], *([shown(run) for _, shown in columns] for run in runs)]


def _targets(run: Run) -> list[tuple[str, str, str, str]]:
    """Return what was reached and what should be."""
    name, quota = run.load.name, run.load.quota
    if run.load.refuses:
        share = ("asked for each let through", f"{run.asked:.3f}", f"<= {ASKED}", run.asked <= ASKED)
    else:
        share = ("share of the quota used", f"{run.used:.1%}", f">= {USED:.0%}", run.used >= USED)
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
    parser.add_argument("--seconds", type=float, default=60, help="of each run, default 60")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"in all, default {WORKERS}")
    parser.add_argument("--details", type=int, default=1000, help="quota of QuerySendDetails, default 1000 a second")
    parser.add_argument("--runs", type=lambda text: text.split(","), default=every, help=",".join(every))
    return parser.parse_args()


if __name__ == "__main__":
    main()
