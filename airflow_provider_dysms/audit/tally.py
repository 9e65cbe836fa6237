"""The counts of an audit, for its manifest: the same log and the same records give the same counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.dates import RECEIPT_TIME, day_start
from airflow_provider_dysms.api.delivery import State
from airflow_provider_dysms.audit.billed import INTERNATIONAL, MAINLAND, Billed, scope_of

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.verdict import Verdict

#: With a log, a day in which nothing is open may be settled this long after its end.
QUIET_TIME = timedelta(hours=2)


@dataclass(slots=True)
class Tally:
    """What an audit counted so far.

    :param lines: lines of the log that were worked off, rejected ones included
    :param asked: distinct questions: message ids, and (number, day, BizId)
    :param rows: verdicts that came out
    :param open: verdicts that are not final
    :param ambiguous: matched messages that time could not tell apart
    :param edge: rows of the day's first ten minutes without a line; they belong to the log of the day before
    :param off_day: rows that are dated one day off the day that was asked
    :param repeated: lines whose message id an earlier line had, in the log
    :param rejected: reason -> lines that could not be asked
    :param billed: ``mainland`` and ``international`` -> what the day's statistics are compared with
    :param delivery_seconds: seconds from a message to its receipt -> delivered messages
    """

    lines: int = 0
    asked: int = 0
    rows: int = 0
    open: int = 0
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    by_category: Counter[str] = field(default_factory=Counter)
    by_template: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rejected: Counter[str] = field(default_factory=Counter)
    delivery_seconds: Counter[int] = field(default_factory=Counter)
    failed_by_category: Counter[str] = field(default_factory=Counter)
    billed: dict[str, Billed] = field(default_factory=lambda: {MAINLAND: Billed(), INTERNATIONAL: Billed()})

    @property
    def missing(self) -> int:
        """Lines of which the service has no record."""
        return self.by_state[State.MISSING.value]

    @property
    def unlogged(self) -> int:
        """Messages that the service has and the log has not."""
        return self.by_state[State.UNLOGGED.value]

    @property
    def missing_rate(self) -> float:
        """The share of lines without a record, among those that could be asked; 0 where there is none."""
        could_be_asked = self.lines - self.by_state[State.REJECTED.value]
        return self.missing / could_be_asked if could_be_asked else 0.0

    def add(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.rows += 1
        self.by_state[verdict.state] += 1
        if not verdict.is_final:
            self.open += 1
        if verdict.state == State.REJECTED:
            self.rejected[verdict.category or ""] += 1
            return
        self.billed[scope_of(verdict)].add(verdict)
        if verdict.state == State.MISSING:
            return
        if verdict.category is not None:
            self.by_category[verdict.category] += 1
        if verdict.state == State.FAILED:
            self.failed_by_category[verdict.category or ""] += 1
        if verdict.state == State.DELIVERED and verdict.delivery_seconds is not None:
            self.delivery_seconds[verdict.delivery_seconds] += 1
        if verdict.message_id is None:
            self.by_template[verdict.template_code or ""][verdict.state] += 1

    def percentile(self, share: float) -> int | None:
        """Return the delivery time (s) within which a share of the delivered messages arrived.

        :param share: above 0 and at most 1
        :returns: ``None`` where nothing was delivered
        """
        due = share * self.delivery_seconds.total()
        arrived = 0
        for seconds in sorted(self.delivery_seconds):
            arrived += self.delivery_seconds[seconds]
            if arrived >= due:
                return seconds
        return None

    def settled(self, send_date: date, as_of: datetime, *, keyed: bool) -> bool:
        """Say whether nothing about the day can change any more.

        :param as_of: when the audit began
        :param keyed: whether there was a log, and no mere list of questions
        """
        age = as_of - day_start(send_date) - timedelta(days=1)
        return age >= RECEIPT_TIME or (keyed and age >= QUIET_TIME and not self.open)

    def as_dict(self) -> dict[str, object]:
        """Return the counts as JSON takes them, keys of the data in order."""
        return {
            "lines": self.lines,
            "asked": self.asked,
            "rows": self.rows,
            "by_state": dict(sorted(self.by_state.items())),
            "by_category": dict(sorted(self.by_category.items())),
            "by_template": {code: dict(sorted(states.items())) for code, states in sorted(self.by_template.items())},
            "missing": self.missing,
            "unlogged": self.unlogged,
            "ambiguous": self.ambiguous,
            "edge": self.edge,
            "off_day": self.off_day,
            "repeated": self.repeated,
            "rejected": dict(sorted(self.rejected.items())),
            "open": self.open,
            "segments": {scope: billed.total for scope, billed in self.billed.items()},
            "failed_by_category": dict(sorted(self.failed_by_category.items())),
            "delivery_seconds": {"p50": self.percentile(0.5), "p95": self.percentile(0.95)},
        }
