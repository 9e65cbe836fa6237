"""How a wait goes on and ends: gaps, time limits, deferral, and events of all kinds."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowTaskTimeout, TaskDeferralError

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsTaskError, DysmsTaskFailed
from airflow_provider_dysms.sensors import base, wait_config, worker_wait
from airflow_provider_dysms.sensors.dysms import DysmsDeliveryFailed, DysmsMessageSensor

#: Put together here, because Airflow keeps the source of a DAG file, and this is one.
ABROAD = "852" + "51234567"
QUICK = {"poke_interval": 0.15, "timeout": 20, "retries": 1}
DEFERRED = {**QUICK, "deferrable": True}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "soft_fail": {"soft_fail": True},
    "never_fail": {"never_fail": True},
}


def add(emulator: Emulator, *states: str, **message: Any) -> list[str]:
    return [emulator.add_message(phone_number=ABROAD, state=state, **message)["message_id"] for state in states]


def told(ends: dict[str, Any]) -> dict[str, tuple[str, type | None]]:
    return {name: (end.state, type(end.error) if end.error else None) for name, end in ends.items()}


class Clock:
    """Sleeps at once; the machine's clock follows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept: list[float] = []
        real = time.time
        monkeypatch.setattr(time, "sleep", self.slept.append)
        monkeypatch.setattr(time, "time", lambda: real() + sum(self.slept))


def test_gaps_grow_with_the_age_of_the_wait_and_the_last_poke_is_at_the_timeout(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    (waiting_id,) = add(emulator, "waiting")
    with DAG("gaps") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=waiting_id, timeout=timedelta(hours=1), exponential_backoff=True)
    clock = Clock(monkeypatch)
    began = time.time()
    (end,) = airflow.play(dag).values()
    assert isinstance(end.error, AirflowSensorTimeout)
    assert 3600 <= time.time() - began < 3660
    assert clock.slept[0] == 10
    assert all(earlier <= later + 0.1 for earlier, later in itertools.pairwise(clock.slept[:-1]))
    assert max(clock.slept) == 300
    assert len(clock.slept) < 30


@pytest.mark.parametrize(
    ("arguments", "first", "longest"),
    [
        ({"max_wait": 20}, 10, 20),
        ({"poke_interval": timedelta(seconds=30), "max_poke_interval": 40}, 30, 40),
        ({"poke_interval": 600}, 600, 600),  # nobody is asked more often than he said
        ({"poke_interval": 600, "max_wait": 5}, 5, 5),
        ({"max_wait": 0}, 1, 1),
    ],
)
def test_users_bound_the_gaps(
    arguments: dict[str, Any],
    first: float,
    longest: float,
    airflow: Any,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (waiting_id,) = add(emulator, "waiting")
    with DAG("gaps") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=waiting_id, timeout=9 * longest, **arguments)
    clock = Clock(monkeypatch)
    airflow.play(dag)
    assert (clock.slept[0], max(clock.slept)) == (first, longest)


def test_a_timeout_beyond_the_time_of_receipts_is_that_time() -> None:
    assert DysmsMessageSensor(task_id="wait", message_ids="1", timeout=timedelta(days=7)).timeout == 72 * 3600
    assert DysmsMessageSensor(task_id="wait", message_ids="1", timeout=None).timeout == 72 * 3600


def test_a_message_may_be_unknown_until_the_grace_period_ends_and_is_asked_then(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DAG("grace") as dag:
        DysmsMessageSensor(task_id="wait", message_ids="404", poke_interval=40, grace_period=100)
    clock = Clock(monkeypatch)
    (end,) = airflow.play(dag).values()
    assert isinstance(end.error, DysmsDeliveryFailed)
    assert "missing 1" in str(end.error)
    assert "account, site and region" in str(end.error)
    assert clock.slept[:2] == [40, 40]
    assert 10 < clock.slept[2] < 20
    assert len(clock.slept) == 3


def test_reports_survive_between_the_pokes_of_a_rescheduled_task_where_airflow_can_keep_them(
    airflow: Any, emulator: Emulator
) -> None:
    from airflow.sdk.execution_time import context

    arrived, pending = add(emulator, "delivered", "waiting")
    with DAG("kept") as dag:
        DysmsMessageSensor(
            task_id="wait", message_ids=[arrived, pending], mode="reschedule", **{**QUICK, "timeout": 0.5}
        )
    (end,) = airflow.play(dag).values()
    asked = [call["parameters"]["MessageId"] for call in emulator.calls()]
    assert end.path[0] == "up_for_reschedule"
    assert [row["state"] for row in end.reports] == ["delivered", "waiting"]
    assert asked.count(pending) == len(end.path)
    keeps = hasattr(context, "TaskStateStoreAccessor")
    assert asked.count(arrived) == (1 if keeps else len(end.path))


def test_a_cleared_task_asks_again_for_what_was_missing(airflow: Any, emulator: Emulator) -> None:
    (pending,) = add(emulator, "waiting")
    with DAG("cleared") as dag:
        DysmsMessageSensor(
            task_id="wait",
            message_ids=[pending, "4040"],
            wait_for="any",
            mode="reschedule",
            grace_period=0.2,
            **{**QUICK, "timeout": 0.7},
        )
    (first,) = airflow.play(dag).values()
    add(emulator, "delivered", message_id="4040")
    (second,) = airflow.play(dag, cleared=True).values()
    assert (first.state, second.state) == ("failed", "success")
    assert [row["state"] for row in first.reports] == ["waiting", "missing"]
    assert [row["state"] for row in second.result] == ["waiting", "delivered"]


def test_reports_that_were_kept_are_not_taken_for_those_of_other_messages(airflow: Any, emulator: Emulator) -> None:
    ids = add(emulator, "delivered", "waiting")
    with DAG("kept_of_others", user_defined_macros={"ids": lambda: ids}) as dag:
        short = {**QUICK, "timeout": 0.4}
        DysmsMessageSensor(task_id="wait", message_ids="{{ ids() }}", mode="reschedule", **short)
    (first,) = airflow.play(dag).values()
    ids.reverse()
    (second,) = airflow.play(dag, cleared=True).values()
    assert [[row["state"] for row in end.reports] for end in (first, second)] == [
        ["delivered", "waiting"],
        ["waiting", "delivered"],
    ]


@pytest.mark.parametrize("mode", [{}, {"mode": "reschedule"}, {"deferrable": True}])
def test_a_timeout_says_what_is_known(airflow: Any, emulator: Emulator, mode: dict[str, Any]) -> None:
    ids = add(emulator, "delivered", "waiting")
    with DAG("timeout") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=ids, **{**QUICK, "timeout": 0.4}, **mode)
    (end,) = airflow.play(dag).values()
    assert str(end.error) == (
        "timeout of 0.4 s: 0 of 2 messages did not arrive, 1 arrived, 1 are open; wait_for='all' needs 2"
    )


def test_a_service_that_does_not_answer_is_not_asked_on_and_on_within_one_look(
    airflow: Any, emulator: Emulator
) -> None:
    emulator.fault("status", status=503, code="ServiceUnavailable", action="QueryMessage", times=None)
    with DAG("impatient") as dag:
        DysmsMessageSensor(task_id="wait", message_ids="17", timeout=0)
    (end,) = airflow.play(dag).values()
    assert isinstance(end.error, AirflowSensorTimeout)
    assert emulator.requests()["QueryMessage"]["requests"] == 2


def test_nothing_is_pushed_where_the_user_said_so(airflow: Any, emulator: Emulator) -> None:
    with DAG("quiet") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=add(emulator, "failed"), do_xcom_push=False)
    (end,) = airflow.play(dag).values()
    assert (end.state, end.result, end.reports) == ("failed", None, None)


@pytest.mark.parametrize("mode", [{}, {"deferrable": True}])
def test_execution_timeout_counts_from_the_start_of_the_try_and_is_tried_again(
    airflow: Any, emulator: Emulator, mode: dict[str, Any]
) -> None:
    (pending,) = add(emulator, "waiting")
    limit = {"execution_timeout": timedelta(seconds=1.2)}
    with DAG("execution") as dag:
        for name, setting in SETTINGS.items():
            DysmsMessageSensor(task_id=name, message_ids=pending, **QUICK, **limit, **setting, **mode)
    ends = airflow.play(dag)
    assert {name: end.state for name, end in ends.items()} == {
        "plain": "up_for_retry",
        "soft_fail": "skipped",
        "never_fail": "skipped",
    }
    assert isinstance(ends["plain"].error, AirflowTaskTimeout)
    # A worker is interrupted by Airflow itself.
    assert str(ends["plain"].error).startswith("execution_timeout of 1.2 s: " if mode else "Timeout, PID")
    assert [row["state"] for end in ends.values() for row in end.reports] == ["waiting"] * 3


def test_execution_timeout_does_not_count_the_time_between_the_pokes_of_a_rescheduled_task(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait_config, "ALARM_SLACK", 0)
    (pending,) = add(emulator, "waiting")
    with DAG("rescheduled") as dag:
        limits = {"execution_timeout": timedelta(seconds=2), "timeout": 2.4, "poke_interval": 0.6}
        DysmsMessageSensor(task_id="wait", message_ids=pending, mode="reschedule", **limits)
    (end,) = airflow.play(dag).values()
    assert isinstance(end.error, AirflowSensorTimeout)


@pytest.mark.parametrize("setting", SETTINGS)
def test_execution_timeout_interrupts_a_look_that_hangs_and_keeps_what_it_found(
    airflow: Any, emulator: Emulator, setting: str
) -> None:
    arrived, pending = add(emulator, "delivered", "waiting")
    emulator.fault("stall", action="QueryMessage", where={"MessageId": pending}, seconds=3, times=None)
    with DAG("hanging") as dag:
        limit = timedelta(seconds=1.2)
        ids = [arrived, pending]
        DysmsMessageSensor(task_id="wait", message_ids=ids, execution_timeout=limit, **QUICK, **SETTINGS[setting])
    (end,) = airflow.play(dag).values()
    assert end.state == ("up_for_retry" if setting == "plain" else "skipped")
    assert [row["state"] for row in end.reports] == ["delivered", "waiting"]


def test_each_try_waits_anew(airflow: Any, emulator: Emulator, run: Any) -> None:
    (message_id,) = add(emulator, "waiting")
    started: list[float] = []

    def arrive_during_the_second_try(ti: Any, row: Any) -> Any:
        started.append(row.kwargs["started_at"])
        if len(started) == 2:
            emulator.reset()
            add(emulator, "delivered", message_id=message_id)
        return run

    with DAG("tries") as dag:
        limit = timedelta(seconds=1.2)
        DysmsMessageSensor(task_id="wait", message_ids=message_id, execution_timeout=limit, **DEFERRED)
    (end,) = airflow.play(dag, arrive_during_the_second_try, tries=2).values()
    assert end.path == ["deferred", "up_for_retry", "deferred", "success"]
    assert started[1] - started[0] >= 1.2
    assert (len(end.result), end.reports) == (1, None)  # what the first try had kept is gone


@pytest.mark.parametrize("mode", [{}, {"mode": "reschedule"}, {"deferrable": True}])
def test_a_connection_that_is_not_found_is_tried_again(airflow: Any, emulator: Emulator, mode: dict[str, Any]) -> None:
    with DAG("nowhere") as dag:
        for name, setting in SETTINGS.items():
            DysmsMessageSensor(task_id=name, message_ids="1", dysms_conn_id="gone", **QUICK, **setting, **mode)
    ends = airflow.play(dag)
    assert {name: end.state for name, end in ends.items()} == {
        "plain": "up_for_retry",
        "soft_fail": "up_for_retry",
        "never_fail": "skipped",
    }
    assert isinstance(ends["plain"].error, DysmsTaskError)


def test_silent_fail_waits_on_until_the_connection_is_there(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    (arrived,) = add(emulator, "delivered")
    with DAG("silent") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=arrived, dysms_conn_id="late", silent_fail=True, **QUICK)

    def sleep(seconds: float) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_LATE", emulator.connection_json())

    monkeypatch.setattr(time, "sleep", sleep)
    (end,) = airflow.play(dag).values()
    assert end.state == "success"


@pytest.mark.parametrize("mode", [{}, {"mode": "reschedule"}, {"deferrable": True}])
def test_silent_fail_does_not_outlast_the_timeout(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, mode: dict[str, Any]
) -> None:
    monkeypatch.setattr("airflow_provider_dysms.waits.polling.client_source.MISSING_LOOKUP_PAUSE", 0.3)
    with DAG("silent") as dag:
        short = {**QUICK, "timeout": 0.5}
        DysmsMessageSensor(task_id="wait", message_ids="1", dysms_conn_id="gone", silent_fail=True, **short, **mode)
    (end,) = airflow.play(dag).values()
    assert isinstance(end.error, AirflowSensorTimeout)
    assert str(end.error).startswith("timeout of 0.5 s: the last step failed: dysms_conn_id: the connection 'gone'")


def test_airflow_gives_up_on_a_trigger_only_after_its_own_last_look(airflow: Any, emulator: Emulator, run: Any) -> None:
    from airflow_provider_dysms.waits.wait import LAST_POLL_SECONDS

    (pending,) = add(emulator, "waiting")
    seen: list[tuple[Any, dict[str, Any]]] = []

    def note(ti: Any, row: Any) -> Any:
        seen.append((ti.trigger_timeout, row.kwargs))
        return run

    with DAG("deferral") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=[pending, "404"], max_wait=9, **{**DEFERRED, "timeout": 2})
    airflow.play(dag, note)
    ((trigger_timeout, stored),) = seen
    assert trigger_timeout.timestamp() > stored["deadline"] + LAST_POLL_SECONDS + base.TRIGGER_SLACK / 2
    assert stored["asked_at"] == pytest.approx(stored["started_at"], abs=20)
    assert stored["deadline"] - stored["started_at"] == pytest.approx(2)
    assert (stored["count"], stored["needed"], stored["poke_interval"], stored["max_poke_interval"]) == (2, 2, 0.15, 9)
    assert stored["known"]


def test_what_is_known_is_left_out_where_it_would_not_fit(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    ids = add(emulator, "delivered", "waiting")
    known: list[str] = []
    with DAG("tight") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=ids, **{**DEFERRED, "timeout": 2})
    airflow.play(dag, lambda ti, row: known.append(row.kwargs["known"]) or run)
    plan = {"message_ids": ids, "dysms_conn_id": "dysms_default"}
    monkeypatch.setattr(worker_wait, "MAX_TRIGGER_BYTES", 4 * (len(json.dumps(plan)) + 420) // 3)
    (end,) = airflow.play(dag, lambda ti, row: known.append(row.kwargs["known"]) or run).values()
    assert [bool(each) for each in known] == [True, False]
    assert [row["state"] for row in end.reports] == ["delivered", "waiting"]


@pytest.mark.parametrize("state", ["delivered", "failed", "waiting"])
def test_a_wait_whose_triggerer_died_takes_a_last_look(airflow: Any, emulator: Emulator, dead: Any, state: str) -> None:
    (message_id,) = add(emulator, "waiting")
    limited = {"limited": {"execution_timeout": timedelta(seconds=10)}}
    with DAG("dead") as dag:
        for name, setting in {**SETTINGS, **limited}.items():
            DysmsMessageSensor(task_id=name, message_ids=message_id, **setting, **DEFERRED)

    def die(ti: Any, row: Any) -> Any:
        if state != "waiting":
            emulator.reset()
            add(emulator, state, message_id=message_id)
        return dead

    ends = airflow.play(dag, die)
    skipped = ("skipped", None)
    lost = {"soft_fail": skipped, "never_fail": skipped}
    expected: dict[str, dict[str, Any]] = {
        "delivered": dict.fromkeys([*SETTINGS, "limited"], ("success", None)),
        "failed": {**lost, **dict.fromkeys(["plain", "limited"], ("failed", DysmsDeliveryFailed))},
        "waiting": {**lost, "plain": ("failed", AirflowSensorTimeout), "limited": ("up_for_retry", AirflowTaskTimeout)},
    }
    assert told(ends) == expected[state]
    assert {row["state"] for end in ends.values() for row in end.result or end.reports} == {state}


def test_a_trigger_that_fails_is_tried_again_with_the_reports_kept(airflow: Any, emulator: Emulator, run: Any) -> None:
    (pending,) = add(emulator, "waiting")
    failed: list[str] = []

    def fail_once(ti: Any, row: Any) -> Any:
        if ti.task_id in failed:
            return run
        failed.append(ti.task_id)
        return RuntimeError("the triggerer lost its mind")

    with DAG("failing") as dag:
        for name, setting in {**SETTINGS, "silent_fail": {"silent_fail": True, "timeout": 2}}.items():
            DysmsMessageSensor(task_id=name, message_ids=pending, **{**DEFERRED, **setting})
    ends = airflow.play(dag, fail_once)
    assert told(ends) == {
        "plain": ("up_for_retry", TaskDeferralError),
        "soft_fail": ("up_for_retry", TaskDeferralError),
        "never_fail": ("skipped", None),
        "silent_fail": ("failed", AirflowSensorTimeout),
    }
    assert ends["silent_fail"].path[:2] == ["deferred", "deferred"]
    assert [row["state"] for end in ends.values() for row in end.reports] == ["waiting"] * 4


def event(row: Any, **changed: Any) -> dict[str, Any]:
    """Return the event of a trigger whose two messages were delivered."""
    reports = [[place, "delivered", "DELIVERED", 1_700_000_000, 1_700_000_003] for place in (0, 1)]
    return {"digest": row.kwargs["digest"], "ended": "decided", "reports": reports, **changed}


@pytest.mark.parametrize(
    ("changed", "ended", "error"),
    [
        ({}, "success", None),
        ({"version": 9, "weather": "fine"}, "success", None),
        ({"reports": [[place, "delivered", None, None, None, "newer"] for place in (0, 1)]}, "success", None),
        ({"reports": [[0, "levitating", None, 1, 2]]}, "up_for_retry", DysmsTaskError),
        ({"reports": [[0, "delivered", None, "yesterday", 2]]}, "up_for_retry", DysmsTaskError),
        ({"ended": "refused", "error": "QueryMessage: no", "reports": []}, "failed", DysmsTaskFailed),
        ({"ended": "refused", "error": "gone", "is_lasting": False}, "up_for_retry", DysmsTaskError),
        ({"ended": "timeout", "reports": []}, "failed", AirflowSensorTimeout),
        ({"ended": "timeout", "reports": [], "limit": "execution_timeout"}, "up_for_retry", AirflowTaskTimeout),
        ({"ended": "timeout", "reports": [], "absent": [0, 1]}, "failed", AirflowSensorTimeout),
        ({"digest": "0" * 16}, "failed", DysmsTaskFailed),
        ({"digest": None}, "up_for_retry", DysmsTaskError),
    ],
)
def test_events_of_this_release_and_of_others_are_read(
    airflow: Any, emulator: Emulator, changed: dict[str, Any], ended: str, error: type | None
) -> None:
    with DAG("events") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=add(emulator, "waiting", "waiting"), **DEFERRED)
    ends = airflow.play(dag, lambda ti, row: event(row, **changed))
    assert told(ends) == {"wait": (ended, error)}
    (end,) = ends.values()
    assert len(end.result or end.reports) == 2
    if changed.get("absent"):
        assert [row["state"] for row in end.reports] == ["missing", "missing"]


def test_a_wait_that_is_not_decided_after_all_goes_on(airflow: Any, emulator: Emulator, run: Any) -> None:
    ids = add(emulator, "waiting", "waiting")
    events: list[Callable[[Any], Any]] = [lambda row: event(row, reports=[]), lambda row: event(row)]
    with DAG("undecided") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=ids, **DEFERRED)
    (end,) = airflow.play(dag, lambda ti, row: events.pop(0)(row)).values()
    assert end.path == ["deferred", "deferred", "success"]


@pytest.mark.parametrize("ended", ["decided", "timeout"])
def test_what_is_certain_counts_when_the_trigger_has_ended_though_not_everything_is_final(
    airflow: Any, emulator: Emulator, ended: str
) -> None:
    with DAG("certain") as dag:
        both = {"message_ids": add(emulator, "waiting", "waiting"), "until_all_final": True, **DEFERRED}
        DysmsMessageSensor(task_id="reached", wait_for="any", **both)
        DysmsMessageSensor(task_id="lost", **both)

    def end(ti: Any, row: Any) -> Any:
        state = "delivered" if ti.task_id == "reached" else "failed"
        return event(row, ended=ended, reports=[[0, state, None, None, None]])

    ends = airflow.play(dag, end)
    assert told(ends) == {"lost": ("failed", DysmsDeliveryFailed), "reached": ("success", None)}


def test_a_wait_whose_time_is_over_does_not_go_back_to_the_triggerer(airflow: Any, emulator: Emulator) -> None:
    with DAG("over") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=add(emulator, "waiting"), **{**DEFERRED, "timeout": 1})

    def too_late(ti: Any, row: Any) -> Any:
        time.sleep(1)
        return event(row, reports=[])

    (end,) = airflow.play(dag, too_late).values()
    assert end.path == ["deferred", "failed"]
    assert isinstance(end.error, AirflowSensorTimeout)


def test_messages_that_changed_while_the_task_waited_are_said(airflow: Any, emulator: Emulator) -> None:
    ids = add(emulator, "waiting", "waiting")
    with DAG("changed", user_defined_macros={"ids": lambda: ids}) as dag:
        DysmsMessageSensor(task_id="wait", message_ids="{{ ids() }}", **DEFERRED)

    def change(ti: Any, row: Any) -> Any:
        ids.reverse()
        return event(row)

    (end,) = airflow.play(dag, change).values()
    assert isinstance(end.error, DysmsTaskFailed)
    assert str(end.error).startswith("The task names other messages than when its wait began")


def test_what_is_certain_counts_at_the_timeout_although_airflow_counts_the_time_too(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DAG("counted_twice") as dag:
        limits = {**QUICK, "timeout": 0.4, "until_all_final": True, "mode": "reschedule"}
        ids = add(emulator, "failed", "waiting")
        for name, setting in SETTINGS.items():
            DysmsMessageSensor(task_id=name, message_ids=ids, **limits, **setting)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 0.3)  # Airflow's clock is ahead of ours
    ends = airflow.play(dag)
    skipped = ("skipped", None)
    assert told(ends) == {"plain": ("failed", DysmsDeliveryFailed), "soft_fail": skipped, "never_fail": skipped}
