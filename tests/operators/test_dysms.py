"""The query operators in Airflow's task runner: small, right, and without a number anywhere that Airflow keeps."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators import run_queries
from airflow_provider_dysms.operators.dysms import (
    DysmsQueryMessageOperator,
    DysmsQuerySendDetailsOperator,
    DysmsQuerySendStatisticsOperator,
)
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)
#: Put together here, because Airflow keeps the source of a DAG file, and this is one.
NUMBERS = ["139" + "12345678", "139" + "87654321"]
TEXT = "98" + "76" + "54"


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))


def test_send_details_come_back_without_number_and_text(emulator: Emulator) -> None:
    emulator.add_message(phone_number=NUMBERS[1], sent_at=NOON.isoformat(), state="failed", out_id="mine")
    operator = DysmsQuerySendDetailsOperator(task_id="ask", phone_numbers=NUMBERS, send_date=DAY)
    (found,) = operator.execute({})
    assert found == {
        "number": 1,
        "state": "failed",
        "category": "unreachable",
        "fault": "recipient",
        "is_final": True,
        "error_code": "MOBILE_NOT_ON_SERVICE",
        "template_code": "SMS_100000001",
        "out_id": "mine",
        "sent_at": NOON.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "received_at": (NOON + timedelta(seconds=3)).astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }


def test_messages_come_back_in_the_order_asked_and_missing_ones_say_so(emulator: Emulator) -> None:
    message_id = emulator.add_message(phone_number="+85251234567", sent_at=NOON.isoformat())["message_id"]
    found = DysmsQueryMessageOperator(task_id="ask", message_ids=["404", message_id]).execute({})
    assert [(row["message_id"], row["state"]) for row in found] == [("404", "missing"), (message_id, "delivered")]
    assert {len(row) for row in found} == {8}


def test_statistics_come_back_by_day_type_and_signature_or_are_written(emulator: Emulator, tmp_path: Path) -> None:
    for sign_name in ("甲", "乙"):
        emulator.add_message(phone_number=NUMBERS[0], sent_at=NOON.isoformat(), sign_name=sign_name)
    rows = DysmsQuerySendStatisticsOperator(task_id="ask", first_date=DAY, sign_names=["甲", "乙"]).execute({})
    assert [(row["sign_name"], row["total"], row["send_date"]) for row in rows] == [
        ("甲", 1, str(DAY)),
        ("乙", 1, str(DAY)),
    ]
    operator = DysmsQuerySendStatisticsOperator(
        task_id="ask", first_date=DAY - timedelta(days=1), last_date=DAY, output_uri=f"file://{tmp_path}"
    )
    empty, full = operator.execute({})
    assert (empty["result"]["rows"], full["result"]["rows"]) == (0, 1)
    written = json.loads((tmp_path / f"send_date={DAY}/part-0.jsonl").read_text())
    assert (written["scope"], written["total"]) == ("mainland", 2)


@pytest.mark.parametrize(
    ("argument", "operator"),
    [
        ("phone_numbers", lambda: DysmsQuerySendDetailsOperator(task_id="a", phone_numbers=[], send_date=DAY)),
        ("phone_numbers", lambda: DysmsQuerySendDetailsOperator(task_id="a", phone_numbers=["12"], send_date=DAY)),
        ("phone_numbers", lambda: DysmsQuerySendDetailsOperator(task_id="a", phone_numbers={}, send_date=DAY)),
        ("send_date", lambda: DysmsQuerySendDetailsOperator(task_id="a", phone_numbers=NUMBERS, send_date="soon")),
        ("message_ids", lambda: DysmsQueryMessageOperator(task_id="a", message_ids=[])),
        ("message_ids", lambda: DysmsQueryMessageOperator(task_id="a", message_ids=None)),
        ("scope", lambda: DysmsQuerySendStatisticsOperator(task_id="a", first_date=DAY, scope="all")),
        (
            "template_types",
            lambda: DysmsQuerySendStatisticsOperator(task_id="a", first_date=DAY, template_types=["letter"]),
        ),
        (
            "output_uri",
            lambda: DysmsQuerySendStatisticsOperator(task_id="a", first_date=DAY, output_uri="folder"),
        ),
    ],
)
def test_bad_input_names_the_argument_before_anything_is_asked(
    emulator: Emulator, argument: str, operator: Callable[[], Any]
) -> None:
    with pytest.raises(AirflowFailException) as caught:
        operator().execute({})
    assert str(caught.value).startswith(argument)
    assert emulator.requests() == {}


def test_a_result_that_is_too_large_names_the_transfer(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_queries, "MAX_XCOM_BYTES", 100)
    emulator.add_message(phone_number=NUMBERS[0], sent_at=NOON.isoformat())
    with pytest.raises(AirflowFailException, match="DysmsToObjectStorageOperator"):
        DysmsQuerySendDetailsOperator(task_id="a", phone_numbers=NUMBERS, send_date=DAY).execute({})


def kept_by_airflow() -> str:
    """Everything in Airflow's database, as text."""
    from airflow.settings import engine

    connection = sqlite3.connect(engine.url.database)
    dump = "\n".join(connection.iterdump())
    connection.close()
    return dump


def test_airflow_keeps_no_number_of_a_literal_a_template_or_an_upstream_task(
    run_dag: Callable[..., Any], emulator: Emulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in NUMBERS:
        emulator.add_message(phone_number=number, sent_at=NOON.isoformat(), content=f"【示例】验证码 {TEXT}")
    file = tmp_path / "numbers.txt"
    file.write_text("\n".join(NUMBERS))
    with DAG("numbers_in_every_form", schedule=None, user_defined_macros={"read": file.read_text}) as dag:
        DysmsQuerySendDetailsOperator(task_id="literal", phone_numbers=NUMBERS, send_date=DAY)
        DysmsQuerySendDetailsOperator(task_id="template", phone_numbers="{{ read() }}", send_date=DAY)
        DysmsToObjectStorageOperator(
            task_id="audit", phone_numbers=NUMBERS, send_date=DAY, output_uri=f"file://{tmp_path}/out"
        )
        DysmsToObjectStorageOperator(
            task_id="log", sent_uri=f"file://{file}", send_date=DAY, output_uri=f"file://{tmp_path}/out"
        )
    run = run_dag(dag)
    assert run.state == "success"
    for task_id in ("literal", "template"):
        assert len(run.get_task_instance(task_id).xcom_pull(task_ids=task_id)) == 2
    kept, said = kept_by_airflow(), "".join(capfd.readouterr())
    assert "2 phone number(s)" in kept
    for secret in (*NUMBERS, TEXT, emulator.access_key_secret):
        assert secret not in kept
        assert secret not in said


def test_the_output_of_an_upstream_task_and_mapped_tasks_are_taken(
    run_dag: Callable[..., Any], emulator: Emulator
) -> None:
    for number in NUMBERS:
        emulator.add_message(phone_number=number, sent_at=NOON.isoformat())
    with DAG("numbers_of_others", schedule=None) as dag:

        @task
        def numbers() -> list[str]:
            return NUMBERS

        listed = numbers()
        DysmsQuerySendDetailsOperator(task_id="upstream", phone_numbers=listed, send_date=DAY)
        DysmsQuerySendDetailsOperator.partial(task_id="mapped", send_date=DAY).expand(phone_numbers=listed)
    run = run_dag(dag)
    assert run.state == "success"
    assert dag.get_task("upstream").upstream_task_ids == {"numbers"}
    assert len(run.get_task_instance("upstream").xcom_pull(task_ids="upstream")) == 2
    assert len(run.get_task_instance("mapped", map_index=1).xcom_pull(task_ids="mapped", map_indexes=1)) == 1


@pytest.mark.parametrize("value", [{}, "[{% for n in numbers %}{{ n }}{% endfor %}]", None, 5, b"x"])
def test_whatever_is_passed_a_dag_can_be_written_down(run_dag: Callable[..., Any], value: object) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    with DAG("odd_numbers", schedule=None) as dag:
        DysmsQuerySendDetailsOperator(task_id="ask", phone_numbers=value, send_date=DAY)
    assert "phone number(s)" in json.dumps(DagSerialization.to_dict(dag)) or value is None


def test_a_parameter_of_the_dag_is_taken(run_dag: Callable[..., Any], emulator: Emulator) -> None:
    emulator.add_message(phone_number=NUMBERS[0], sent_at=NOON.isoformat())
    with DAG("numbers_of_a_parameter", schedule=None, params={"numbers": [NUMBERS[0]]}) as dag:
        DysmsQuerySendDetailsOperator(task_id="ask", phone_numbers=dag.param("numbers"), send_date=DAY)
    run = run_dag(dag)
    assert len(run.get_task_instance("ask").xcom_pull(task_ids="ask")) == 1


def test_sync_calls_and_look_ups_may_alternate_in_one_task(run_dag: Callable[..., Any], emulator: Emulator) -> None:
    emulator.add_message(phone_number=NUMBERS[0], sent_at=NOON.isoformat())
    with DAG("calls_in_turn", schedule=None) as dag:

        @task
        def in_turn() -> list[int]:
            from airflow.sdk import BaseHook

            from airflow_provider_dysms.hooks.dysms import DysmsHook

            found = []
            for _ in range(3):
                found.append(len(DysmsHook().query_send_details(NUMBERS[0], DAY)))
                assert BaseHook.get_connection("dysms_default").login
            return found

        in_turn()
    run = run_dag(dag)
    assert run.get_task_instance("in_turn").xcom_pull(task_ids="in_turn") == [1, 1, 1]


@pytest.mark.parametrize("message_ids", ["['404', '405']", "404,405", [404, "405"], (404, 405)])
def test_message_ids_are_read_as_templates_write_them(message_ids: Any) -> None:
    found = DysmsQueryMessageOperator(task_id="ask", message_ids=message_ids).execute({})
    assert [row["message_id"] for row in found] == ["404", "405"]


@pytest.mark.parametrize("nothing", ["None", [None], ["None"], [[["404"]]], [True], "[]", "", None])
def test_what_is_no_message_id_is_not_asked_for_as_if_it_were_one(emulator: Emulator, nothing: Any) -> None:
    with pytest.raises(AirflowFailException, match="message_ids"):
        DysmsQueryMessageOperator(task_id="ask", message_ids=nothing).execute({})
    assert emulator.requests() == {}


@pytest.mark.parametrize("wrong", [5, [[]], [None]])
@pytest.mark.parametrize("argument", ["template_types", "sign_names"])
def test_types_and_signatures_are_texts(emulator: Emulator, argument: str, wrong: Any) -> None:
    with pytest.raises(AirflowFailException, match=f"{argument} must be one text or a list of texts"):
        DysmsQuerySendStatisticsOperator(task_id="ask", first_date=DAY, **{argument: wrong}).execute({})
    assert emulator.requests() == {}
