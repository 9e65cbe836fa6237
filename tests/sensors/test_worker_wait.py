"""A wait polls, takes over an event and judges without a task: the hook and values are enough."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowTaskTimeout

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsDeliveryFailed, DysmsTaskError, DysmsTaskFailed
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.sensors import worker_wait
from airflow_provider_dysms.sensors.wait_config import WaitConfig
from airflow_provider_dysms.sensors.worker_wait import WorkerWait
from airflow_provider_dysms.triggers.dysms import DysmsMessageTrigger
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.targets import WatchedMessage
from airflow_provider_dysms.waits.wait import Pace

ABROAD = "852" + "51234567"
DIGEST = "0" * 16
LOG = logging.getLogger("of a task")


def new_wait(*ids: str, needed: int | None = None, **changes: Any) -> WorkerWait:
    config: dict[str, Any] = {
        "watched": [WatchedMessage(each) for each in ids],
        "digests": (DIGEST, "1" * 16),
        "goal": Goal(needed or len(ids), len(ids)),
        "wait_for": needed or "all",
        "pace": Pace(),
        "until_all_final": False,
        "started_at": time.time(),
        "limit": "timeout",
        "limit_seconds": 60.0,
    }
    return WorkerWait(DysmsHook(), WaitConfig(**config | changes), {})


def event(**changed: Any) -> dict[str, Any]:
    reports = [[0, "delivered", "DELIVERED", None, None], [1, "failed", "MK:0001", None, None]]
    return {"digest": DIGEST, "ended": "decided", "reports": reports, **changed}


def test_a_poll_finds_what_became_of_the_messages(emulator: Emulator) -> None:
    ids = [emulator.add_message(phone_number=ABROAD, state=state)["message_id"] for state in ("delivered", "waiting")]
    wait = new_wait(*ids, needed=1)
    assert wait.judge(is_over=False, fail_on_failed=True) is None
    assert not wait.poll(LOG)
    reports = wait.judge(is_over=False, fail_on_failed=True)
    assert reports is not None
    assert [(row["message_id"], row["state"]) for row in reports] == [(ids[0], "delivered"), (ids[1], "waiting")]


def test_a_poll_after_the_deadline_says_so(emulator: Emulator) -> None:
    assert new_wait("404", started_at=time.time() - 90).poll(LOG)


@pytest.mark.parametrize("digest", [DIGEST, "1" * 16])
def test_an_event_decides_a_wait(digest: str) -> None:
    wait = new_wait("7", "8", needed=1)
    assert not wait.apply_event(event(digest=digest))
    reports = wait.judge(is_over=False, fail_on_failed=True)
    assert reports is not None
    assert [row["state"] for row in reports] == ["delivered", "failed"]


def test_too_few_messages_that_can_arrive_raise_or_are_returned() -> None:
    wait = new_wait("7", "8")
    wait.apply_event(event())
    with pytest.raises(DysmsDeliveryFailed, match=r"1 of 2 messages did not arrive .*: 1 \(id 8\)$") as raised:
        wait.judge(is_over=False, fail_on_failed=True)
    assert wait.judge(is_over=False, fail_on_failed=False) == raised.value.reports


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"digest": "2" * 16}, DysmsTaskFailed, "names other messages"),
        ({"digest": None}, DysmsTaskError, "the next attempt starts the wait again"),
        ({"ended": "refused", "error": "no"}, DysmsTaskFailed, "no"),
        ({"ended": "refused", "error": "down", "is_lasting": False}, DysmsTaskError, "down"),
        ({"ended": "refused"}, DysmsTaskFailed, "without a reason"),
    ],
)
def test_an_event_that_decides_nothing_is_raised(changed: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        new_wait("7", "8").apply_event(event(**changed))


@pytest.mark.parametrize(
    ("limit", "error"), [("timeout", AirflowSensorTimeout), ("execution_timeout", AirflowTaskTimeout)]
)
def test_the_limit_decides_which_timeout_is_raised(limit: str, error: type[BaseException]) -> None:
    with pytest.raises(error, match=f"^{limit} of 60 s: 0 of 1 messages did not arrive"):
        new_wait("7", limit=limit).judge(is_over=True, fail_on_failed=True)
    wait = new_wait("7")
    assert wait.apply_event(event(ended="timeout", limit=limit, reports=[]))  # the trigger's limit counts
    with pytest.raises(error):
        wait.judge(is_over=True, fail_on_failed=True)


def test_reports_that_do_not_fit_are_left_out_of_the_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(hook: DysmsHook, config: WaitConfig, known: str) -> DysmsMessageTrigger:
        return DysmsMessageTrigger(message_ids=["7", "8"], **config.spec(known).stored())

    wait = new_wait("7", "8", until_all_final=True)
    wait.apply_event(event())
    assert wait.trigger(make).serialize()[1]["known"]
    monkeypatch.setattr(worker_wait, "MAX_TRIGGER_BYTES", 500)
    assert wait.trigger(make).serialize()[1]["known"] == ""
