"""Our side of the account that the day's statistics are the other side of: segments, mainland or international."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.delivery import State

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.tally_key import TallyKey

#: Messages that the blacklist stopped are in none of the day's statistics.
_NOT_IN_STATISTICS = "blacklist"


@dataclass(slots=True)
class BilledSegments:
    """The messages of one scope as the statistics count them.

    :param by_state: ``delivered``, ``failed``, ``waiting``, ``expired`` -> segments, without those of ``blacklist``;
        unlogged messages count as what became of them
    :param by_day: Beijing day -> segments of ``by_state`` that are dated then
    :param unlogged: segments of ``by_state`` of which the log has no line
    :param blacklist: segments that the blacklist stopped
    :param no_text: messages whose segments are unknown, because their record has no text
    :param missing: lines of which the service has no record
    """

    by_state: Counter[str] = field(default_factory=Counter)
    by_day: Counter[str] = field(default_factory=Counter)
    unlogged: int = 0
    blacklist: int = 0
    no_text: int = 0
    missing: int = 0

    @property
    def total(self) -> int:
        """All segments that the statistics should count."""
        return self.by_state.total()

    def add(self, kind: TallyKey, count: int) -> None:
        """Count verdicts of this scope, unless their lines were rejected."""
        if kind.state == State.MISSING:
            self.missing += count
        elif kind.category == _NOT_IN_STATISTICS:
            self.blacklist += (kind.segments or 0) * count
        elif kind.segments is None:
            self.no_text += count
        else:
            segments = kind.segments * count
            self.unlogged += segments * (kind.state == State.UNLOGGED)
            self.by_state[kind.became] += segments
            if kind.day is not None:
                self.by_day[kind.day.isoformat()] += segments
