"""A month at the service whose truth is known: audits export it, a list is made of them, and sends leave out those."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from support.known_archives import rows_in
from support.seeded_month import NUMBERS, TYPES, seeded_month, who_is_stopped
from suppression.conftest import LAST
from suppression.test_pumping import INNOCENT, NUMBER, PREFIX, PUMPING, USUAL, moved

from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.operators.dysms import DysmsSendSmsOperator, DysmsSuppressionListOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
PLENTY = {"QuerySendDetails": 50_000, "QuerySendStatistics": 1_000}
CODE, PROMO = "SMS_100000001", "SMS_100000002"
KEY = PrivacyKey("k" * 32)

#: A mainland prefix in the place of the British one, whose codes need another template.
MAINLAND = "1700000"
PUMPED = {NUMBER: "many_in_an_hour", f"{MAINLAND}0007": "prefix_undelivered"}


def on_the_last_day(messages: list[Verdict]) -> list[Verdict]:
    """Return messages with times of the last day, and mainland numbers."""
    noon = dates.day_start(LAST) + timedelta(hours=12)
    moved_by = dates.day_start(DAY) + timedelta(minutes=1)
    found = []
    for each in messages:
        assert each.sent_at
        sent_at = moved_by + (each.sent_at - noon) % timedelta(hours=23.5)
        received_at = each.received_at and sent_at + (each.received_at - each.sent_at)
        number = _mainland(str(each.phone_number))
        found.append(msgspec.structs.replace(each, phone_number=number, sent_at=sent_at, received_at=received_at))
    return found


def _mainland(number: str) -> str:
    if len(number) == len(MAINLAND) + 4:
        return number
    return f"{int(MAINLAND) + int(number[:-4]) - int(PREFIX)}{number[-4:]}"


def tell(emulator: Emulator, log: Path, messages: list[Verdict]) -> None:
    """Have the service know the messages of a day, and write the log of those who sent them."""
    emulator.add_messages(
        [
            {
                "phone_number": each.phone_number,
                "out_id": f"{each.out_id}/{each.template_code}",
                "template_code": each.template_code,
                "sent_at": each.sent_at and each.sent_at.isoformat(),
                "received_at": each.received_at and each.received_at.isoformat(),
                "state": each.state,
                **({"error_code": each.error_code} if each.state == "failed" else {}),
            }
            for each in messages
            if each.state != "missing"
        ]
    )
    spellings = ("{}", "+86 {}", "0086{}")
    lines = [
        f"{spellings[place % 3].format(each.phone_number)},{each.out_id}/{each.template_code}"
        for place, each in enumerate(messages)
    ]
    log.write_text("\n".join(["phone_number,out_id", *lines, ""]))


def audit(log: Path, output_uri: str, day: date) -> None:
    DysmsToObjectStorageOperator(
        task_id="audit", sent_uri=f"file://{log}", output_uri=output_uri, send_date=day, max_missing_rate=0.1
    ).execute({})


def send(uri: str, numbers: list[str], template: str) -> dict[str, str]:
    """Send to numbers, and return who was left out, and why."""
    left_out: dict[str, Any] = {}
    ti = SimpleNamespace(
        **{"dag_id": "d", "run_id": template, "task_id": "send", "map_index": -1, "try_number": 1},
        xcom_push=lambda key, value: left_out.update({key: value}),
    )
    operator = DysmsSendSmsOperator(
        task_id="send",
        phone_numbers=numbers,
        sign_name="阿里云短信测试",
        template_code=template,
        template_param={"code": "1234"},
        suppression_uri=uri,
    )
    with suppress(AirflowSkipException):
        left_out = operator.execute({"ti": ti, "task_instance": ti, "run_id": template})
    found: dict[str, str] = json.loads(KEY.unseal(left_out["suppressed"]["token"]))
    return found


def received(emulator: Emulator) -> set[str]:
    return {message["phone_number"] for message in emulator.messages()}


def all_innocent() -> list[Verdict]:
    return [each for place, messages in enumerate(INNOCENT.values()) for each in moved(messages, place)]


def test_sends_leave_out_exactly_those_whom_the_month_has_shown(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = emulator.connection_json(quota_share=1, quota=PLENTY, privacy_secret="k" * 32)
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", connection)
    emulator.quotas(**PLENTY)
    month, innocent = seeded_month(DAY), on_the_last_day([*USUAL, *all_innocent()])
    del month[min(month)]  # the service might forget it while this runs
    attack = on_the_last_day([each for messages, _ in PUMPING.values() for each in messages])
    archive, log = f"file://{tmp_path}/out", tmp_path / "sent.csv"
    for day, messages in month.items():
        tell(emulator, log, [*messages, *innocent, *attack] if day == DAY else messages)
        audit(log, archive, day)
    uri = f"file://{tmp_path}/stop"
    facts = DysmsSuppressionListOperator(
        task_id="stop",
        output_uri=archive,
        suppression_uri=uri,
        template_types={**TYPES, CODE: "code", PROMO: "promotion"},
        through=DAY,
        pumping="suppress",
    ).execute({})
    assert (facts["days"], len(facts["missing_days"]), facts["unknown_templates"]) == (29, 1, {})

    rows = rows_in(tmp_path / "stop", "suppression_list")
    listed = {(row["phone_number"], row["template_type"], row["reason"]): row["count"] for row in rows}
    truth = who_is_stopped(month)
    assert {key: count for key, count in listed.items() if key[0] in NUMBERS} == truth
    refused = {each.phone_number for each in innocent if each.category == "blacklist"}
    assert {key: count for key, count in listed.items() if key[0] not in NUMBERS} == {
        (NUMBER, "code", "many_in_an_hour"): 40,
        (MAINLAND, "code", "prefix_undelivered"): 100,
        **{(number, "promotion", "blacklist"): 1 for number in refused},
    }

    emulator.reset()
    everybody = sorted({*NUMBERS, *PUMPED, *(str(each.phone_number) for each in innocent[len(USUAL) :])})
    codes = {number: reason for number, kind, reason in truth if kind == "code"} | PUMPED
    promotions = {number for number, kind, _ in truth if kind == "promotion"} | refused
    assert send(uri, everybody, CODE) == codes
    assert received(emulator) == {*everybody} - codes.keys()
    emulator.reset()
    assert send(uri, everybody, PROMO).keys() == promotions
    assert received(emulator) == {*everybody} - promotions
