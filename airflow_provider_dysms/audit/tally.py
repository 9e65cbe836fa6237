"""Counts the verdicts of an audit for its manifest; the same log and the same records give the same counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_dysms.audit.billed_segments import BilledSegments
from airflow_provider_dysms.audit.latency_buckets import bucket_of, in_order
from airflow_provider_dysms.audit.tally_key import CountedNames, TallyKey, tally_key_of
from airflow_provider_dysms.model.choices import INTERNATIONAL, MAINLAND, OTHERS
from airflow_provider_dysms.model.dates import DAY, RECEIPT_TIME, day_start
from airflow_provider_dysms.model.delivery import FAULT_OF_CATEGORY, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_dysms.audit.verdict import Verdict

Key = TypeVar("Key", str, int)

#: States of messages for which the service has no record.
_WITHOUT_RECORD = (State.MISSING, State.REJECTED)

#: Entries of a map of countries, signatures, codes, or templates with delivery times; the others are added up.
MAX_ENTRIES = 50

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
    :param erased: messages that are left out, because their person was erased from the archive
    :param verdicts: the number of verdicts per key
    """

    lines: int = 0
    asked: int = 0
    rows: int = 0
    ambiguous: int = 0
    edge: int = 0
    off_day: int = 0
    repeated: int = 0
    erased: int = 0
    verdicts: Counter[TallyKey] = field(default_factory=Counter)
    _sign_names: CountedNames = field(default_factory=CountedNames, repr=False, compare=False)
    _error_codes: CountedNames = field(default_factory=CountedNames, repr=False, compare=False)

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Count verdicts."""
        self.rows += len(verdicts)
        for verdict in verdicts:
            key = tally_key_of(verdict, self._sign_names, self._error_codes)
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
        return self._states_by(
            lambda key: (
                (key.template_code or "") if key.state not in _WITHOUT_RECORD and not key.has_message_id else None
            )
        )

    @property
    def by_country(self) -> dict[str, Counter[str]]:
        """Country -> state -> verdicts, of the lines that could be queried; an empty text for an unknown country."""
        return self._states_by(lambda key: (key.country or "") if key.state != State.REJECTED else None)

    @property
    def by_sign_name(self) -> dict[str, Counter[str]]:
        """Signature -> state -> verdicts, of messages for which the service has a record; an empty text for none."""
        return self._states_by(lambda key: key.sign_name if key.state not in _WITHOUT_RECORD else None)

    @property
    def failed_by_code(self) -> Counter[str]:
        """Error code -> verdicts, of messages that failed; an empty text for a failure without a code."""
        return self._by(lambda key: key.error_code)

    @property
    def failed_by_fault(self) -> Counter[str]:
        """Cause -> verdicts, of messages that failed: ``recipient``, ``sender``, ``carrier`` or ``unknown``."""
        return self._by(
            lambda key: FAULT_OF_CATEGORY[key.category or "unknown"] or "unknown" if key.state == State.FAILED else None
        )

    @property
    def waiting_by_hour(self) -> Counter[str]:
        """Beijing day and hour in which it was sent -> messages that wait; an empty text for an unknown time."""
        return self._by(lambda key: (key.sent_hour or "") if key.state == State.WAITING else None)

    @property
    def latency(self) -> dict[str, dict[str, dict[str, int]]]:
        """``by_template`` and ``by_country`` -> name -> bucket of delivery times -> delivered messages."""
        return {
            "by_template": self._latency_by(lambda key: key.template_code or ""),
            "by_country": self._latency_by(lambda key: key.country or ""),
        }

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
        queryable = self.lines - self.repeated - self.rejected.total() - self.erased
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

    def _states_by(self, key: Callable[[TallyKey], str | None]) -> dict[str, Counter[str]]:
        states: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for tally_key, count in self.verdicts.items():
            if (name := key(tally_key)) is not None:
                states[name][tally_key.state] += count
        return states

    def _latency_by(self, key: Callable[[TallyKey], str]) -> dict[str, dict[str, int]]:
        buckets: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for tally_key, count in self.verdicts.items():
            if tally_key.state == State.DELIVERED and tally_key.delivery_seconds is not None:
                buckets[key(tally_key)][bucket_of(tally_key.delivery_seconds)] += count
        return {name: in_order(counts.items()) for name, counts in _largest(buckets).items()}

    def as_dict(self) -> dict[str, object]:
        """Return the counts as a JSON object, with sorted keys if the keys come from the data."""
        return {
            "lines": self.lines,
            "asked": self.asked,
            "rows": self.rows,
            "by_state": dict(sorted(self.by_state.items())),
            "by_category": dict(sorted(self.by_category.items())),
            "by_template": _sorted_states(self.by_template),
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
            "by_country": _sorted_states(_largest(self.by_country)),
            "by_sign_name": _sorted_states(_largest(self.by_sign_name)),
            "failed_by_code": dict(sorted(_largest_counts(self.failed_by_code).items())),
            "failed_by_fault": dict(sorted(self.failed_by_fault.items())),
            "waiting_by_hour": dict(sorted(self.waiting_by_hour.items())),
            "latency": self.latency,
        }


def _largest(counts: Mapping[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Return the largest entries of a map, and the sum of the others, which may be in it already."""
    names = sorted(counts, key=lambda name: (-counts[name].total(), name))
    kept = [name for name in names if name != OTHERS][:MAX_ENTRIES]
    others: Counter[str] = sum((counts[name] for name in names if name not in kept), Counter())
    return {**{name: counts[name] for name in kept}, **({OTHERS: others} if others else {})}


def _largest_counts(counts: Counter[str]) -> dict[str, int]:
    entries = _largest({name: Counter({"": count}) for name, count in counts.items()})
    return {name: count[""] for name, count in entries.items()}


def _sorted_states(states: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {name: dict(sorted(counts.items())) for name, counts in sorted(states.items())}
