"""The counts of an audit, for its manifest: the same log and the same records give the same counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_dysms.audit.billed_segments import BilledSegments
from airflow_provider_dysms.audit.tally_key import TallyKey, tally_key_of
from airflow_provider_dysms.model.choices import INTERNATIONAL, MAINLAND
from airflow_provider_dysms.model.dates import DAY, RECEIPT_TIME, day_start
from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_dysms.audit.verdict import Verdict

Key = TypeVar("Key", str, int)

#: Verdicts of messages that the service does not have.
_WITHOUT_RECORD = (State.MISSING, State.REJECTED)

#: With a log, a day in which nothing is open may be settled this long after its end.
QUIET_TIME = timedelta(hours=2)


@dataclass(slots=True)
class Tally:
    """What an audit counted so far.

    :param lines: lines of the log that were worked off, rejected ones included
    :param asked: distinct questions: message ids, and (number, day, BizId)
    :param rows: verdicts that came out
    :param ambiguous: matched messages that time could not tell apart
    :param edge: rows of the day's first ten minutes without a line; they belong to the log of the day before
    :param off_day: rows that are dated one day off the day that was asked
    :param repeated: lines that tell of a message which another line tells of, and have no row: see :mod:`.duplicates`
    :param kinds: the verdicts by their kind
    """

    lines: int = 0
    asked: int = 0
    rows: int = 0
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: int = 0
    kinds: Counter[TallyKey] = field(default_factory=Counter)

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Count verdicts."""
        self.rows += len(verdicts)
        for verdict in verdicts:
            kind = tally_key_of(verdict)
            self.kinds[kind] = self.kinds.get(kind, 0) + 1

    @property
    def by_state(self) -> Counter[str]:
        """Verdicts by their state."""
        return self._by(lambda kind: kind.state)

    @property
    def by_category(self) -> Counter[str]:
        """The same by category, of messages that the service has."""
        return self._by(lambda kind: kind.category if kind.state not in _WITHOUT_RECORD else None)

    @property
    def failed_by_category(self) -> Counter[str]:
        """The same of those that failed."""
        return self._by(lambda kind: kind.category or "" if kind.state == State.FAILED else None)

    @property
    def rejected(self) -> Counter[str]:
        """Reason -> lines that could not be asked."""
        return self._by(lambda kind: kind.category or "" if kind.state == State.REJECTED else None)

    @property
    def by_template(self) -> dict[str, Counter[str]]:
        """Template -> verdicts by their state."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for kind, count in self.kinds.items():
            if kind.state not in _WITHOUT_RECORD and not kind.is_by_id:
                found[kind.template_code or ""][kind.state] += count
        return found

    @property
    def delivery_seconds(self) -> Counter[int]:
        """Seconds from a message to its receipt -> delivered messages."""
        return self._by(lambda kind: kind.delivery_seconds if kind.state == State.DELIVERED else None)

    @property
    def billed(self) -> dict[str, BilledSegments]:
        """``mainland`` and ``international`` -> what the day's statistics are compared with."""
        found = {MAINLAND: BilledSegments(), INTERNATIONAL: BilledSegments()}
        for kind, count in self.kinds.items():
            if kind.state != State.REJECTED:
                found[kind.scope].add(kind, count)
        return found

    @property
    def open(self) -> int:
        """Verdicts that are not final."""
        return sum(count for kind, count in self.kinds.items() if not kind.is_final)

    @property
    def missing(self) -> int:
        """Messages of the log of which the service has no record."""
        return self.by_state[State.MISSING.value]

    @property
    def unlogged(self) -> int:
        """Messages that the service has and the log has not."""
        return self.by_state[State.UNLOGGED.value]

    @property
    def recorded(self) -> int:
        """Messages of the log that the service has a record of."""
        return self.rows - self.missing - self.unlogged - self.rejected.total()

    @property
    def missing_rate(self) -> float:
        """The share of messages of the log without a record, among those that could be asked; 0 if there are none."""
        could_be_asked = self.lines - self.repeated - self.rejected.total()
        return self.missing / could_be_asked if could_be_asked else 0.0

    def percentile(self, share: float) -> int | None:
        """Return the delivery time (s) within which a share of the delivered messages arrived.

        :param share: above 0 and at most 1
        :returns: ``None`` where nothing was delivered
        """
        of_seconds = self.delivery_seconds
        due = share * of_seconds.total()
        arrived = 0
        for seconds in sorted(of_seconds):
            arrived += of_seconds[seconds]
            if arrived >= due:
                return seconds
        return None

    def settled(self, send_date: date, as_of: datetime, *, keyed: bool) -> bool:
        """Say whether nothing about the day can change any more.

        :param as_of: when the audit began
        :param keyed: whether there was a log, and no mere list of questions
        """
        age = as_of - day_start(send_date) - DAY
        return age >= RECEIPT_TIME or (keyed and age >= QUIET_TIME and not self.open)

    def _by(self, key: Callable[[TallyKey], Key | None]) -> Counter[Key]:
        found: Counter[Key] = Counter()
        for kind, count in self.kinds.items():
            if (name := key(kind)) is not None:
                found[name] += count
        return found

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
