"""One wait: which of its messages is to be asked next, and whether its outcome is certain.

A worker and a triggerer both drive it: they ask, it decides. Instants are seconds since 1970, because a wait goes from
one process to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import is_permanent
from airflow_provider_dysms.model.reports import MISSING, UNKNOWN, Report
from airflow_provider_dysms.waits.polling.order import due_of, number_of, ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_dysms.model.errors import DysmsError
    from airflow_provider_dysms.waits.goal import Goal


#: So many refusals that are not the service's own end a wait, when nothing else has come for so long (s).
STRANGE_ANSWERS = 3
STRANGE_FOR = 60.0


#: What is known at first, of every wait.
NOTHING: dict[int, Report] = {}


class Certainty(StrEnum):
    """What has become certain of a wait."""

    OPEN = "open"
    REACHED = "reached"  # enough have arrived
    LOST = "lost"  # enough can arrive no more


@dataclass(frozen=True, slots=True)
class Pace:
    """When to ask again: the gap is a quarter of the wait's age, within bounds.

    :param first: the gap of a young wait, seconds
    :param longest: the gap of an old one, seconds
    :param grace: seconds for which a message may be unknown to the service
    """

    first: float = 10.0
    longest: float = 300.0
    grace: float = 300.0

    def gap(self, age: float) -> float:
        """Return the seconds between two questions about one message, at an age of the wait."""
        return min(max(self.first, age / 4), self.longest)


class Wait:
    """The messages of one task, by their position.

    Thousands of waits sleep in one triggerer, so this holds few objects.

    Every message that is open stands in line once, at the instant when it is due; :meth:`take` takes it out, and
    :meth:`answer`, :meth:`fail` or :meth:`put_back` puts it in again where it must be asked again.

    :param goal: how many must arrive
    :param pace: when to ask again
    :param started_at: when the wait began
    :param deadline: when every open message is asked for the last time
    :param asked_at: when all of them were asked before; ``None``: never, and all are due at once
    :param until_all_final: go on until nothing is open, even if the outcome is certain
    :param known: reports that are known already
    """

    __slots__ = (
        "_absent",
        "_delivered",
        "_line",
        "_open",
        "_pace",
        "_reports",
        "_seen",
        "_started_at",
        "_strange",
        "_strange_since",
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
        self._reports = NOTHING
        self._pace = pace
        self._started_at = started_at
        self._until_all_final = until_all_final
        self._seen = 0  # a bit for each position
        self._absent = 0
        self._delivered = 0
        self._open = goal.count
        self._strange = 0
        self._strange_since = started_at
        self.learn(known or {})
        due = started_at if asked_at is None else min(asked_at + pace.gap(asked_at - started_at), deadline)
        self._line = tuple(ordered(due, position) for position in range(goal.count) if self._is_open(position))

    @property
    def reports(self) -> list[Report]:
        """What is known of each message."""
        return [self._reports.get(position, UNKNOWN) for position in range(self.goal.count)]

    @property
    def open_count(self) -> int:
        """How many messages are worth asking again."""
        return self._open

    @property
    def outcome(self) -> Certainty:
        """Whether the wait may end, and as what."""
        return Certainty.OPEN if self._until_all_final and self._open else self.certainty

    @property
    def certainty(self) -> Certainty:
        """What is certain, whether or not the wait goes on until all is final."""
        if self._delivered >= self.goal.needed:
            return Certainty.REACHED
        if self._delivered + self._open < self.goal.needed:
            return Certainty.LOST
        return Certainty.OPEN

    @property
    def due(self) -> float | None:
        """When the next message is due; ``None`` where none stands in line."""
        return due_of(self._line[0]) if self._line else None

    def take(self) -> tuple[float, int]:
        """Take the message that is due first out of the line, with the instant at which it is.

        :raises ValueError: nothing stands in line
        """
        first, *others = self._line
        self._line = tuple(others)
        return due_of(first), number_of(first)

    def put_back(self, position: int, due: float) -> None:
        """Put a message that could not be asked back to its place in the line."""
        self._line = tuple(sorted((*self._line, ordered(due, position))))

    def answer(self, position: int, report: Report | None, now: float) -> None:
        """Take an answer.

        :param report: what the service says; ``None``: it does not know the message, or not yet
        :param now: when it said so
        """
        self._strange = 0
        if report is None:
            self._absent |= 1 << position
            # What was seen once is not lost because one answer does not have it.
            if self._is_absent(position) and now - self._started_at >= self._pace.grace:
                report = MISSING
        else:
            self._seen |= 1 << position
        if report is not None:
            self._set(position, report)
        if self._is_open(position):
            self._ask_again(position, now)

    def fail(self, position: int, now: float) -> None:
        """Take note that there was no answer, for a reason that passes."""
        self._ask_again(position, now)

    def is_refused(self, error: DysmsError, now: float) -> bool:
        """Say whether an error ends the wait: a plain no of the service does, at once.

        A refusal without a code of the vendor comes from something on the way, such as a proxy or a gateway that is
        being replaced. It ends the wait only when nothing else has come for a while.
        """
        if not is_permanent(error):
            return False
        if error.code is not None or error.http_status is None:
            return True
        if not self._strange:
            self._strange_since = now
        self._strange += 1
        return self._strange >= STRANGE_ANSWERS and now - self._strange_since >= STRANGE_FOR

    def learn(self, reports: Mapping[int, Report], absent: Iterable[int] = ()) -> None:
        """Take what another process has found out about messages that are still open here.

        :param absent: messages that the service did not know there
        """
        for position in absent:
            if 0 <= position < self.goal.count:
                self._absent |= 1 << position
        for position, report in reports.items():
            if 0 <= position < self.goal.count and self._is_open(position):
                self._seen |= 1 << position
                self._set(position, report)

    def found(self) -> dict[int, Report]:
        """Return what is known, by position; messages of which nothing is known are left out."""
        return dict(self._reports)

    @property
    def absent(self) -> frozenset[int]:
        """The messages that the service never knew, where it was asked."""
        return frozenset(filter(self._is_absent, range(self.goal.count)))

    def final_reports(self) -> list[Report]:
        """Return one report a message, as the wait ends: what the service never knew is missing, not waiting."""
        absent = self.absent
        return [
            MISSING if report.is_open and position in absent else report for position, report in enumerate(self.reports)
        ]

    def gap(self, now: float) -> float:
        """Return the seconds until all open messages are to be asked again, for who asks them all at once."""
        return max(self._next(now, bool(self.absent)) - now, 0.0)

    def _set(self, position: int, report: Report) -> None:
        if not self._reports:
            self._reports = {}
        self._reports[position] = report
        if not report.is_open:
            self._open -= 1
            self._delivered += report.state is State.DELIVERED

    def _is_open(self, position: int) -> bool:
        return self._reports.get(position, UNKNOWN).is_open

    def _is_absent(self, position: int) -> bool:
        return bool((self._absent & ~self._seen) >> position & 1)

    def _ask_again(self, position: int, now: float) -> None:
        if now < self.deadline:
            self.put_back(position, self._next(now, self._is_absent(position)))

    def _next(self, now: float, is_absent: bool) -> float:
        due = min(now + self._pace.gap(now - self._started_at), self.deadline)
        end_of_grace = self._started_at + self._pace.grace
        return min(due, end_of_grace) if is_absent and now < end_of_grace else due
