"""The messages that the sensors watch: ids, results of sends and numbers, from literals, templates and XComs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook, DysmsTaskFailed
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator
from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor, DysmsSendDetailsSensor

#: Put together here, because Airflow keeps the source of a DAG file, and this is one.
ABROAD = "852" + "51234567"
NUMBERS = ["139" + "00001111", "139" + "00002222"]
MODES = [{}, {"mode": "reschedule"}, {"deferrable": True}]
QUICK = {"poke_interval": 0.15, "timeout": 20}
TODAY = dates.beijing_day(datetime.now(UTC))


def send(numbers: list[str] = NUMBERS) -> dict[str, Any]:
    """Send a text to mainland numbers; return what the operator returns of it."""
    hook = DysmsHook()
    answer = hook.send_sms(numbers, "sign", "SMS_1", out_id="mine")
    return {
        "kind": "sms",
        "biz_id": answer.biz_id,
        "out_id": "mine",
        "send_date": str(TODAY),
        "token": hook.privacy_key.seal(json.dumps(numbers).encode()),
    }


def states(rows: list[dict[str, Any]]) -> list[str]:
    return [row["state"] for row in rows]


@pytest.mark.parametrize("mode", MODES)
def test_wait_for_says_how_many_must_arrive(airflow: Any, emulator: Emulator, mode: dict[str, Any]) -> None:
    given = ("delivered", "failed", "waiting", "delivered")
    message_ids = [emulator.add_message(phone_number=ABROAD, state=state)["message_id"] for state in given]
    late = {"timeout": 0.4, "until_all_final": True}
    cases: dict[str, tuple[dict[str, Any], tuple[str, str | None]]] = {
        "any": ({"wait_for": "any"}, ("success", None)),
        "number": ({"wait_for": 2}, ("success", None)),
        "share": ({"wait_for": "50%"}, ("success", None)),
        "template": ({"wait_for": "{{ 1 + 1 }}"}, ("success", None)),
        "still_possible": ({"wait_for": 3, "timeout": 0.4}, ("failed", "AirflowSensorTimeout")),
        "impossible": ({"wait_for": "80%"}, ("failed", "DysmsDeliveryFailed")),
        "all": ({}, ("failed", "DysmsDeliveryFailed")),
        # What is certain counts when the time is over, even where not everything is final.
        "final_reached": ({"wait_for": 2, **late}, ("success", None)),
        "final_lost": (late, ("failed", "DysmsDeliveryFailed")),
        "final_open": ({"wait_for": 3, **late}, ("failed", "AirflowSensorTimeout")),
    }
    with DAG("wait_for") as dag:
        for name, (arguments, _) in cases.items():
            DysmsMessageSensor(task_id=name, message_ids=message_ids, **{**QUICK, **mode, **arguments})
    ends = airflow.play(dag)
    found = {name: (end.state, type(end.error).__name__ if end.error else None) for name, end in ends.items()}
    assert found == {name: expected for name, (_, expected) in cases.items()}
    assert {tuple(states(end.result or end.reports)) for end in ends.values()} == {given}
    # What was certain at the first look did not wait for the timeout.
    assert {len(ends[name].path) for name in ("any", "impossible")} == {1}


@pytest.mark.parametrize("mode", MODES)
def test_what_a_send_returned_is_waited_for_message_by_message(
    airflow: Any, emulator: Emulator, mode: dict[str, Any]
) -> None:
    emulator.configure(receipt_seconds=0.3)
    sent = send()
    with DAG("sent") as dag:
        DysmsSendDetailsSensor(task_id="request", sent=sent, **QUICK, **mode)
        DysmsSendDetailsSensor(task_id="unnamed", sent=[{**sent, "biz_id": None}], **QUICK, **mode)
    for end in airflow.play(dag).values():
        assert [(row["message"], row["out_id"], row["state"]) for row in end.result] == [
            (0, "mine", "delivered"),
            (1, "mine", "delivered"),
        ]


def xcom(dag_run: Any, task_id: str, map_index: int = -1) -> Any:
    return dag_run.get_task_instance(task_id, map_index=map_index).xcom_pull(task_ids=task_id, map_indexes=map_index)


@pytest.mark.parametrize("deferrable", [False, True])
def test_sends_of_upstream_tasks_are_waited_for_mapped_or_not(
    run_dag: Callable[..., Any], emulator: Emulator, deferrable: bool
) -> None:
    emulator.configure(receipt_seconds=0.3)
    quick = {**QUICK, "deferrable": deferrable}
    with DAG("upstream", schedule=None) as dag:
        text = {"sign_name": "sign", "template_code": "SMS_1"}
        one = DysmsSendSmsOperator(task_id="one", phone_numbers=NUMBERS, **text)
        each = DysmsSendSmsOperator.partial(task_id="each", **text).expand(phone_numbers=NUMBERS)
        globe = DysmsSendMessageToGlobeOperator.partial(task_id="globe", to=ABROAD).expand(message=["a", "b"])

        @task
        def ids(sent: Any) -> list[str]:
            return [message["message_id"] for message in sent]

        DysmsSendDetailsSensor(task_id="by_xcom", sent=one.output, **quick)
        DysmsSendDetailsSensor(task_id="by_template", sent="{{ ti.xcom_pull('one') }}", **quick).set_upstream(one)
        DysmsSendDetailsSensor(task_id="by_lazy", sent=each.output, **quick)
        DysmsSendDetailsSensor.partial(task_id="by_map", **quick).expand(sent=each.output)
        DysmsMessageSensor(task_id="globe_lazy", message_ids=globe.output, **quick)
        DysmsMessageSensor(task_id="globe_ids", message_ids=ids(globe.output), **quick)
        DysmsMessageSensor.partial(task_id="globe_map", **quick).expand(message_ids=ids(globe.output))
    dag_run = run_dag(dag)
    assert dag_run.state == "success"
    for task_id in ("by_xcom", "by_template", "by_lazy", "globe_lazy", "globe_ids"):
        assert states(xcom(dag_run, task_id)) == ["delivered"] * 2, task_id
    for task_id in ("by_map", "globe_map"):
        assert [states(xcom(dag_run, task_id, index)) for index in (0, 1)] == [["delivered"]] * 2, task_id


@pytest.mark.parametrize("mode", MODES)
def test_a_message_of_two_seconds_before_midnight_is_found_on_either_day(
    airflow: Any, emulator: Emulator, mode: dict[str, Any]
) -> None:
    midnight = dates.day_start(TODAY)
    before, after = (midnight + timedelta(seconds=off) for off in (-2, 2))
    for number, sent_at in zip(NUMBERS, (before, after), strict=True):
        emulator.add_message(phone_number=number, sent_at=sent_at.isoformat(), biz_id="1^0", out_id="mine")
    named = {"phone_numbers": NUMBERS, "biz_id": "1^0", **QUICK, **mode}
    with DAG("midnight") as dag:
        for name, day in {"default": None, "yesterday": TODAY - timedelta(days=1), "today": f"{TODAY:%Y%m%d}"}.items():
            DysmsSendDetailsSensor(task_id=name, send_date=day, **named)
        DysmsSendDetailsSensor(task_id="instant", send_date=before, **named)
    assert {tuple(states(end.result)) for end in airflow.play(dag).values()} == {("delivered", "delivered")}


def test_each_message_of_a_thousand_is_waited_for_by_one_deferred_task(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    plenty = {"QueryMessage": 20_000, "QuerySendDetails": 20_000}
    emulator.quotas(**plenty)
    connection = emulator.connection_json(quota_share=1, quota=plenty, privacy_secret="k" * 32)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", connection)
    numbers = [f"139{place:08d}" for place in range(1000)]
    later = (datetime.now(UTC) + timedelta(seconds=300)).isoformat()
    outcomes = ["failed" if place % 100 == 7 else "delivered" for place in range(1000)]
    settle = [{"settles_at": later} if place % 2 else {} for place in range(1000)]
    abroad = emulator.add_messages(
        [
            {"phone_number": ABROAD, "state": state, "error_code": "MK:0001" if state == "failed" else None, **when}
            for state, when in zip(outcomes, settle, strict=True)
        ]
    )
    emulator.add_messages(
        [
            {"phone_number": number, "state": state, "biz_id": "1^0", **when}
            for number, state, when in zip(numbers, outcomes, settle, strict=True)
        ]
    )
    common = {"poke_interval": 0.5, "timeout": 60, "until_all_final": True, "deferrable": True}
    with DAG("thousand") as dag:
        DysmsMessageSensor(
            task_id="globe",
            message_ids=[message["message_id"] for message in abroad],
            wait_for="99%",
            **common,
        )
        DysmsSendDetailsSensor(task_id="mainland", phone_numbers=numbers, biz_id="1^0", **common)

    def settle_all(ti: Any, row: Any) -> Any:
        emulator.advance(400)
        return run

    ends = airflow.play(dag, settle_all)
    assert [end.path for end in ends.values()] == [["deferred", "success"], ["deferred", "failed"]]
    key = PrivacyKey("k" * 32)
    lost = [place for place, outcome in enumerate(outcomes) if outcome != "delivered"]
    first_lost = [f"{place} (token {key.phone_token(numbers[place])})" for place in lost[:5]]
    assert str(ends["mainland"].error) == (
        "10 of 1000 messages did not arrive (unreachable 10: MOBILE_NOT_ON_SERVICE), 990 arrived, 0 are open; "
        f"wait_for='all' needs 1000. The first that did not: {', '.join(first_lost)}"
    )
    assert states(ends["globe"].result) == states(ends["mainland"].reports) == outcomes


def refused(sensor: Callable[[], Any], airflow: Any, emulator: Emulator) -> str:
    """Return the error that a sensor's task fails for good with, in every mode, before anything is asked."""
    emulator.reset("requests")
    with DAG("refused") as dag:
        for place, mode in enumerate(MODES):
            sensor(**mode, task_id=f"wait_{place}", retries=1)
    ends = airflow.play(dag).values()
    assert emulator.requests() == {}
    assert {(end.state, type(end.error), end.reports) for end in ends} == {("failed", DysmsTaskFailed, None)}
    (error,) = {str(end.error) for end in ends}
    return error


SMS = {"kind": "sms", "biz_id": "1^0", "out_id": None, "send_date": str(TODAY), "token": "of another key"}


@pytest.mark.parametrize(
    ("told", "sensor", "arguments"),
    [
        ("message_ids is empty", DysmsMessageSensor, {"message_ids": []}),
        ("message_ids must be an id", DysmsMessageSensor, {"message_ids": "{{ 'a b' }}"}),
        (r"message_ids names a message twice \(numbers 1 and 3", DysmsMessageSensor, {"message_ids": "1,2,1"}),
        (r"1001 messages.*up to 1000: map the task", DysmsMessageSensor, {"message_ids": list(range(1001))}),
        ("DysmsSendDetailsSensor waits for it", DysmsMessageSensor, {"message_ids": SMS}),
        ("wait_for must be 'all', 'any'", DysmsMessageSensor, {"message_ids": "1", "wait_for": "{{ 'most' }}"}),
        ("wait_for asks for ", DysmsMessageSensor, {"message_ids": "1", "wait_for": 5}),
        ("DysmsMessageSensor waits for it", DysmsSendDetailsSensor, {"sent": {"kind": "message", "message_id": "1"}}),
        (r"sent \(number 1 of the list\) has a wrong token", DysmsSendDetailsSensor, {"sent": [SMS]}),
        ("biz_id must be an id", DysmsSendDetailsSensor, {"phone_numbers": NUMBERS, "biz_id": "{{ '' }}"}),
        (
            "out_id is 'None', a word for a missing",
            DysmsSendDetailsSensor,
            {"phone_numbers": NUMBERS, "out_id": "None"},
        ),
        (
            "send_date is not a date",
            DysmsSendDetailsSensor,
            {"phone_numbers": NUMBERS, "biz_id": "1", "send_date": "{{ 'now' }}"},
        ),
        (
            "outside the 30 days",
            DysmsSendDetailsSensor,
            {"phone_numbers": NUMBERS, "biz_id": "1", "send_date": "20200101"},
        ),
        (
            r"phone_numbers names a message twice \(numbers 2 and 3",
            DysmsSendDetailsSensor,
            {"phone_numbers": [*NUMBERS, f"+86 {NUMBERS[1]}"], "out_id": "mine"},
        ),
    ],
)
def test_what_cannot_be_watched_is_refused_before_anything_is_asked(
    told: str, sensor: Any, arguments: dict[str, Any], airflow: Any, emulator: Emulator
) -> None:
    error = refused(lambda **more: sensor(**arguments, **more), airflow, emulator)
    assert re.search(told, error)
    assert not any(number in error for number in NUMBERS)


def test_a_request_that_is_named_twice_is_refused(airflow: Any, emulator: Emulator) -> None:
    sent = send()
    error = refused(lambda **more: DysmsSendDetailsSensor(sent=[sent, sent], **more), airflow, emulator)
    assert error.startswith("sent names a message twice (numbers 1 and 3 of the list)")


def test_a_send_without_a_handle_is_refused(airflow: Any, emulator: Emulator) -> None:
    sent = {**send(), "biz_id": None, "out_id": None}
    error = refused(lambda **more: DysmsSendDetailsSensor(sent=sent, **more), airflow, emulator)
    assert error.startswith("sent (number 1 of the list) has neither biz_id nor out_id")


def test_native_templates_that_name_no_request_are_refused(airflow: Any, emulator: Emulator) -> None:
    with DAG("native", render_template_as_native_obj=True) as dag:
        DysmsSendDetailsSensor(task_id="wait", phone_numbers=NUMBERS, biz_id="{{ none }}")
    (end,) = airflow.play(dag).values()
    assert str(end.error).startswith("biz_id is 'None', a word for a missing value")
    assert emulator.requests() == {}


def test_a_wait_goes_on_after_a_rotation_of_the_privacy_secret(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    """The numbers were sealed, and the wait began, under the secret before it."""
    emulator.configure(receipt_seconds=300)
    sent = send()
    with DAG("rotated") as dag:
        DysmsSendDetailsSensor(task_id="wait", sent=sent, poke_interval=0.3, timeout=60, deferrable=True)

    def rotate(ti: Any, row: Any) -> Any:
        rotated = {"privacy_secret": "j" * 32, "privacy_secret_previous": "k" * 32}
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, **rotated))
        emulator.advance(400)
        return run

    (end,) = airflow.play(dag, rotate).values()
    assert (end.state, states(end.result)) == ("success", ["delivered"] * len(end.result))


def test_a_connection_without_a_privacy_key_is_refused(
    airflow: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    named = {"phone_numbers": NUMBERS, "biz_id": "1^0"}
    assert "privacy_secret" in refused(lambda **more: DysmsSendDetailsSensor(**named, **more), airflow, emulator)


@pytest.mark.parametrize(
    ("told", "arguments"),
    [
        ("sent or phone_numbers", {}),
        ("sent or phone_numbers", {"sent": SMS, "phone_numbers": NUMBERS}),
        ("sent has its own", {"sent": SMS, "biz_id": "1"}),
        ("needs biz_id or out_id", {"phone_numbers": NUMBERS, "send_date": TODAY}),
        ("poke_interval", {"sent": SMS, "poke_interval": 0}),
        ("max_poke_interval", {"sent": SMS, "max_poke_interval": -1}),
        ("grace_period", {"sent": SMS, "grace_period": "long"}),
        ("timeout", {"sent": SMS, "timeout": -1}),
        ("wait_for", {"sent": SMS, "wait_for": "most"}),
        ("fail_on_failed must be True or False", {"sent": SMS, "fail_on_failed": "False"}),
        ("deferrable must be True or False", {"sent": SMS, "deferrable": "no"}),
        ("send_date is not a date", {"phone_numbers": NUMBERS, "biz_id": "1", "send_date": "28/11/2026"}),
        ("biz_id must be an id", {"phone_numbers": NUMBERS, "biz_id": "a b"}),
        ("mutually exclusive", {"sent": SMS, "soft_fail": True, "never_fail": True}),
    ],
)
def test_arguments_that_are_no_templates_are_checked_when_the_dag_is_parsed(
    told: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=told):
        DysmsSendDetailsSensor(task_id="wait", **arguments)


def test_arguments_that_do_not_fit_the_triggers_table_are_refused_before_anything_is_asked(
    airflow: Any, emulator: Emulator
) -> None:
    with DAG("large") as dag:
        ids = [f"{place:0250d}" for place in range(200)]
        DysmsMessageSensor(task_id="wait", message_ids=ids, deferrable=True)
    (end,) = airflow.play(dag).values()
    assert (end.state, emulator.requests()) == ("failed", {})
    assert "bytes of Airflow's database for a deferred task" in str(end.error)


@pytest.mark.parametrize("mode", MODES)
def test_no_number_shows_in_the_database_the_log_or_an_error(
    airflow: Any,
    emulator: Emulator,
    mode: dict[str, Any],
    stored_by_airflow: Callable[[], str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    emulator.configure(receipt_seconds=0.3, send_outcome="failed")
    numbers = ["137" + "00001111", "137" + "00002222"]
    sent = send(numbers)
    named = {"phone_numbers": numbers, "biz_id": sent["biz_id"]}
    with DAG("private") as dag:
        DysmsSendDetailsSensor(task_id="sent", sent=sent, **QUICK, **mode)
        DysmsSendDetailsSensor(task_id="numbers", **named, **QUICK, **mode)
        DysmsSendDetailsSensor(task_id="late", wait_for="any", **named, **{**QUICK, "timeout": 0}, **mode)
    before = [end.state for end in airflow.play(dag).values()]
    emulator.fault("business", code="isv.MOBILE_NUMBER_ILLEGAL", action="QuerySendDetails", times=None)
    refused = airflow.play(dag)
    assert before == ["failed"] * 3
    assert {type(end.error) for end in refused.values()} == {DysmsTaskFailed}
    # Both messages are asked about at once; either may be refused first.
    named_message = rf"message [01] \(biz_id {re.escape(sent['biz_id'])}, out_id mine\): QuerySendDetails"
    assert re.match(named_message, str(refused["sent"].error))
    stored, told = stored_by_airflow(), "".join(capfd.readouterr())
    assert "2 phone number(s)" in stored
    assert "MOBILE_NUMBER_ILLEGAL" in told
    for number in numbers:
        assert number not in stored
        assert number not in told


def test_the_result_is_json_and_says_what_a_branch_needs(airflow: Any, emulator: Emulator) -> None:
    noon = datetime.now(UTC).replace(microsecond=0)
    message = emulator.add_message(phone_number=ABROAD, state="failed", error_code="MK:0001", sent_at=noon.isoformat())
    with DAG("result") as dag:
        DysmsMessageSensor(task_id="wait", message_ids=message["message_id"], fail_on_failed=False)
    (end,) = airflow.play(dag).values()
    assert json.loads(json.dumps(end.result)) == [
        {
            "message": 0,
            "message_id": message["message_id"],
            "state": "failed",
            "category": "invalid_number",
            "fault": "recipient",
            "error_code": "MK:0001",
            "sent_at": noon.isoformat().replace("+00:00", "Z"),
            "received_at": (noon + timedelta(seconds=3)).isoformat().replace("+00:00", "Z"),
            "is_final": True,
        }
    ]


def test_an_upstream_that_sent_nothing_is_said(airflow: Any, emulator: Emulator) -> None:
    error = refused(lambda **more: DysmsMessageSensor(message_ids="{{ none }}", **more), airflow, emulator)
    assert error.startswith("message_ids is 'None', a word for a missing value")


def test_the_hook_is_found_by_its_default_connection() -> None:
    assert DysmsMessageSensor(task_id="wait", message_ids="1").dysms_conn_id == DysmsHook.default_conn_name
