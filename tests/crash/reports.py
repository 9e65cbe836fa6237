"""What was seen of all trials: counts, and a sentence on everything that was not right."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

#: What must not happen: a reader saw a part, or nothing; a retry left something else, or something of ours behind, or
#: asked what had been kept for it; something of others was touched; an error that may pass was said to be for good; a
#: fault found nothing to break.
WRONG = ("torn", "lost", "different", "left", "foreign", "refused", "wasted", "missed")


@dataclass
class Report:
    """Counts of all lanes, and a sentence on everything that was not right."""

    counts: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, by: int = 1) -> None:
        with self.lock:
            self.counts[what] += by

    def killed(self, last: str, *, committed: bool) -> None:
        with self.lock:
            self.counts["kills"] += 1
            self.counts["after" if committed else "before"] += 1
            self.phases[phase(last)] += 1

    def problem(self, kind: str, sentence: str) -> None:
        with self.lock:
            self.counts[kind] += 1
            self.problems.append((kind, sentence))


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
