"""The send operators in Airflow's task runner: what they return, what they show, and that a message is sent once."""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from airflow.sdk import DAG, chain, task
from airflow.sdk.exceptions import AirflowFailException
from support.features import keeps_task_state

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsSendMessageToGlobeOperator, DysmsSendSmsOperator

#: Put together here, because Airflow keeps the source of a DAG file, and this is one.
KEY = "a key of the tests, " + "32 characters"
NUMBERS = ["139" + "24680135", "139" + "13579246"]
ABROAD = "+852" + "5124" + "6802"
CODE = "73" + "19" + "58"
TEMPLATE = "SMS_154950909"

#: Seconds for which the emulator takes a signature here.
LIFETIME = 6

RunDag = Callable[..., Any]
Clear = Callable[..., str]


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.add_templates({TEMPLATE: "您的验证码为${code}"})
    # Waits for the end of a signature's life are real ones.
    emulator.configure(skew_v3=LIFETIME)
    # A short timeout, because some answers never come.
    monkeypatch.setenv(
        "AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret=KEY, timeout=2)
    )


def sms(**changed: Any) -> DysmsSendSmsOperator:
    arguments: dict[str, Any] = {
        "task_id": "send",
        "phone_numbers": NUMBERS,
        "sign_name": "示例",
        "template_code": TEMPLATE,
        "template_param": {"code": CODE},
        "retry_delay": timedelta(0),
        "settle": 5,
        "signature_lifetime": LIFETIME,
    }
    return DysmsSendSmsOperator(**{**arguments, **changed})


def abroad(**changed: Any) -> DysmsSendMessageToGlobeOperator:
    arguments = {
        "task_id": "send",
        "to": ABROAD,
        "message": f"Your code is {CODE}",
        "retry_delay": timedelta(0),
        "signature_lifetime": LIFETIME,
    }
    return DysmsSendMessageToGlobeOperator(**{**arguments, **changed})


def without_notes(context: Any) -> None:
    """The context of a task in an Airflow before 3.3."""
    context.pop("task_state_store", None)


def result(run: Any, map_index: int = -1) -> Any:
    return run.get_task_instance("send", map_index=map_index).xcom_pull(task_ids="send", map_indexes=map_index)


def sends(emulator: Emulator) -> list[str]:
    """The sends that reached the service, accepted or not."""
    return [call["action"] for call in emulator.calls() if call["action"].startswith("Send")]


def test_what_was_sent_comes_back_as_the_sensors_take_it(run_dag: RunDag, emulator: Emulator) -> None:
    with DAG("sends_sms", schedule=None) as dag:
        sms(phone_numbers=f"+86 {NUMBERS[0]}; {NUMBERS[1]}")
    before = datetime.now(UTC).replace(microsecond=0)
    run = run_dag(dag)
    sent = result(run)
    first, second = emulator.messages()
    assert PrivacyKey(KEY).unseal(sent.pop("token")) == json.dumps(NUMBERS).encode()
    sent_at = sent.pop("sent_at")
    assert before <= datetime.fromisoformat(sent_at) <= datetime.now(UTC)
    assert len(sent_at) == len("2026-01-02T03:04:05Z")
    assert sent.pop("request_id")
    assert sent == {
        "kind": "sms",
        "biz_id": first["biz_id"],
        "out_id": first["out_id"],
        "send_date": str(dates.beijing_day(datetime.fromisoformat(sent_at))),
        "count": 2,
    }
    assert first["biz_id"] == second["biz_id"]
    assert sent["out_id"].startswith("sends_sms.send-")
    assert len(sent["out_id"]) < 256


def test_what_was_sent_abroad_comes_back_with_its_message_id(run_dag: RunDag, emulator: Emulator) -> None:
    with DAG("sends_abroad", schedule=None) as dag:
        abroad(
            sender_id="Example",
            message_type="OTP",
            vendor_task_id="{{ task.task_id }}-7",
            validity_period="{{ 5 * 60 }}",
            channel_id="9",
        )
    sent = result(run_dag(dag))
    (message,) = emulator.messages()
    assert sent.pop("request_id")
    sent_at = datetime.fromisoformat(sent.pop("sent_at"))
    assert sent == {
        "kind": "message",
        "message_id": message["message_id"],
        "send_date": str(dates.beijing_day(sent_at)),
        "segments": 1,
    }
    (call,) = emulator.calls()
    wanted = {"From": "Example", "Type": "OTP", "TaskId": "send-7", "ValidityPeriod": "300", "ChannelId": "9"}
    assert wanted.items() <= call["parameters"].items()


def test_international_sends_do_without_a_privacy_key(
    run_dag: RunDag, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    with DAG("sends_abroad_without_key", schedule=None) as dag:
        abroad()
    assert run_dag(dag).state == "success"


def test_airflow_keeps_and_says_no_number_no_text_and_no_parameter(
    run_dag: RunDag,
    emulator: Emulator,
    stored_by_airflow: Callable[[], str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    emulator.fault("html", action="SendSms", skip=3)
    emulator.fault("reset", action="SendMessageToGlobe", skip=2)
    read = {"numbers": lambda: ",".join(NUMBERS), "number": lambda: ABROAD, "code": lambda: CODE}
    with DAG("private_sends", schedule=None, user_defined_macros=read) as dag:
        chain(
            sms(task_id="literal"),
            sms(task_id="template", phone_numbers="{{ numbers() }}", template_param={"code": "{{ code() }}"}),
            sms(task_id="text", template_param='{"code": "{{ code() }}"}'),
            sms(task_id="uncertain"),
        )
        chain(
            abroad(task_id="abroad"),
            abroad(task_id="abroad_by_template", to="{{ number() }}", message="Your code is {{ code() }}"),
            abroad(task_id="abroad_uncertain"),
        )
    run = run_dag(dag)
    states = {ti.task_id: ti.state for ti in run.get_task_instances()}
    assert {task_id for task_id, state in states.items() if state != "success"} == {"uncertain", "abroad_uncertain"}
    assert {message["content"] for message in emulator.messages()} >= {f"【示例】您的验证码为{CODE}"}
    kept, said = stored_by_airflow(), "".join(capfd.readouterr())
    for shown in ("2 phone number(s)", "1 phone number(s)", "private text", "private parameters"):
        assert shown in kept
    for secret in (*NUMBERS, ABROAD, ABROAD[4:], CODE, KEY, emulator.access_key_secret):
        assert secret not in kept
        assert secret not in said


def test_parameters_that_hold_an_upstream_result_are_resolved_and_show_nothing_else(
    run_dag: RunDag, emulator: Emulator, stored_by_airflow: Callable[[], str]
) -> None:
    emulator.add_templates({TEMPLATE: "${name}: ${code}"})

    secret = "Xy" + "Zzy"

    @task
    def upstream() -> str:
        return "of upstream"

    with DAG("mixed_parameters", schedule=None) as dag:
        sms(template_param={"code": secret, "name": upstream()})
    assert dag.get_task("send").upstream_task_ids == {"upstream"}
    assert run_dag(dag).state == "success"
    assert emulator.messages()[0]["content"] == f"【示例】of upstream: {secret}"
    assert secret not in stored_by_airflow()


def test_mapped_sends_have_ids_of_their_own(run_dag: RunDag, emulator: Emulator) -> None:
    @task
    def numbers() -> list[str]:
        return ["139" + "11110001", "139" + "11110002"]

    with DAG("mapped_sends", schedule=None) as dag:
        DysmsSendSmsOperator.partial(
            task_id="send", sign_name="示例", template_code=TEMPLATE, template_param={"code": "1"}
        ).expand(phone_numbers=numbers())
    run = run_dag(dag)
    sent = [result(run, map_index) for map_index in (0, 1)]
    assert len({one["out_id"] for one in sent}) == 2
    assert {one["out_id"] for one in sent} == {message["out_id"] for message in emulator.messages()}


def test_what_is_the_same_for_all_of_a_mapped_task_shows_nothing_either(
    run_dag: RunDag, emulator: Emulator, stored_by_airflow: Callable[[], str]
) -> None:
    abroad_too = "+852" + "5124" + "6803"
    secret = "Xz" + "Yyz"

    @task
    def name() -> str:
        return secret[::-1]

    emulator.add_templates({TEMPLATE: "${name}: ${code}"})
    with DAG("private_partials", schedule=None) as dag:
        DysmsSendSmsOperator.partial(
            task_id="send",
            phone_numbers=[NUMBERS[0][:-1] + "7"],
            template_code=TEMPLATE,
            template_param={"code": secret, "name": name()},
        ).expand(sign_name=["示例"])
        DysmsSendMessageToGlobeOperator.partial(task_id="abroad", to=abroad_too).expand(message=["a", "b"])
    assert run_dag(dag).state == "success"
    assert {message["content"] for message in emulator.messages()} == {f"【示例】{secret[::-1]}: {secret}", "a", "b"}
    kept = stored_by_airflow()
    for private in (NUMBERS[0][:-1] + "7", abroad_too, abroad_too[4:], secret):
        assert private not in kept


def test_digits_stay_text_where_templates_are_rendered_to_objects(run_dag: RunDag, emulator: Emulator) -> None:
    zeros = {"code": lambda: "000000", "id": lambda: "4711"}
    with DAG("native_sends", schedule=None, render_template_as_native_obj=True, user_defined_macros=zeros) as dag:
        sms(template_param={"code": "{{ code() }}"}, out_id="{{ id() }}")
        sms(task_id="dict", template_param="{{ {'code': code()} }}")
        abroad(task_id="abroad", message="{{ code() }}", vendor_task_id="{{ id() }}")
    assert run_dag(dag).state == "success"
    assert {message["content"] for message in emulator.messages()} == {"【示例】您的验证码为000000", "000000"}
    assert asked_with(emulator, "SendSms", "OutId") >= {"4711"}
    assert asked_with(emulator, "SendMessageToGlobe", "TaskId") == {"4711"}


def asked_with(emulator: Emulator, action: str, parameter: str) -> set[str]:
    return {call["parameters"][parameter] for call in emulator.calls() if call["action"] == action}


@pytest.mark.parametrize(
    ("argument", "operator"),
    [
        ("phone_numbers is empty", lambda: sms(phone_numbers=[])),
        ("phone_numbers is empty", lambda: sms(phone_numbers=None)),
        ("phone_numbers .number 2 of the list.", lambda: sms(phone_numbers=[NUMBERS[0], "12"])),
        ("phone_numbers .number 1 of the list.", lambda: sms(phone_numbers="None")),
        (
            "phone_numbers has the same number at positions 1 and 3",
            lambda: sms(phone_numbers=[*NUMBERS, f"+86 {NUMBERS[0]}"]),
        ),
        (
            "phone_numbers has 1001 phone numbers",
            lambda: sms(phone_numbers=[str(13_900_000_000 + count) for count in range(1001)]),
        ),
        ("sign_name is empty", lambda: sms(sign_name=" ")),
        ("sign_name is written in brackets", lambda: sms(sign_name="【示例】")),
        ("sign_name is written in brackets", lambda: sms(sign_name="[示例]")),
        ("sign_name begins or ends with a blank", lambda: sms(sign_name="示例 ")),
        ("sign_name is 'None'", lambda: sms(sign_name="None")),
        ("template_code is empty", lambda: sms(template_code="")),
        ("template_param must be", lambda: sms(template_param="None")),
        ("template_param must be", lambda: sms(template_param=["1"])),
        ("out_id is 'none'", lambda: sms(out_id="none")),
        ("out_id has 256 characters", lambda: sms(out_id="x" * 256)),
        ("settle must be a number of seconds from 0", lambda: sms(settle=-1)),
        ("on_uncertain must be", lambda: sms(on_uncertain="retry")),
        ("signature_lifetime must be a number of seconds from 1", lambda: sms(signature_lifetime=0)),
        ("to is empty", lambda: abroad(to="")),
        ("to has 2 numbers", lambda: abroad(to=[ABROAD, "+6581234567"])),
        ("to is a mainland number", lambda: abroad(to=NUMBERS[0])),
        ("message is empty", lambda: abroad(message=" \n")),
        ("message is 'None'", lambda: abroad(message="None")),
        ("message must be text", lambda: abroad(message={"text": "1"})),
        ("sender_id must be", lambda: abroad(sender_id="longer than 11")),
        ("sender_id is 'None'", lambda: abroad(sender_id="None")),
        ("message_type must be", lambda: abroad(message_type="otp")),
        ("validity_period must be", lambda: abroad(validity_period="soon")),
    ],
)
def test_bad_input_names_the_argument_before_anything_is_asked(
    run_dag: RunDag, emulator: Emulator, argument: str, operator: Callable[[], Any]
) -> None:
    ti = type("TI", (), {"dag_id": "never_runs", "run_id": "r", "task_id": "send", "map_index": -1, "try_number": 1})
    # Literals are checked when the DAG is parsed, and numbers when the task runs.
    with pytest.raises(AirflowFailException, match=f"^{argument}") as caught, DAG("never_runs", schedule=None):
        operator().execute({"ti": ti})
    assert not any(number in str(caught.value) for number in (*NUMBERS, ABROAD[1:]))
    assert emulator.requests() == {}


def test_an_sms_needs_a_privacy_key_before_anything_is_asked(
    run_dag: RunDag, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    with DAG("sends_without_key", schedule=None) as dag:
        sms(retries=2)
    run = run_dag(dag)
    assert (run.state, run.get_task_instance("send").try_number) == ("failed", 1)
    assert "privacy_secret of the connection is missing" in "".join(capfd.readouterr())
    assert emulator.requests() == {}


@pytest.fixture
def clear(_airflow_database: None) -> Clear:
    """Clear the task of a run as Airflow does, and run it again; return its state."""
    from airflow.models.taskinstance import clear_task_instances
    from airflow.sdk.definitions.dag import _run_task
    from airflow.utils.session import create_session

    def again(dag: Any, run: Any, **how: Any) -> str:
        with create_session() as session:
            ti = session.merge(run.get_task_instance("send", session=session))
            clear_task_instances([ti], session, **how)
            ti.try_number += 1
            ti.state = "scheduled"
            ti.dag_run.start_date = datetime.now(UTC)
        with create_session() as session:
            ti = run.get_task_instance("send", session=session)
            _run_task(ti=ti, task=dag.get_task("send"), run_triggerer=True)
        return str(run.get_task_instance("send").state)

    return again


@pytest.fixture(params=["notes", "no notes"])
def airflow_keeps(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Arguments for a task that finds what Airflow 3.3 keeps for it, or what older ones do."""
    return {} if request.param == "notes" else {"pre_execute": without_notes}


@pytest.mark.parametrize(
    ("fault", "outcome", "messages"),
    [
        # What may have been carried out fails for good, whether it was or not.
        ({"kind": "reset"}, "uncertain", 2),
        ({"kind": "stall", "seconds": 4}, "uncertain", 2),
        ({"kind": "truncated"}, "uncertain", 2),
        ({"kind": "html"}, "uncertain", 2),
        ({"kind": "html", "status": 502}, "uncertain", 2),
        ({"kind": "empty_body"}, "uncertain", 2),
        ({"kind": "status"}, "uncertain", 0),
        ({"kind": "business", "code": "isp.SYSTEM_ERROR"}, "uncertain", 0),
        ({"kind": "status", "status": 400, "code": "SignatureNonceUsed"}, "uncertain", 0),
        # What certainly was not is tried again, where that may help.
        ({"kind": "throttle"}, "first try", 2),
        ({"kind": "business", "code": "isv.BUSINESS_LIMIT_CONTROL"}, "second try", 2),
        ({"kind": "business", "code": "isv.SMS_SIGNATURE_ILLEGAL"}, "refused", 0),
        ({"kind": "status", "status": 403, "code": "Forbidden.RAM"}, "refused", 0),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_text_is_sent_once_whatever_goes_wrong(
    run_dag: RunDag,
    emulator: Emulator,
    airflow_keeps: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
    fault: dict[str, Any],
    outcome: str,
    messages: int,
) -> None:
    emulator.fault(action="SendSms", **fault)
    # A throttled request waits before it is sent, on a busy machine for longer than a third of a short lifetime.
    lifetime = 60 if fault["kind"] == "throttle" else LIFETIME
    emulator.configure(skew_v3=lifetime)
    with DAG("faults", schedule=None) as dag:
        sms(retries=2, out_id="mine", settle=0, signature_lifetime=lifetime, **airflow_keeps)
    run = run_dag(dag)
    assert run.state == ("success" if outcome.endswith("try") else "failed")
    assert run.get_task_instance("send").try_number == (2 if outcome == "second try" else 1)
    assert len(emulator.messages()) == messages
    said = "".join(capfd.readouterr())
    assert ("2 message(s) with OutId mine may have been sent" in said) is (outcome == "uncertain")
    assert not any(number in said for number in NUMBERS)


class Killed(Exception):
    """A death of the process that the task does not see coming."""


@pytest.fixture
def killed_after_its_request(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """A ``pre_execute`` after which the first try ends when its message is accepted, and not yet answered."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret=KEY, timeout=60)
    )
    emulator.fault("stall", action="SendSms", seconds=60)
    emulator.fault("stall", action="SendMessageToGlobe", seconds=60)
    this, killed = threading.get_ident(), threading.Event()

    def end(_: int, frame: FrameType | None) -> None:
        # While it writes, asyncio would take the exception for an error of the connection.
        if frame is not None and frame.f_code.co_name == "select" and not killed.is_set():
            killed.set()
            raise Killed

    def watch() -> None:
        while not emulator.messages():
            time.sleep(0.02)
        while not killed.wait(0.02):
            signal.pthread_kill(this, signal.SIGUSR1)

    def pre_execute(context: Any) -> None:
        if context["ti"].try_number == 1:
            signal.signal(signal.SIGUSR1, end)
            threading.Thread(target=watch, daemon=True).start()

    yield pre_execute
    killed.set()


@pytest.mark.parametrize("notes", [True, False])
def test_a_text_whose_answer_was_lost_is_found_however_late_the_service_shows_it(
    run_dag: RunDag, emulator: Emulator, killed_after_its_request: Callable[[Any], None], notes: bool
) -> None:
    emulator.configure(detail_visible_after=3)

    def pre_execute(context: Any) -> None:
        killed_after_its_request(context)
        if not notes:
            without_notes(context)

    with DAG("lost_answers", schedule=None) as dag:
        sms(retries=2, settle=60, pre_execute=pre_execute)
    run = run_dag(dag)
    assert (run.state, run.get_task_instance("send").try_number) == ("success", 2)
    first, second = emulator.messages()
    sent = result(run)
    sent_at = datetime.fromisoformat(first["sent_at"]).astimezone(UTC).replace(microsecond=0)
    assert (sent["biz_id"], sent["request_id"], sent["count"]) == (None, None, 2)
    assert sent["out_id"] == first["out_id"] == second["out_id"]
    assert datetime.fromisoformat(sent["sent_at"]) == sent_at
    assert sent["send_date"] == str(dates.beijing_day(sent_at))
    assert json.loads(PrivacyKey(KEY).unseal(sent["token"])) == NUMBERS


def test_nothing_is_asked_where_airflow_knows_what_became_of_the_send(run_dag: RunDag, emulator: Emulator) -> None:
    def killed_after_its_answer(context: Any, result: Any = None) -> None:
        if context["ti"].try_number == 1:
            raise Killed

    with DAG("noted_answers", schedule=None) as dag:
        sms(retries=2, settle=0, post_execute=killed_after_its_answer)
    run = run_dag(dag)
    assert (run.state, run.get_task_instance("send").try_number) == ("success", 2)
    assert [message["out_id"] for message in emulator.messages()] == [result(run)["out_id"]] * 2
    if keeps_task_state():
        assert result(run)["biz_id"] == emulator.messages()[0]["biz_id"]
        assert "QuerySendDetails" not in emulator.requests()


def test_a_cleared_task_returns_what_it_sent_and_sends_nothing(
    run_dag: RunDag, clear: Clear, emulator: Emulator, airflow_keeps: dict[str, Any]
) -> None:
    with DAG("cleared", schedule=None) as dag:
        sms(settle=0, **airflow_keeps)
    run = run_dag(dag)
    before = result(run)
    assert clear(dag, run) == "success"
    after = result(run)
    assert sends(emulator) == ["SendSms"]
    if "pre_execute" in airflow_keeps or not keeps_task_state():
        assert (before.pop("biz_id"), after.pop("biz_id")) == (emulator.messages()[0]["biz_id"], None)
        for sent in (before, after):
            del sent["request_id"], sent["token"]
            # The service's clock is not ours.
            del sent["sent_at"]
    assert before == after


@pytest.mark.parametrize("counts_as_clear_of_the_run", [True, False])
def test_the_service_is_asked_where_airflow_does_not_keep_its_notes(
    run_dag: RunDag,
    clear: Clear,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    counts_as_clear_of_the_run: bool,
) -> None:
    monkeypatch.setenv("AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS", "True")
    with DAG("notes_that_vanish", schedule=None) as dag:
        sms(settle=0)
    run = run_dag(dag)
    assert clear(dag, run, **({} if counts_as_clear_of_the_run else {"dag_run_state": False})) == "success"
    assert sends(emulator) == ["SendSms"]
    assert emulator.requests()["QuerySendDetails"]["requests"] > 0


def test_what_was_not_sent_after_all_is_sent_when_the_task_is_cleared(
    run_dag: RunDag, clear: Clear, emulator: Emulator, airflow_keeps: dict[str, Any]
) -> None:
    # An older message under the same id is not this one.
    old = datetime.now(UTC) - timedelta(hours=2)
    emulator.add_message(phone_number=NUMBERS[0], sent_at=old.isoformat(), out_id="mine", template_code=TEMPLATE)
    emulator.fault("status", action="SendSms")
    with DAG("sent_later", schedule=None) as dag:
        sms(out_id="mine", settle=2, **airflow_keeps)
    run = run_dag(dag)
    assert (run.state, len(emulator.messages())) == ("failed", 1)
    assert clear(dag, run) == "success"
    assert sends(emulator) == ["SendSms"] * 2
    assert result(run)["biz_id"] == emulator.messages()[-1]["biz_id"]


def test_a_cleared_task_with_other_numbers_fails_and_says_why(
    run_dag: RunDag, clear: Clear, emulator: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    def sending_to(numbers: list[str]) -> Any:
        with DAG("other_numbers", schedule=None) as dag:
            sms(phone_numbers=numbers, settle=0)
        return dag

    run = run_dag(sending_to(NUMBERS))
    assert clear(sending_to(NUMBERS[::-1]), run) == "success"
    if keeps_task_state():
        assert clear(sending_to(NUMBERS[:1]), run) == "failed"
        assert "An earlier attempt of this task sent to other phone numbers" in "".join(capfd.readouterr())
    assert sends(emulator) == ["SendSms"]


@pytest.mark.parametrize(
    "changed",
    [{"template_code": TEMPLATE}, {"sign_name": "另一个"}, {"template_param": {"code": "1"}}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_cleared_task_that_would_send_something_else_fails_and_says_why(
    run_dag: RunDag,
    clear: Clear,
    emulator: Emulator,
    airflow_keeps: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
    changed: dict[str, Any],
) -> None:
    emulator.add_templates({"SMS_1": "${code}"})

    def sending(**what: Any) -> Any:
        with DAG("something_else", schedule=None) as dag:
            sms(**{"template_code": "SMS_1", **what}, settle=0, **airflow_keeps)
        return dag

    run = run_dag(sending())
    # The same in another writing is the same.
    assert clear(sending(template_param=json.dumps({"code": CODE}, indent=1)), run) == "success"
    assert clear(sending(**changed), run) == "failed"
    assert "An earlier attempt of this task" in "".join(capfd.readouterr())
    assert sends(emulator) == ["SendSms"]


def test_a_send_under_another_id_of_which_no_note_tells_makes_the_next_one_unclear(
    run_dag: RunDag, clear: Clear, emulator: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    with DAG("ids_by_chance", schedule=None, user_defined_macros={"drawn": lambda: uuid.uuid4().hex}) as dag:
        sms(out_id="{{ drawn() }}", settle=0, pre_execute=without_notes)
    run = run_dag(dag)
    for _ in range(2):
        assert clear(dag, run) == "failed"
        said = "".join(capfd.readouterr())
        assert "out_id must be the same in every attempt" in said
        assert not any(number in said for number in NUMBERS)
    assert sends(emulator) == ["SendSms"]


def test_sends_of_others_under_ids_of_their_own_stop_none_whose_id_is_made(
    run_dag: RunDag, clear: Clear, emulator: Emulator
) -> None:
    emulator.fault("status", action="SendSms")
    with DAG("sends_of_others", schedule=None) as dag:
        sms(settle=0, pre_execute=without_notes)
    run = run_dag(dag)
    emulator.add_message(
        phone_number=NUMBERS[0], sent_at=datetime.now(UTC).isoformat(), out_id="theirs", template_code=TEMPLATE
    )
    assert clear(dag, run) == "success"
    assert sends(emulator) == ["SendSms"] * 2


def test_doubt_about_an_id_that_was_not_noted_outlives_tries_that_wrote_notes(
    run_dag: RunDag, clear: Clear, emulator: Emulator
) -> None:
    def first_without_notes(context: Any) -> None:
        if context["ti"].try_number == 1:
            without_notes(context)

    with DAG("noted_too_late", schedule=None, user_defined_macros={"drawn": lambda: uuid.uuid4().hex}) as dag:
        sms(out_id="{{ drawn() }}", settle=0, pre_execute=first_without_notes)
    run = run_dag(dag)
    assert [clear(dag, run) for _ in range(2)] == ["failed", "failed"]
    assert sends(emulator) == ["SendSms"]


def test_a_list_that_grew_since_a_send_that_no_note_tells_of_is_neither_sent_to_nor_called_sent(
    run_dag: RunDag, clear: Clear, emulator: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    def sending_to(numbers: list[str]) -> Any:
        with DAG("list_that_grew", schedule=None) as dag:
            sms(phone_numbers=numbers, settle=0, pre_execute=without_notes)
        return dag

    run = run_dag(sending_to(NUMBERS))
    new = [f"1370000{count:04}" for count in range(11)]
    assert clear(sending_to([*new, *NUMBERS]), run) == "failed"
    said = "".join(capfd.readouterr())
    assert "An earlier attempt of this task sent another message to these numbers" in said
    assert not any(number in said for number in (*new, *NUMBERS))
    assert clear(sending_to(NUMBERS[:1]), run) == "failed"
    assert sends(emulator) == ["SendSms"]


def test_a_send_that_the_service_has_forgotten_is_not_repeated(
    run_dag: RunDag, clear: Clear, emulator: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    with DAG("forgotten", schedule=None) as dag:
        sms(settle=0, pre_execute=without_notes)
    run = run_dag(dag, run_after=datetime.now(UTC) - timedelta(days=40))
    emulator.reset()
    assert clear(dag, run) == "failed"
    assert "Start a new run to send again" in "".join(capfd.readouterr())
    assert sends(emulator) == []


def test_a_note_that_airflow_does_not_take_down_fails_no_task(run_dag: RunDag, emulator: Emulator) -> None:
    class Full:
        def get(self, key: str) -> None:
            return None

        def set(self, key: str, value: Any) -> None:
            if value["state"] == "sent":
                raise OSError

    with DAG("notes_that_fail", schedule=None) as dag:
        sms(pre_execute=lambda context: context.update(task_state_store=Full()))
    assert run_dag(dag).state == "success"
    assert len(emulator.messages()) == 2


def test_an_international_send_is_not_repeated_unless_told_to(
    run_dag: RunDag, clear: Clear, emulator: Emulator, airflow_keeps: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    def sending(**how: Any) -> Any:
        with DAG("abroad_uncertain", schedule=None) as dag:
            abroad(retries=2, **how, **airflow_keeps)
        return dag

    emulator.fault("reset", action="SendMessageToGlobe")
    run = run_dag(sending())
    assert (run.state, run.get_task_instance("send").try_number) == ("failed", 1)
    assert "1 message(s) may have been sent" in "".join(capfd.readouterr())
    assert clear(sending(), run) == "failed"
    assert "resend=True" in "".join(capfd.readouterr())
    assert len(emulator.messages()) == 1
    assert clear(sending(resend=True), run) == "success"
    assert [result(run)["message_id"]] == [message["message_id"] for message in emulator.messages()[1:]]


@pytest.mark.parametrize("notes", [True, False])
def test_an_international_send_whose_answer_was_lost_fails_in_its_second_try(
    run_dag: RunDag, emulator: Emulator, killed_after_its_request: Callable[[Any], None], notes: bool
) -> None:
    def pre_execute(context: Any) -> None:
        killed_after_its_request(context)
        if not notes:
            without_notes(context)

    with DAG("abroad_lost", schedule=None) as dag:
        abroad(retries=2, pre_execute=pre_execute)
    run = run_dag(dag)
    assert (run.state, run.get_task_instance("send").try_number) == ("failed", 2)
    assert len(emulator.messages()) == 1


def test_an_international_send_that_was_refused_is_tried_again_where_airflow_keeps_notes(
    run_dag: RunDag, emulator: Emulator, airflow_keeps: dict[str, Any]
) -> None:
    emulator.fault("business", action="SendMessageToGlobe", code="OUT_OF_SERVICE")
    with DAG("abroad_refused", schedule=None) as dag:
        abroad(retries=2, **airflow_keeps)
    run = run_dag(dag)
    knows = "pre_execute" not in airflow_keeps and keeps_task_state()
    assert (run.state, len(emulator.messages())) == (("success", 1) if knows else ("failed", 0))


def test_a_cleared_international_send_returns_what_it_sent_or_fails(
    run_dag: RunDag, clear: Clear, emulator: Emulator, airflow_keeps: dict[str, Any]
) -> None:
    with DAG("abroad_cleared", schedule=None) as dag:
        abroad(**airflow_keeps)
    run = run_dag(dag)
    before = result(run)
    if "pre_execute" not in airflow_keeps and keeps_task_state():
        assert clear(dag, run) == "success"
        assert result(run) == before
    else:
        assert clear(dag, run) == "failed"
    assert len(emulator.messages()) == 1
