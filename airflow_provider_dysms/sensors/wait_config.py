"""How a wait begins: everything is checked before anything is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.sensors.state_store import MOST_STORED, kept_by_last_poke, stored_size
from airflow_provider_dysms.sensors.worker_wait import WaitConfig, WorkerWait
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.targets import WatchedSendDetail
from airflow_provider_dysms.waits.wait import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from airflow_provider_dysms.sensors.base import DysmsWaitSensor
    from airflow_provider_dysms.waits.targets import Watched

#: Most messages that one task watches.
MOST_MESSAGES = 1000

#: Airflow interrupts a poking task by an alarm, which an event loop can swallow; so many seconds later we end it.
ALARM_SLACK = 5.0

#: ``max_wait=0`` is one to Airflow, which looks at it only now and then; seconds.
SHORTEST_GAP = 1.0

MAP_IT = "map the task over parts of the list (expand)"


def begin(sensor: DysmsWaitSensor, context: Context) -> WorkerWait:
    """Return the wait of a task: a new one, or the one that an earlier hop of the same try began.

    :raises DysmsInputError: an argument or the connection is wrong; nothing was asked
    :raises DysmsTaskError: the connection is not found
    """
    sensor.check_arguments()
    # The argument that names the messages is the first that is given.
    argument = next(name for name in sensor.template_fields if getattr(sensor, name) is not None)
    hook, started_at = DysmsHook(sensor.dysms_conn_id), _started_at(sensor, context)
    watched = sensor.watched(hook, datetime.fromtimestamp(started_at, UTC))
    if len(watched) > MOST_MESSAGES:
        problem = f"names {len(watched)} messages, and one task watches up to {MOST_MESSAGES}: {MAP_IT}"
        raise DysmsInputError(argument, problem)
    identities = [_identity(each) for each in watched]
    for place, identity in enumerate(identities, 1):
        if (first := identities.index(identity) + 1) < place:
            raise DysmsInputError(argument, f"names a message twice (numbers {first} and {place} of the list)")
    goal = Goal.parse(sensor.wait_for, len(watched))
    limit, seconds = _limit(sensor)
    terms = WaitConfig(
        watched=watched,
        digests=sensor.digests(hook, json.dumps(identities).encode()),
        goal=goal,
        wait_for=sensor.wait_for,
        pace=_pace(sensor),
        until_all_final=sensor.until_all_final,
        started_at=started_at,
        seconds=seconds,
        limit=limit,
    )
    if sensor.deferrable and (size := stored_size(sensor.trigger(hook, terms, ""))) > MOST_STORED:
        problem = f"needs {size} bytes of Airflow's database for a deferred task, {MOST_STORED} are the most: {MAP_IT}"
        raise DysmsInputError(argument, problem)
    known = kept_by_last_poke(context, terms.digests, sensor.log) if sensor.is_rescheduled else {}
    return WorkerWait(hook, terms, known)


def _started_at(sensor: DysmsWaitSensor, context: Context) -> float:
    ti = context["ti"]
    first = ti.get_first_reschedule_date(context) if sensor.is_rescheduled else None
    return float((first or ti.start_date).timestamp())


def _identity(watched: Watched) -> Sequence[str | None]:
    """Return what tells a message from every other; not the day, which a default may move while the task waits."""
    number = [watched.phone_number] if isinstance(watched, WatchedSendDetail) else []
    return [*number, *watched.handle.values()]


def _limit(sensor: DysmsWaitSensor) -> tuple[str, float]:
    """Return which time limit ends the wait, and how many seconds after its start."""
    execution = float("inf") if sensor.execution_timeout is None else sensor.execution_timeout.total_seconds()
    if not sensor.deferrable:
        execution += ALARM_SLACK  # the alarm comes first
    if execution < sensor.allowed and not sensor.is_rescheduled:
        return "execution_timeout", execution
    return "timeout", sensor.allowed


def _pace(sensor: DysmsWaitSensor) -> Pace:
    longest = sensor.max_poke_interval
    if sensor.max_wait is not None:
        longest = min(longest, max(sensor.max_wait.total_seconds(), SHORTEST_GAP))
    return Pace(sensor.poke_interval, longest, sensor.grace_period)
