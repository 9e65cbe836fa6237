"""The options of a wait are checked and computed from values: no operator, no task, no event loop."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.sensors.wait_config import (
    ALARM_SLACK,
    MAX_MESSAGES,
    WaitConfig,
    bounded_pace,
    time_limit,
    unique_identities,
)
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.serialization import WaitSpec
from airflow_provider_dysms.waits.targets import Watched, WatchedMessage, WatchedSendDetail
from airflow_provider_dysms.waits.wait import Pace

NUMBER = "139" + "00001111"


def detail(day: int, biz_id: str | None = "1^0", out_id: str | None = None) -> WatchedSendDetail:
    return WatchedSendDetail(NUMBER, date(2026, 11, day), biz_id, out_id)


def test_identities_are_those_of_the_messages_in_order_and_leave_the_day_out() -> None:
    identities = unique_identities("sent", [detail(1), detail(2, "2^0")])
    assert identities == unique_identities("sent", [detail(5), detail(6, "2^0")])
    assert json.loads(identities) == [[NUMBER, "1^0", None], [NUMBER, "2^0", None]]
    assert identities != unique_identities("sent", [detail(2, "2^0"), detail(1)])


@pytest.mark.parametrize("watched", [[detail(1), detail(2)], [WatchedMessage("7"), WatchedMessage("7")]])
def test_a_message_that_is_named_twice_is_refused_by_its_places(watched: list[Watched]) -> None:
    with pytest.raises(DysmsInputError, match=r"sent names a message twice \(numbers 2 and 3 of the list\)") as raised:
        unique_identities("sent", [WatchedMessage("1"), *watched])
    assert NUMBER not in str(raised.value)


def test_more_messages_than_a_task_can_watch_are_refused() -> None:
    ids: list[Watched] = [WatchedMessage(str(place)) for place in range(MAX_MESSAGES + 1)]
    with pytest.raises(DysmsInputError, match="names 1001 messages, but one task can watch up to 1000: map the task"):
        unique_identities("message_ids", ids)
    assert unique_identities("message_ids", ids[1:])


@pytest.mark.parametrize(
    ("execution_timeout", "is_deferrable", "is_rescheduled", "expected"),
    [
        (None, False, False, ("timeout", 60.0)),
        (timedelta(seconds=30), True, False, ("execution_timeout", 30.0)),
        (timedelta(seconds=30), False, False, ("execution_timeout", 30.0 + ALARM_SLACK)),
        (timedelta(seconds=30), False, True, ("timeout", 60.0)),  # it limits each poll there
        (timedelta(seconds=60), True, False, ("timeout", 60.0)),
        (timedelta(seconds=90), True, False, ("timeout", 60.0)),
    ],
)
def test_the_shorter_limit_ends_the_wait(
    execution_timeout: timedelta | None, is_deferrable: bool, is_rescheduled: bool, expected: tuple[str, float]
) -> None:
    modes = {"is_deferrable": is_deferrable, "is_rescheduled": is_rescheduled}
    assert time_limit(60.0, execution_timeout, **modes) == expected


@pytest.mark.parametrize(
    ("max_wait", "longest"),
    [(None, 300.0), (timedelta(seconds=20), 20.0), (timedelta(0), 1.0), (timedelta(hours=1), 300.0)],
)
def test_max_wait_lowers_the_longest_gap(max_wait: timedelta | None, longest: float) -> None:
    pace = bounded_pace(poke_interval=10.0, max_poke_interval=300.0, max_wait=max_wait, grace_period=60.0)
    assert pace == Pace(10.0, longest, 60.0)


def test_a_trigger_stores_what_the_wait_needs_to_go_on() -> None:
    config = WaitConfig(
        watched=[WatchedMessage("1"), WatchedMessage("2")],
        digests=("stored", "earlier"),
        goal=Goal(1, 2),
        wait_for="any",
        pace=Pace(5.0, 50.0, 500.0),
        until_all_final=True,
        started_at=1000.0,
        limit="execution_timeout",
        limit_seconds=60.0,
    )
    spec = config.spec("")
    assert WaitSpec.restore(spec.stored()) == spec
    assert (spec.digest, spec.count, spec.needed, spec.started_at, spec.deadline) == ("stored", 2, 1, 1000.0, 1060.0)
    assert (spec.limit, spec.until_all_final) == ("execution_timeout", True)
    assert (spec.poke_interval, spec.max_poke_interval, spec.grace_period) == (5.0, 50.0, 500.0)
