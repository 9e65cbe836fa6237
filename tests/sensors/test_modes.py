"""The same story ends the same way in every mode, whatever a user set: one table, in Airflow's own task runner."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor

MODES = {"poke": {}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "soft_fail": {"soft_fail": True},
    "never_fail": {"never_fail": True},
    "returns": {"fail_on_failed": False},
}
#: Put together here, because Airflow keeps the source of a DAG file, and this is one.
ABROAD, MOBILE = "852" + "51234567", "139" + "00001111"

#: setting -> (Airflow's state, the error); every task has a retry left, so "failed" says that it is not tried again.
ARRIVED = dict.fromkeys(SETTINGS, ("success", None))
SKIPPED = {"soft_fail": ("skipped", "AirflowSkipException"), "never_fail": ("skipped", "AirflowSkipException")}
LOST = {**SKIPPED, "plain": ("failed", "DysmsDeliveryFailed"), "returns": ("success", None)}
TIMED_OUT = {**SKIPPED, **dict.fromkeys(("plain", "returns"), ("failed", "AirflowSensorTimeout"))}
REFUSED = {**SKIPPED, **dict.fromkeys(("plain", "returns"), ("failed", "DysmsTaskFailed"))}

#: story -> (switches, faults of QueryMessage, arguments, ends, state or category of the message)
STORIES: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], dict[str, Any], str]] = {
    "delivered": ({}, [], {}, ARRIVED, "delivered"),
    "failed": ({"send_outcome": "failed"}, [], {}, LOST, "failed"),
    "expired": ({"send_outcome": "expired"}, [], {}, LOST, "expired"),
    "not there yet": ({"message_visible_after": 0.4, "detail_visible_after": 0.4}, [], {}, ARRIVED, "delivered"),
    "never there": (
        {"message_visible_after": 86400, "detail_visible_after": 86400},
        [],
        {"grace_period": 0.3},
        LOST,
        "missing",
    ),
    "timeout": ({"send_outcome": "waiting"}, [], {"timeout": 0.4}, TIMED_OUT, "waiting"),
    "throttled": ({}, [{"kind": "throttle", "skip": 1}], {}, ARRIVED, "delivered"),
    "auth error": (
        {"send_outcome": "waiting"},
        [{"kind": "status", "status": 404, "code": "InvalidAccessKeyId.NotFound", "skip": 1, "times": None}],
        {},
        REFUSED,
        "waiting",
    ),
    "server down and back": (
        {},
        [{"kind": "status", "status": 503, "code": "ServiceUnavailable", "skip": 1, "times": 3}],
        {},
        ARRIVED,
        "delivered",
    ),
}


@pytest.fixture
def send(emulator: Emulator) -> Callable[[], tuple[str, str]]:
    """Send one message of each kind; return the id of one, the BizId of the other."""

    def send() -> tuple[str, str]:
        hook = DysmsHook()
        message_id = hook.send_message_to_globe(ABROAD, "hello").message_id
        biz_id = hook.send_sms(MOBILE, "sign", "SMS_1").biz_id
        assert message_id
        assert biz_id
        return message_id, biz_id

    return send


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("story", STORIES)
def test_a_story_ends_the_same_in_every_mode(
    story: str,
    mode: str,
    airflow: Any,
    emulator: Emulator,
    send: Callable[[], tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switches, faults, arguments, expected, state = STORIES[story]
    # Budgets belong to a process and a login: a throttled story must not slow down the others.
    login = f"login-of-{story}-{mode}".replace(" ", "-")
    emulator.add_account(access_key_id=login, access_key_secret="s3cr3t-of-this-one")
    connection = emulator.connection(quota_share=1, privacy_secret="k" * 32)
    connection |= {"login": login, "password": "s3cr3t-of-this-one"}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    emulator.configure(receipt_seconds=0.3, **switches)
    message_id, biz_id = send()
    common = {"poke_interval": 0.15, "timeout": 20, "retries": 1, **arguments, **MODES[mode]}
    with DAG("modes") as dag:
        for name, setting in SETTINGS.items():
            DysmsMessageSensor(task_id=name, message_ids=message_id, **common, **setting)
        DysmsSendDetailsSensor(task_id="details", phone_numbers=MOBILE, biz_id=biz_id, **common)
    for fault in faults:
        for action in ("QueryMessage", "QuerySendDetails"):
            emulator.fault(action=action, **fault)
    ends = airflow.play(dag)
    expected = {**expected, "details": expected["plain"]}
    assert {name: (end.state, type(end.error).__name__ if end.error else None) for name, end in ends.items()} == {
        name: (ended, error if ended != "skipped" else None) for name, (ended, error) in expected.items()
    }
    for name, end in ends.items():
        (report,) = end.result if end.state == "success" else end.reports
        assert report["message"] == 0
        assert state in (report["state"], report["category"]), name  # QuerySendDetails says "failed" of what expired
        assert report.get("message_id") == (None if name == "details" else message_id)
