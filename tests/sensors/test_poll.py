"""One look: every open message is asked once, and a service that is gone costs a look no more than it must."""

from __future__ import annotations

import time
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook, DysmsTaskFailed
from airflow_provider_dysms.model.errors import DysmsError, DysmsTransportError
from airflow_provider_dysms.sensors.poll import MAX_CONCURRENT, MAX_FAILURES, RETRY_POLICY, poll_open
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.targets import WatchedMessage
from airflow_provider_dysms.waits.wait import Certainty, Pace, Wait

#: Put together here, because Airflow keeps the source of a DAG file, and this is one.
ABROAD = "852" + "51234567"
COUNT = 400


@pytest.fixture
def ids(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of messages that were delivered."""
    plenty = {"QueryMessage": 10_000}
    emulator.quotas(**plenty)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, quota=plenty))
    return [each["message_id"] for each in emulator.add_messages([{"phone_number": ABROAD}] * COUNT)]


def new_wait(count: int = COUNT) -> Wait:
    return Wait(Goal(count, count), Pace(), started_at=time.time(), deadline=time.time() + 3600)


def look(wait: Wait, ids: list[str]) -> list[DysmsError]:
    watched = [WatchedMessage(message_id) for message_id in ids]
    return DysmsHook().run(lambda client: poll_open(client, wait, watched), retry=RETRY_POLICY)


def test_every_open_message_is_asked_once(emulator: Emulator, ids: list[str]) -> None:
    wait = new_wait()
    emulator.fault("business", code="isv.SYSTEM_ERROR", action="QueryMessage", where={"MessageId": ids[5]}, times=2)
    (error,) = look(wait, ids)
    assert error.code == "isv.SYSTEM_ERROR"
    assert [place for place, report in enumerate(wait.reports) if report.is_open] == [5]
    emulator.reset("requests")
    assert look(wait, ids) == []
    assert [call["parameters"]["MessageId"] for call in emulator.calls()] == [ids[5]]
    assert wait.decision is Certainty.REACHED


def test_a_service_that_is_gone_is_not_asked_for_every_message(emulator: Emulator, ids: list[str]) -> None:
    wait = new_wait()
    emulator.fault("reset", action="QueryMessage", times=None)
    errors = look(wait, ids)
    assert {type(error) for error in errors} == {DysmsTransportError}
    assert MAX_FAILURES <= len(errors) <= MAX_FAILURES + MAX_CONCURRENT
    assert emulator.requests()["QueryMessage"]["requests"] <= 2 * len(errors)
    emulator.clear_faults()
    assert look(wait, ids) == []
    assert wait.decision is Certainty.REACHED


def test_what_does_not_pass_names_the_message_by_its_position_and_its_id(emulator: Emulator, ids: list[str]) -> None:
    wait = new_wait()
    where: dict[str, Any] = {"MessageId": ids[7]}
    emulator.fault("business", code="isv.INVALID_PARAMETERS", action="QueryMessage", where=where, times=None)
    with pytest.raises(DysmsTaskFailed, match=rf"^message 7 \(message_id {ids[7]}\): QueryMessage: "):
        look(wait, ids)


def test_looks_without_end_leave_no_line_behind(ids: list[str]) -> None:
    wait = new_wait(2)
    for _ in range(3):
        look(wait, ["404", "405"])
    standing = 0
    while wait.next_due is not None:
        wait.pop_due()
        standing += 1
    assert standing == 2


def test_many_that_fail_among_others_that_do_not_keep_nobody_from_being_asked(
    emulator: Emulator, ids: list[str]
) -> None:
    wait = new_wait()
    failing = range(0, COUNT, 3)
    for place in failing:
        where = {"MessageId": ids[place]}
        emulator.fault("status", status=503, code="ServiceUnavailable", action="QueryMessage", where=where, times=2)
    assert len(look(wait, ids)) == len(failing) > MAX_FAILURES
    assert [place for place, report in enumerate(wait.reports) if report.is_open] == list(failing)
