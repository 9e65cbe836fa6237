"""Counts the verdicts of an audit for its manifest; the same log and the same records give the same counts."""

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

#: States of messages for which the service has no record.
_WITHOUT_RECORD = (State.MISSING, State.REJECTED)

#: If there was a log, a day without open verdicts is settled this long after its end.
QUIET_TIME = timedelta(hours=2)


@dataclass(slots=True)
class Tally:
    """The counts of an audit so far.

    :param lines: lines of the log that were processed, rejected ones included
    :param asked: distinct queries: message ids, and (number, day, BizId)
    :param rows: verdicts
    :param ambiguous: matched messages that time could not tell apart
    :param edge: records of the day's first ten minutes without a line; they belong to the log of the day before
    :param off_day: records that are dated one day before or after the queried day
    :param repeated: lines without a row, because another line stands for the same message: see :mod:`.duplicates`
    :param verdicts: the number of verdicts per key
    """

    lines: int = 0
    asked: int = 0
    rows: int = 0
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: int = 0
    verdicts: Counter[TallyKey] = field(default_factory=Counter)

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Count verdicts."""
        self.rows += len(verdicts)
        for verdict in verdicts:
            key = tally_key_of(verdict)
            self.verdicts[key] = self.verdicts.get(key, 0) + 1

    @property
    def by_state(self) -> Counter[str]:
        """State -> verdicts."""
        return self._by(lambda key: key.state)

    @property
    def by_category(self) -> Counter[str]:
        """Category -> verdicts, of messages for which the service has a record."""
        return self._by(lambda key: key.category if key.state not in _WITHOUT_RECORD else None)

    @property
    def failed_by_category(self) -> Counter[str]:
        """Category -> verdicts, of messages that failed."""
        return self._by(lambda key: key.category or "" if key.state == State.FAILED else None)

    @property
    def rejected(self) -> Counter[str]:
        """Reason -> lines that could not be queried."""
        return self._by(lambda key: key.category or "" if key.state == State.REJECTED else None)

    @property
    def by_template(self) -> dict[str, Counter[str]]:
        """Template -> state -> verdicts."""
        states: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for key, count in self.verdicts.items():
            if key.state not in _WITHOUT_RECORD and not key.has_message_id:
                states[key.template_code or ""][key.state] += count
        return states

    @property
    def delivery_seconds(self) -> Counter[int]:
        """Seconds from sending to receipt -> delivered messages."""
        return self._by(lambda key: key.delivery_seconds if key.state == State.DELIVERED else None)

    @property
    def billed(self) -> dict[str, BilledSegments]:
        """``mainland`` and ``international`` -> the segments that are compared with the day's statistics."""
        billed = {MAINLAND: BilledSegments(), INTERNATIONAL: BilledSegments()}
        for key, count in self.verdicts.items():
            if key.state != State.REJECTED:
                billed[key.market].add(key, count)
        return billed

    @property
    def open(self) -> int:
        """Verdicts that are not final."""
        return sum(count for key, count in self.verdicts.items() if not key.is_final)

    @property
    def missing(self) -> int:
        """Messages of the log for which the service has no record."""
        return self.by_state[State.MISSING.value]

    @property
    def unlogged(self) -> int:
        """Messages for which the service has a record and the log has no line."""
        return self.by_state[State.UNLOGGED.value]

    @property
    def recorded(self) -> int:
        """Messages of the log for which the service has a record."""
        return self.rows - self.missing - self.unlogged - self.rejected.total()

    @property
    def missing_rate(self) -> float:
        """The share of messages without a record, of those that could be queried; 0 if there are none."""
        queryable = self.lines - self.repeated - self.rejected.total()
        return self.missing / queryable if queryable else 0.0

    def percentile(self, share: float) -> int | None:
        """Return the time within which a share of the delivered messages arrived.

        :param share: above 0 and at most 1
        :returns: seconds; ``None`` if nothing was delivered
        """
        delivered = self.delivery_seconds
        required = share * delivered.total()
        arrived = 0
        for seconds in sorted(delivered):
            arrived += delivered[seconds]
            if arrived >= required:
                return seconds
        return None

    def settled(self, send_date: date, as_of: datetime, *, has_match_keys: bool) -> bool:
        """Say whether nothing about the day can change anymore.

        :param as_of: when the audit began
        :param has_match_keys: whether there was a log, not only a list of numbers
        """
        age = as_of - day_start(send_date) - DAY
        return age >= RECEIPT_TIME or (has_match_keys and age >= QUIET_TIME and not self.open)

    def _by(self, key: Callable[[TallyKey], Key | None]) -> Counter[Key]:
        counts: Counter[Key] = Counter()
        for tally_key, count in self.verdicts.items():
            if (name := key(tally_key)) is not None:
                counts[name] += count
        return counts

    def as_dict(self) -> dict[str, object]:
        """Return the counts as a JSON object, with sorted keys if the keys come from the data."""
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
            "segments": {market: billed.total for market, billed in self.billed.items()},
            "failed_by_category": dict(sorted(self.failed_by_category.items())),
            "delivery_seconds": {"p50": self.percentile(0.5), "p95": self.percentile(0.95)},
        }
