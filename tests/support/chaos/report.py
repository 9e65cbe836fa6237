"""The result of a chaos run: figures, and a sentence for everything that is not as it must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from support.chaos.scenario import HEARTBEAT_TIMEOUTS, LIFETIME, QUOTAS, Scenario


@dataclass
class Report:
    """The figures of a run.

    :param problems: what is wrong; empty if everything is right
    :param disturbances: how often each kind has happened
    :param faults: how many requests each fault of the service has hit
    :param requests: what arrived at the service, by purpose: ``audits``, ``sends`` and ``polls``
    :param undisturbed: requests of the same audits, and of the sends, if nothing goes wrong
    :param counts: the service's own, by action
    """

    scenario: Scenario
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    disturbances: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    catch_ups: int = 0
    triggerers: int = 0
    cleared: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    undisturbed: Counter[str] = field(default_factory=Counter)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def overhead(self) -> float:
        """Requests of audits and sends, divided by those of an undisturbed run."""
        return sum(self.requests[name] for name in self.undisturbed) / max(self.undisturbed.total(), 1)

    def lines(self) -> list[str]:
        """Return the report, the figures in the last line."""
        audits, sends = (f"{self.requests[name]:,} of {self.undisturbed[name]:,}" for name in ("audits", "sends"))
        worst = ", ".join(
            f"{action} {count['worst_second']} of {QUOTAS[action]}"
            for action, count in self.counts.items()
            if action in QUOTAS
        )
        return [
            heartbeats(),
            f"disturbed: {_listed(self.disturbances)}",
            f"requests that a fault of the service hit: {_listed(self.faults)}",
            f"requests of audits {audits} undisturbed, of sends {sends}; polls of waits and searches of sends "
            f"{self.requests['polls']:,}",
            f"most requests within a second: {worst}",
            *(f"WRONG: {problem}" for problem in self.problems),
            self.last_line(),
        ]

    def last_line(self) -> str:
        """Return the figures in one line."""
        scenario = self.scenario
        processes = sum(count for title, count in self.disturbances.items() if title.startswith(("kill", "pause")))
        return (
            f"seed {scenario.seed}, {self.seconds / 60:.0f} min: {scenario.days} days ({self.rows:,} rows, "
            f"{self.catch_ups} runs), {scenario.waits} waits in {self.triggerers} triggerers, {scenario.sends} sends "
            f"({self.cleared} cleared by hand); {processes} kills and pauses, {self.faults.total():,} faults; overhead "
            f"{self.overhead:.2f}; {len(self.problems)} wrong"
        )


def heartbeats() -> str:
    """Say after which time what counts as dead."""
    timeouts = ", ".join(f"a {name} {seconds} s" for name, seconds in HEARTBEAT_TIMEOUTS.items())
    return f"without a heartbeat, these count as dead: {timeouts}; a signed send is refused after {LIFETIME} s"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {title}" for title, count in sorted(counts.items())) or "nothing"
