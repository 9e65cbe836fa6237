"""One wait: which of its messages must be polled next, and whether its end is certain.

A worker and a triggerer both drive it: they poll, it decides. Instants are seconds since 1970, because a wait moves
from one process to another.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import is_permanent
from airflow_provider_dysms.model.reports import MISSING, UNKNOWN, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_dysms.model.errors import DysmsError
    from airflow_provider_dysms.waits.goal import Goal

#: Seconds that the last poll of all open messages, at the deadline, may take. A timeout of ``defer()`` must be later,
#: or the reports would be lost.
LAST_POLL_SECONDS = 60.0

#: Refusals that do not come from the service itself end a wait after this many, if nothing else has come for this many
#: seconds.
MIN_FOREIGN_REFUSALS = 3
MIN_FOREIGN_REFUSAL_SECONDS = 60.0

#: The reports of every wait that has none yet.
NO_REPORTS: dict[int, Report] = {}


class WaitAborted(Exception):
    """A wait cannot go on.

    :param reason: what happened and what to do, without phone numbers
    :param is_permanent: whether another attempt of the task would end the same way
    """

    def __init__(self, reason: str, *, is_permanent: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_permanent = is_permanent


class Certainty(StrEnum):
    """How much is certain about the end of a wait."""

    OPEN = "open"  # nothing
    REACHED = "reached"  # enough messages have arrived
    LOST = "lost"  # too few messages can still arrive


@dataclass(frozen=True, slots=True)
class Pace:
    """When to poll a message again: after a quarter of the wait's age, within bounds.

    :param poke_interval: shortest gap between two polls, seconds
    :param max_poke_interval: longest gap, seconds
    :param grace_period: seconds for which the service may not know a message
    """

    poke_interval: float = 10.0
    max_poke_interval: float = 300.0
    grace_period: float = 300.0

    def gap(self, age: float) -> float:
        """Return the seconds between two polls of one message, at an age of the wait."""
        return min(max(self.poke_interval, age / 4), self.max_poke_interval)


class Wait:
    """The messages of one task, by their position.

    Thousands of waits sleep in one triggerer, so this holds few objects.

    Every open message has one place in the schedule: :meth:`pop_due` removes the message that is due first, and
    :meth:`record_report`, :meth:`record_failure` or :meth:`requeue` puts it back if it must be polled again.

    :param goal: how many messages must arrive
    :param pace: when to poll again
    :param started_at: when the wait began
    :param deadline: when every open message is polled for the last time
    :param asked_at: when all messages were polled before; ``None`` if never: all are due at once
    :param until_all_final: go on until no message is open, even if the end is certain before
    :param known: reports that are already known
    """

    __slots__ = (
        "_absent",
        "_delivered_count",
        "_foreign_refusals",
        "_foreign_refusals_since",
        "_open_count",
        "_pace",
        "_reports",
        "_schedule",
        "_seen",
        "_started_at",
        "_until_all_final",
        "deadline",
        "goal",
    )

    def __init__(
        self,
        goal: Goal,
        pace: Pace,
        *,
        started_at: float,
        deadline: float,
        asked_at: float | None = None,
        until_all_final: bool = False,
        known: Mapping[int, Report] | None = None,
    ) -> None:
        self.goal = goal
        self.deadline = deadline
        self._reports = NO_REPORTS
        self._pace = pace
        self._started_at = started_at
        self._until_all_final = until_all_final
        self._seen = 0  # bit n: the service has known message n
        self._absent = 0  # bit n: the service has not known message n
        self._delivered_count = 0
        self._open_count = goal.count
        self._foreign_refusals = 0
        self._foreign_refusals_since = started_at
        self.merge(known or {})
        due = started_at if asked_at is None else min(asked_at + pace.gap(asked_at - started_at), deadline)
        # A heap: equal instants in ascending positions are in order.
        self._schedule = [(due, position) for position in range(goal.count) if self._is_open(position)]

    @property
    def reports(self) -> list[Report]:
        """The report of each message."""
        return [self._reports.get(position, UNKNOWN) for position in range(self.goal.count)]

    @property
    def decision(self) -> Certainty:
        """How the wait may end now; ``OPEN`` if it must go on."""
        return Certainty.OPEN if self._until_all_final and self._open_count else self.certainty

    @property
    def certainty(self) -> Certainty:
        """How certain the end is, even if the wait goes on until all messages are final."""
        if self._delivered_count >= self.goal.needed:
            return Certainty.REACHED
        if self._delivered_count + self._open_count < self.goal.needed:
            return Certainty.LOST
        return Certainty.OPEN

    @property
    def next_due(self) -> float | None:
        """When the next message is due; ``None`` if none is scheduled."""
        return self._schedule[0][0] if self._schedule else None

    def pop_due(self) -> tuple[float, int]:
        """Remove the message that is due first from the schedule; return when it is due, and its position.

        :raises IndexError: no message is scheduled
        """
        return heapq.heappop(self._schedule)

    def requeue(self, position: int, due: float) -> None:
        """Schedule a message that could not be polled for the same instant again."""
        heapq.heappush(self._schedule, (due, position))

    def record_report(self, position: int, report: Report | None, now: float) -> None:
        """Record what the service says about a message.

        :param position: of the message
        :param report: the report; ``None`` if the service does not know the message (yet)
        :param now: when the service said so
        """
        self._foreign_refusals = 0
        if report is None:
            self._absent |= 1 << position
            # A message that the service has known is not missing because of one response without it.
            if self._is_absent(position) and now - self._started_at >= self._pace.grace_period:
                report = MISSING
        else:
            self._seen |= 1 << position
        if report is not None:
            self._set_report(position, report)
        if self._is_open(position):
            self._reschedule(position, now)

    def record_failure(self, position: int, now: float) -> None:
        """Record that a poll failed for a temporary reason."""
        self._reschedule(position, now)

    def record_refusal(self, error: DysmsError, now: float) -> bool:
        """Record an error; return whether it ends the wait, as a permanent error of the service does at once.

        A permanent error without one of the vendor's codes comes from something on the way, such as a proxy, or a
        gateway that is being replaced. It ends the wait only if nothing else has come for a while.
        """
        if not is_permanent(error):
            return False
        if error.code is not None or error.http_status is None:
            return True
        if not self._foreign_refusals:
            self._foreign_refusals_since = now
        self._foreign_refusals += 1
        lasted = now - self._foreign_refusals_since
        return self._foreign_refusals >= MIN_FOREIGN_REFUSALS and lasted >= MIN_FOREIGN_REFUSAL_SECONDS

    def merge(self, reports: Mapping[int, Report], absent: Iterable[int] = ()) -> None:
        """Add what another process has found out about messages that are still open here.

        :param reports: by position
        :param absent: positions of messages that the service did not know
        """
        for position in absent:
            if 0 <= position < self.goal.count:
                self._absent |= 1 << position
        for position, report in reports.items():
            if 0 <= position < self.goal.count and self._is_open(position):
                self._seen |= 1 << position
                self._set_report(position, report)

    def known_reports(self) -> dict[int, Report]:
        """Return the reports by position, without messages about which nothing is known."""
        return dict(self._reports)

    @property
    def absent(self) -> frozenset[int]:
        """Positions of the messages that were polled and that the service never knew."""
        return frozenset(filter(self._is_absent, range(self.goal.count)))

    def final_reports(self) -> list[Report]:
        """Return one report per message, as the wait ends: messages that the service never knew are missing."""
        absent = self.absent
        return [
            MISSING if report.is_open and position in absent else report for position, report in enumerate(self.reports)
        ]

    def gap(self, now: float) -> float:
        """Return the seconds until the next poll, for a caller that polls all open messages at once."""
        return max(self._next_poll(now, bool(self.absent)) - now, 0.0)

    def _set_report(self, position: int, report: Report) -> None:
        if not self._reports:
            self._reports = {}
        self._reports[position] = report
        if not report.is_open:
            self._open_count -= 1
            self._delivered_count += report.state is State.DELIVERED

    def _is_open(self, position: int) -> bool:
        return self._reports.get(position, UNKNOWN).is_open

    def _is_absent(self, position: int) -> bool:
        return bool((self._absent & ~self._seen) >> position & 1)

    def _reschedule(self, position: int, now: float) -> None:
        if now < self.deadline:
            self.requeue(position, self._next_poll(now, self._is_absent(position)))

    def _next_poll(self, now: float, is_absent: bool) -> float:
        due = min(now + self._pace.gap(now - self._started_at), self.deadline)
        end_of_grace = self._started_at + self._pace.grace_period
        return min(due, end_of_grace) if is_absent and now < end_of_grace else due
