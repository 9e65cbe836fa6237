"""The options of one wait of a sensor, computed from plain values: messages, time limit, pace, goal."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.waits.serialization import WaitSpec
from airflow_provider_dysms.waits.targets import WatchedSendDetail
from airflow_provider_dysms.waits.wait import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from airflow_provider_dysms.waits.goal import Goal
    from airflow_provider_dysms.waits.targets import Watched

#: Messages that one task can watch.
MAX_MESSAGES = 1000

#: Airflow interrupts a polling task by an alarm, which an event loop can swallow; this many seconds later we end it.
ALARM_SLACK = 5.0

#: Shortest gap in seconds if ``max_wait`` is lower: Airflow allows ``max_wait=0``.
MIN_GAP = 1.0

#: What to do with too many messages.
MAP_THE_TASK = "map the task over parts of the list (expand)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitConfig:
    """The messages that a wait watches, and when it ends.

    :param watched: the messages, by position
    :param digests: digests of the messages: first the one to store, then those that earlier releases and earlier
        secrets have stored
    :param goal: how many messages must arrive
    :param wait_for: the same, as the user wrote it
    :param pace: when to poll again
    :param until_all_final: go on until no message is open
    :param started_at: when the wait began, seconds since 1970
    :param limit: the argument that limits the wait: ``timeout`` or ``execution_timeout``
    :param limit_seconds: its value
    """

    watched: Sequence[Watched]
    digests: tuple[str, ...]
    goal: Goal
    wait_for: object
    pace: Pace
    until_all_final: bool
    started_at: float
    limit: str
    limit_seconds: float

    @property
    def deadline(self) -> float:
        """When the wait ends, whatever is known; seconds since 1970."""
        return self.started_at + self.limit_seconds

    def spec(self, known: str) -> WaitSpec:
        """Return the form of the wait that a trigger stores, as of now.

        :param known: reports that are known, packed
        """
        return WaitSpec(
            digest=self.digests[0],
            count=self.goal.count,
            needed=self.goal.needed,
            started_at=self.started_at,
            asked_at=time.time(),
            deadline=self.deadline,
            limit=self.limit,
            until_all_final=self.until_all_final,
            poke_interval=self.pace.poke_interval,
            max_poke_interval=self.pace.max_poke_interval,
            grace_period=self.pace.grace_period,
            known=known,
        )


def unique_identities(argument: str, watched: Sequence[Watched]) -> bytes:
    """Return what identifies the messages, in order; to be digested, because it holds phone numbers.

    :param argument: the argument that names the messages
    :param watched: the messages
    :raises DysmsInputError: there are too many messages, or one is named twice
    """
    if len(watched) > MAX_MESSAGES:
        problem = f"names {len(watched)} messages, but one task can watch up to {MAX_MESSAGES}: {MAP_THE_TASK}"
        raise DysmsInputError(argument, problem)
    identities = [_identity(each) for each in watched]
    first_places: dict[tuple[str | None, ...], int] = {}
    for place, identity in enumerate(identities, 1):
        if (first := first_places.setdefault(identity, place)) < place:
            raise DysmsInputError(argument, f"names a message twice (numbers {first} and {place} of the list)")
    return json.dumps(identities).encode()


def time_limit(
    timeout: float, execution_timeout: timedelta | None, *, is_deferrable: bool, is_rescheduled: bool
) -> tuple[str, float]:
    """Return which argument limits a wait, and how many seconds the wait may take.

    :param timeout: the sensor's ``timeout``, seconds
    :param execution_timeout: the task's ``execution_timeout``
    :param is_deferrable: whether a trigger goes on with the wait
    :param is_rescheduled: whether the task leaves the worker between two polls; ``execution_timeout`` then limits each
        poll and not the wait
    """
    execution_seconds = float("inf") if execution_timeout is None else execution_timeout.total_seconds()
    if not is_deferrable:
        execution_seconds += ALARM_SLACK  # Airflow's alarm comes first
    if execution_seconds < timeout and not is_rescheduled:
        return "execution_timeout", execution_seconds
    return "timeout", timeout


def bounded_pace(
    *, poke_interval: float, max_poke_interval: float, max_wait: timedelta | None, grace_period: float
) -> Pace:
    """Return when to poll again.

    :param poke_interval: shortest gap, seconds
    :param max_poke_interval: longest gap, seconds
    :param max_wait: Airflow's own bound of the gap, which lowers ``max_poke_interval``
    :param grace_period: for how long the service may not know a message, seconds
    """
    if max_wait is not None:
        max_poke_interval = min(max_poke_interval, max(max_wait.total_seconds(), MIN_GAP))
    return Pace(poke_interval, max_poke_interval, grace_period)


def _identity(watched: Watched) -> tuple[str | None, ...]:
    """Return what tells a message from all others; not its day, because a default may move while the task waits."""
    number = [watched.phone_number] if isinstance(watched, WatchedSendDetail) else []
    return (*number, *watched.handle.values())
