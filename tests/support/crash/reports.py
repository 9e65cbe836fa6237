"""The results of all trials: counts, and a sentence on everything that was not right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

#: What must not happen: a reader saw a part, or nothing; a retry left something else, or something of ours behind, or
#: asked what had been kept for it; something of others was touched; an error that may pass was said to be for good; a
#: fault found nothing to break; a message was sent twice.
WRONG = ("torn", "lost", "different", "left", "foreign", "refused", "wasted", "missed", "twice")


@dataclass
class Report:
    """Counts, and a sentence on everything that was not right.

    ``planned`` says how much of what is counted there is to be: what is done in part is not done.
    """

    planned: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    boundaries: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] += by

    def killed(self, last: str, *, committed: bool) -> None:
        self.counts["kills"] += 1
        self.counts["after" if committed else "before"] += 1
        self.phases[phase(last)] += 1

    def problem(self, kind: str, sentence: str) -> None:
        self.counts[kind] += 1
        self.problems.append((kind, sentence))

    def met(self, what: str, many: int) -> None:
        """Note how many boundaries something has; every process that shares the work must find as many."""
        if self.boundaries.setdefault(what, many) != many:
            self.problem("missed", f"{what}: {many} boundaries, and {self.boundaries[what]} another time")

    def add(self, other: Report) -> None:
        """Take in what somebody else has seen."""
        self.planned += other.planned
        self.counts += other.counts
        self.phases += other.phases
        self.problems += other.problems
        for what, many in other.boundaries.items():
            self.met(what, many)

    def left_out(self) -> Counter[str]:
        """Return what was planned and not done."""
        return self.planned - self.counts


def phase(last: str) -> str:
    """Say in which part of an export a boundary lies."""
    verb, _, path = last.partition(" ")
    known = {"log-": "reading the log", ".probe": "probing", "_spool/": "at a segment", "tmp": "asking and spooling"}
    if not last:
        return "starting"
    for part, what in known.items():
        if part in path:
            return what
    looks = verb.split("_")[0] in {"open", "read", "scan", "head", "get", "list"}
    return "looking" if looks else "writing the manifest" if "_manifests/" in path else "writing the data"
