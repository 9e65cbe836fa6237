"""Sends that respect a suppression list, against the emulator: who gets the text, and who was left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from support.known_archives import Archive, failed, put_day, verdict
from support.seeded_month import NUMBERS, seeded_month, who_is_stopped
from support.seeded_month import TYPES as MONTH_TYPES

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import (
    DysmsSendMessageToGlobeOperator,
    DysmsSendSmsOperator,
    DysmsSuppressionListOperator,
)
from airflow_provider_dysms.sensors.dysms import DysmsSendDetailsSensor

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
LISTED, INVALID, FREE, ABROAD = "137" + "55550303", "139" + "00002222", "139" + "00003333", "49151" + "12345678"
CODE, PROMO = "SMS_100000001", "SMS_100000002"
TYPES = {CODE: "code", PROMO: "promotion", "": "promotion"}
KEY = PrivacyKey("k" * 32)


@pytest.fixture
def stop(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Make a list of yesterday, and return its URI."""
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret="k" * 32))
    archive = Archive(tmp_path / "out")
    put_day(
        archive.uri,
        DAY,
        [
            failed(DAY, LISTED, "blacklist", template_code=PROMO),
            failed(DAY, INVALID, "invalid_number", template_code=CODE, second=1),
            verdict(DAY, FREE, template_code=PROMO, second=2),
            failed(DAY, ABROAD, "blacklist", template_code=None, message_id="1", second=3),
        ],
    )

    def make(**how: Any) -> str:
        uri = f"file://{tmp_path}/stop"
        given = {"output_uri": archive.uri, "suppression_uri": uri, "template_types": TYPES, "through": DAY, **how}
        DysmsSuppressionListOperator(task_id="stop", **given).execute({})
        return uri

    return make


def send(uri: str, *numbers: str, template: str = PROMO, **how: Any) -> dict[str, Any]:
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="d",
        run_id="r",
        task_id="send",
        map_index=-1,
        try_number=1,
        xcom_push=lambda key, value: pushed.update({key: value}),
    )
    operator = DysmsSendSmsOperator(
        task_id="send",
        phone_numbers=list(numbers),
        sign_name="阿里云短信测试",
        template_code=template,
        template_param={"code": "1234"},
        suppression_uri=uri,
        **how,
    )
    try:
        return operator.execute({"ti": ti, "task_instance": ti, "run_id": "r"})
    except AirflowSkipException:
        return pushed


def received(emulator: Emulator) -> set[str]:
    return {message["phone_number"] for message in emulator.messages()}


@pytest.mark.parametrize("phone", ["plain", "hashed"])
def test_the_numbers_of_the_list_are_left_out_and_named_without_being_shown(
    emulator: Emulator, stop: Callable[..., str], phone: str
) -> None:
    sent = send(stop(phone=phone), LISTED, INVALID, FREE)
    assert received(emulator) == {FREE}
    assert sent["count"] == 1
    assert json.loads(KEY.unseal(sent["token"])) == [FREE]
    suppressed = sent["suppressed"]
    assert (suppressed["count"], suppressed["by_reason"]) == (2, {"blacklist": 1, "invalid_number": 1})
    assert json.loads(KEY.unseal(suppressed["token"])) == {LISTED: "blacklist", INVALID: "invalid_number"}
    assert not any(number in json.dumps(sent) for number in (LISTED, INVALID, FREE))


def test_a_number_on_the_blacklist_of_promotions_gets_its_code(emulator: Emulator, stop: Callable[..., str]) -> None:
    sent = send(stop(), LISTED, INVALID, template=CODE)
    assert received(emulator) == {LISTED}
    assert sent["suppressed"]["by_reason"] == {"invalid_number": 1}


def test_nobody_left_skips_the_task_and_says_why(emulator: Emulator, stop: Callable[..., str]) -> None:
    pushed = send(stop(), LISTED)
    assert received(emulator) == set()
    assert pushed["suppressed"]["by_reason"] == {"blacklist": 1}


def test_nobody_on_the_list_is_said_as_well(emulator: Emulator, stop: Callable[..., str]) -> None:
    assert send(stop(), FREE)["suppressed"]["count"] == 0
    assert received(emulator) == {FREE}


def test_a_template_of_unknown_type_is_not_sent(emulator: Emulator, stop: Callable[..., str]) -> None:
    with pytest.raises(AirflowFailException, match="does not know the type of this template"):
        send(stop(template_types={CODE: "code"}), FREE)
    assert received(emulator) == set()


def test_without_a_list_nothing_is_sent(emulator: Emulator, stop: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="suppression_uri has no suppression list"):
        send(f"file://{tmp_path}/nothing", FREE)
    assert received(emulator) == set()


def test_a_prefix_stops_codes_unless_it_is_only_reported(
    emulator: Emulator, stop: Callable[..., str], tmp_path: Path
) -> None:
    usual = [verdict(DAY, f"138{number:08}", second=number, template_code=CODE) for number in range(0, 4_000_000, 9973)]
    block = [
        failed(DAY, f"1700000{each:04}", "unreachable", template_code=CODE, second=each * 60) for each in range(99)
    ]
    put_day(f"file://{tmp_path}/out", DAY, [*usual, *block])
    number = "170" + "00009999"
    assert send(stop(pumping="report"), number, template=CODE)["suppressed"]["count"] == 0
    emulator.reset()
    assert send(stop(pumping="suppress"), number, template=CODE)["suppressed"]["by_reason"] == {"prefix_undelivered": 1}
    assert received(emulator) == set()


def test_an_international_message_is_skipped_for_its_type(emulator: Emulator, stop: Callable[..., str]) -> None:
    uri = stop()

    def to_globe(message_type: str | None) -> Any:
        ti = SimpleNamespace(
            dag_id="d", run_id="r", task_id=f"{message_type}", map_index=-1, try_number=1, xcom_push=lambda **_: None
        )
        operator = DysmsSendMessageToGlobeOperator(
            task_id="s", to=ABROAD, message="a", message_type=message_type, suppression_uri=uri
        )
        return operator.execute({"ti": ti, "task_instance": ti, "run_id": "r"})

    with pytest.raises(AirflowSkipException):
        to_globe("MKT")
    assert to_globe("OTP")["message_id"]
    with pytest.raises(Exception, match="message_type must be given with suppression_uri"):
        to_globe(None)


def test_a_dag_makes_the_list_sends_and_waits_for_those_who_remain(
    emulator: Emulator,
    stop: Callable[..., str],
    tmp_path: Path,
    run_dag: Callable[..., Any],
    stored_by_airflow: Callable[[], str],
) -> None:
    uri = stop()
    (tmp_path / "numbers.txt").write_text(f"{LISTED}\n{FREE}\n")
    with DAG("campaign", schedule=None, user_defined_macros={"numbers": (tmp_path / "numbers.txt").read_text}) as dag:
        sent = DysmsSendSmsOperator(
            task_id="send",
            phone_numbers="{{ numbers() }}",
            sign_name="阿里云短信测试",
            template_code=PROMO,
            template_param={"code": "1234"},
            suppression_uri=uri,
        )
        DysmsSendDetailsSensor(task_id="wait", sent=sent.output, poke_interval=1, timeout=60)
    tasks = {task.task_id: task for task in run_dag(dag).get_task_instances()}
    assert {task.state for task in tasks.values()} == {"success"}
    assert tasks["send"].xcom_pull("send")["suppressed"]["count"] == 1
    assert received(emulator) == {FREE}
    assert LISTED not in stored_by_airflow()


def test_a_campaign_after_a_month_of_ours_reaches_everybody_else(
    emulator: Emulator, stop: Callable[..., str], tmp_path: Path
) -> None:
    month = seeded_month(DAY)
    for day, messages in month.items():
        put_day(f"file://{tmp_path}/month", day, messages)
    uri = stop(output_uri=f"file://{tmp_path}/month", template_types={PROMO: "promotion", CODE: "code", **MONTH_TYPES})
    stopped = {number for number, kind, _ in who_is_stopped(month) if kind == "promotion"}
    sent = send(uri, *NUMBERS)
    assert received(emulator) == {*NUMBERS} - stopped
    assert sent["suppressed"]["count"] == len(stopped) > 10
    assert set(json.loads(KEY.unseal(sent["suppressed"]["token"]))) == stopped
