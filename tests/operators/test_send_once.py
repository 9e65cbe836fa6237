"""A message is sent once, although maps change, accounts are throttled, and clocks differ."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from support.features import keeps_task_state

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.operators.dysms import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator

#: Put together here, because Airflow keeps the source of a DAG file, and this is one.
KEY = "a key of the tests, " + "32 characters"
NUMBERS = ["139" + "24680135", "139" + "13579246"]
ABROAD = "+852" + "5124" + "6802"
TEMPLATE = "SMS_154950909"

#: Seconds for which the emulator takes a signature here.
LIFETIME = 6

RunDag = Callable[..., Any]
RunAgain = Callable[[Any, Any], dict[int, str]]


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.add_templates({TEMPLATE: "${code}"})
    emulator.configure(skew_v3=LIFETIME)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret=KEY))


@pytest.fixture
def run_again(_airflow_database: None) -> RunAgain:
    """Clear a run as Airflow does, and run it with the lists that its upstream tasks return by now."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import clear_task_instances
    from airflow.sdk.definitions.dag import _run_task
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState

    def again(dag: Any, run: Any) -> dict[int, str]:
        with create_session() as session:
            clear_task_instances(run.get_task_instances(session=session), session)
        with create_session() as session:
            found = session.get(DagRun, run.id)
            found.dag = DagSerialization.from_dict(DagSerialization.to_dict(dag))
            found.state, found.start_date = DagRunState.RUNNING, datetime.now(UTC)
            session.commit()
            while found.state == DagRunState.RUNNING:
                session.expire_all()
                schedulable, _ = found.update_state(session=session)
                for ti in schedulable:
                    ti.try_number += 1
                    ti.state = TaskInstanceState.SCHEDULED
                session.commit()
                for ti in found.get_task_instances(session=session, state=[TaskInstanceState.SCHEDULED]):
                    _run_task(ti=ti, task=dag.get_task(ti.task_id), run_triggerer=True)
            tis = found.get_task_instances(session=session)
            return {ti.map_index: str(ti.state) for ti in tis if ti.task_id == "send"}

    return again


def contents(emulator: Emulator) -> Counter[str]:
    return Counter(message["content"].rpartition("】")[2] for message in emulator.messages())


def mapped(texts: list[int], operator: Any, **arguments: Any) -> Any:
    """A DAG that sends to one number as many texts as the list has by the time that it runs."""

    @task
    def codes() -> list[Any]:
        return [{"code": str(text)} for text in texts] if operator is DysmsSendSmsOperator else [*map(str, texts)]

    with DAG(f"maps_{operator.__name__}", schedule=None) as dag:
        partial = operator.partial(task_id="send", retry_delay=timedelta(0), signature_lifetime=LIFETIME, **arguments)
        if operator is DysmsSendSmsOperator:
            partial.expand(template_param=codes())
        else:
            partial.expand(message=codes())
    return dag


SMS = {"phone_numbers": [NUMBERS[0]], "sign_name": "示例", "template_code": TEMPLATE, "settle": 1}


@pytest.mark.parametrize(
    ("before", "after", "states", "sent"),
    [
        ([1, 2], [0, 1, 2], {0: "success", 1: "success", 2: "success"}, {"0": 1, "1": 1, "2": 1}),
        ([1, 2], [1, 2, 3], {0: "success", 1: "success", 2: "success"}, {"1": 1, "2": 1, "3": 1}),
        ([1, 2], [2, 1], {0: "success", 1: "success"}, {"1": 1, "2": 1}),
        # A new text in a list that is not longer than before may be an edited one: it fails. Without notes of what was
        # sent at the position, it is a text that nobody has sent.
        (
            ([1, 2], [1, 3], {0: "success", 1: "failed"}, {"1": 1, "2": 1})
            if keeps_task_state()
            else ([1, 2], [1, 3], {0: "success", 1: "success"}, {"1": 1, "2": 1, "3": 1})
        ),
        ([1, 2, 3], [2, 3], {0: "success", 1: "success"}, {"1": 1, "2": 1, "3": 1}),
    ],
)
def test_a_map_whose_list_has_changed_sends_every_text_once(
    run_dag: RunDag,
    run_again: RunAgain,
    emulator: Emulator,
    before: list[int],
    after: list[int],
    states: dict[int, str],
    sent: dict[str, int],
) -> None:
    texts = list(before)
    dag = mapped(texts, DysmsSendSmsOperator, **SMS)
    run = run_dag(dag)
    assert run.state == "success"
    texts[:] = after
    found = run_again(dag, run)
    assert {place: state for place, state in found.items() if state != "removed"} == states
    assert contents(emulator) == sent


@pytest.mark.parametrize("has_secret", [True, False])
def test_a_map_whose_list_has_changed_sends_no_text_abroad_twice_and_fails(
    run_dag: RunDag,
    run_again: RunAgain,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    has_secret: bool,
) -> None:
    if not has_secret:
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    texts = [1, 2]
    dag = mapped(texts, DysmsSendMessageToGlobeOperator, to=ABROAD)
    run = run_dag(dag)
    texts[:] = [0, 1, 2]
    assert run_again(dag, run) == {0: "failed", 1: "failed", 2: "failed"}
    said = "".join(capfd.readouterr())
    if keeps_task_state():
        assert "sent another message to the same phone numbers" in said
        assert "Another position of this mapped task may have sent the message" in said
    assert "may have sent the message" in said
    assert contents(emulator) == {"1": 1, "2": 1}
    texts[:] = [1, 2]
    known = "success" if keeps_task_state() else "failed"
    assert {run_again(dag, run)[place] for place in (0, 1)} == {known}
    assert contents(emulator) == {"1": 1, "2": 1}


def a_try(number: int, notes: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Make one try of a send, outside of Airflow; return what it returned or raised."""
    operator = DysmsSendSmsOperator(
        **{
            "task_id": "send",
            "phone_numbers": NUMBERS,
            "sign_name": "示例",
            "template_code": TEMPLATE,
            "template_param": {"code": "1"},
            "settle": 1,
            "signature_lifetime": LIFETIME,
            **arguments,
        }
    )
    now = datetime.now(UTC)
    ti = SimpleNamespace(dag_id="tries", run_id="run", task_id="send", map_index=-1, try_number=number, start_date=now)
    run = SimpleNamespace(clear_number=0, start_date=now, run_after=now)
    context: Any = {"ti": ti, "dag_run": run}
    if notes is not None:
        context["task_state_store"] = SimpleNamespace(get=notes.get, set=notes.__setitem__)
    try:
        return operator.execute(context)
    except (Exception, TaskDeferred) as ended:
        return ended


def in_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    ended: list[Any] = []
    thread = threading.Thread(target=lambda: ended.append(call()))
    thread.start()
    return thread, ended


@pytest.mark.parametrize("has_notes", [True, False])
def test_a_try_in_the_queue_of_a_throttled_account_and_its_retry_send_once(emulator: Emulator, has_notes: bool) -> None:
    notes: dict[str, Any] | None = {} if has_notes else None
    emulator.fault("throttle", action="SendSms", times=None)
    first, ended = in_background(lambda: a_try(1, notes, signature_lifetime=60))
    while not emulator.requests().get("SendSms"):
        time.sleep(0.05)
    second = a_try(2, notes, signature_lifetime=60)
    assert isinstance(second, TaskDeferred)
    emulator.clear_faults()
    first.join()
    assert ended[0]["biz_id"]
    third = a_try(3, notes, signature_lifetime=60)
    assert third["out_id"] == ended[0]["out_id"]
    assert Counter(message["phone_number"] for message in emulator.messages()) == dict.fromkeys(NUMBERS, 1)


def test_a_request_that_was_queued_for_too_long_does_not_leave(emulator: Emulator) -> None:
    notes: dict[str, Any] = {}
    emulator.fault("throttle", action="SendSms", times=None)
    first, ended = in_background(lambda: a_try(1, notes, signature_lifetime=3))
    first.join(timeout=60)
    assert "nothing was sent" in str(ended[0])
    assert not isinstance(ended[0], AirflowFailException)  # it is tried again
    emulator.clear_faults()
    assert a_try(2, notes)["biz_id"]
    assert len(emulator.messages()) == len(NUMBERS)


def test_a_request_is_never_signed_anew(emulator: Emulator) -> None:
    emulator.fault("throttle", action="SendSms", times=None)
    first, ended = in_background(lambda: a_try(1, {}, signature_lifetime=120))
    while not emulator.requests().get("SendSms"):
        time.sleep(0.05)
    emulator.advance(LIFETIME + 1)
    emulator.clear_faults()
    first.join()
    assert "InvalidTimeStamp.Expired" in str(ended[0])
    assert emulator.messages() == []


def test_a_retry_waits_for_the_clock_of_the_service(emulator: Emulator) -> None:
    signed_at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=LIFETIME + 2)
    at = signed_at.isoformat()
    notes: dict[str, Any] = {
        "dysms_send": {"state": "about to send", "since": at, "until": at, "signed_at": at, "out_id": "mine", "try": 1}
    }
    # By our clock the request has expired; by the service's it has not.
    emulator.set_clock(datetime.now(UTC) - timedelta(seconds=LIFETIME - 2))
    waits = a_try(2, notes, out_id="mine")
    assert isinstance(waits, TaskDeferred)
    assert emulator.messages() == []
    emulator.set_clock(datetime.now(UTC))
    assert a_try(2, notes, out_id="mine")["biz_id"]


def test_a_one_time_code_fails_where_its_fate_is_not_known(emulator: Emulator) -> None:
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    notes: dict[str, Any] = {
        "dysms_send": {"state": "about to send", "since": at, "until": at, "signed_at": at, "out_id": "mine", "try": 1}
    }
    ended = a_try(2, notes, out_id="mine", on_uncertain="fail")
    assert isinstance(ended, AirflowFailException)
    assert "may have been sent by an earlier attempt" in str(ended)
    assert emulator.messages() == []


@pytest.mark.parametrize(
    "note",
    ["text", [], 7, {}, {"state": "gone"}, {"state": "sent"}, {"state": "about to send", "since": "x", "until": "y"}],
)
def test_a_note_that_is_none_fails_and_says_so(emulator: Emulator, note: Any) -> None:
    ended = a_try(2, {"dysms_send": note})
    assert isinstance(ended, AirflowFailException)
    assert "cannot be read" in str(ended)
    assert emulator.messages() == []
