"""Counts billed segments per market and state, to compare an audit with the day's statistics of the service."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.tally_key import TallyKey

#: The category of messages that the blacklist stopped; the day's statistics do not count them.
_NOT_IN_STATISTICS = "blacklist"


@dataclass(slots=True)
class BilledSegments:
    """The messages of one market as the statistics count them.

    :param by_state: ``delivered``, ``failed``, ``waiting``, ``expired`` -> segments, without those of ``blacklist``;
        an unlogged message counts in the state of its delivery
    :param by_day: Beijing day of the message -> segments of ``by_state``
    :param unlogged: segments of ``by_state`` whose messages have no line in the log
    :param blacklist: segments that the blacklist stopped
    :param no_text: messages with an unknown number of segments, because their record has no text
    :param missing: lines for which the service has no record
    """

    by_state: Counter[str] = field(default_factory=Counter)
    by_day: Counter[str] = field(default_factory=Counter)
    unlogged: int = 0
    blacklist: int = 0
    no_text: int = 0
    missing: int = 0

    @property
    def total(self) -> int:
        """The segments that the statistics should count."""
        return self.by_state.total()

    def add(self, key: TallyKey, count: int) -> None:
        """Count verdicts of this market; their lines must not be rejected."""
        if key.state == State.MISSING:
            self.missing += count
        elif key.category == _NOT_IN_STATISTICS:
            self.blacklist += (key.segments or 0) * count
        elif key.segments is None:
            self.no_text += count
        else:
            segments = key.segments * count
            self.unlogged += segments * (key.state == State.UNLOGGED)
            self.by_state[key.delivery_state] += segments
            if key.day is not None:
                self.by_day[key.day.isoformat()] += segments
