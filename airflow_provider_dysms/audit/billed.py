"""Our side of the account that the day's statistics are the other side of: segments, mainland or international."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_dysms.api.dates import beijing_day
from airflow_provider_dysms.api.delivery import State

if TYPE_CHECKING:
    from airflow_provider_dysms.audit.verdict import Verdict

#: The statistics count mainland messages and all others apart.
MAINLAND, INTERNATIONAL = "mainland", "international"

#: Messages that the blacklist stopped are in none of the day's statistics.
_NOT_IN_STATISTICS = "blacklist"


@dataclass(slots=True)
class Billed:
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

    def add(self, verdict: Verdict) -> None:
        """Count a verdict of this scope, unless its line was rejected."""
        if verdict.state == State.MISSING:
            self.missing += 1
        elif verdict.category == _NOT_IN_STATISTICS:
            self.blacklist += verdict.segments or 0
        elif verdict.segments is None:
            self.no_text += 1
        else:
            state = verdict.state
            if state == State.UNLOGGED:
                self.unlogged += verdict.segments
                state = json.loads(verdict.vendor_extra or "{}").get("delivery", state)
            self.by_state[state] += verdict.segments
            if verdict.sent_at is not None:
                self.by_day[beijing_day(verdict.sent_at).isoformat()] += verdict.segments


def scope_of(verdict: Verdict) -> str:
    """Return in which of the two counts a message is."""
    return MAINLAND if verdict.country == "CN" else INTERNATIONAL
