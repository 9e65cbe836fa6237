"""The queries run without an operator, from plain values to small rows."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError
from airflow_provider_dysms.operators.run_queries import query_messages, query_send_details, query_send_statistics

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)
NUMBERS = ["139" + "12345678", "139" + "87654321"]
LOG = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def _connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1, privacy_secret="k" * 32))
    for position, number in enumerate(NUMBERS):
        emulator.add_message(phone_number=number, sent_at=NOON.isoformat(), out_id=f"order-{position}")


def test_details_have_the_position_of_their_number() -> None:
    rows = query_send_details(phone_numbers=NUMBERS, send_date=DAY, hook=DysmsHook(), log=LOG)
    assert [(row["number"], row["out_id"]) for row in rows] == [(0, "order-0"), (1, "order-1")]


def test_an_error_has_the_position_and_the_token_of_the_number_and_not_the_number(emulator: Emulator) -> None:
    emulator.fault("business", action="QuerySendDetails", code="isv.BUSINESS_LIMIT_CONTROL", skip=1, times=None)
    with pytest.raises(DysmsError, match=r"phone_numbers \(number 2 of the list, token [\w-]+\)") as caught:
        query_send_details(phone_numbers=NUMBERS, send_date=DAY, hook=DysmsHook(), log=LOG)
    assert NUMBERS[1] not in str(caught.value)


def test_a_message_that_the_service_does_not_have_is_missing() -> None:
    (row,) = query_messages(message_ids="17", hook=DysmsHook())
    assert (row["message_id"], row["state"]) == ("17", "missing")


def test_statistics_come_back_or_are_written(tmp_path: Path) -> None:
    hook = DysmsHook()
    (row,) = query_send_statistics(first_date=DAY, hook=hook)
    assert (row["send_date"], row["total"]) == (DAY.isoformat(), 2)
    (manifest,) = query_send_statistics(first_date=DAY, output_uri=f"file://{tmp_path}/out", hook=hook)
    assert manifest["result"]["rows"] == 1
    assert (tmp_path / "out" / manifest["result"]["data"]).exists()


def test_texts_must_be_texts() -> None:
    with pytest.raises(DysmsInputError, match="sign_names must be one text or a list of texts, not int"):
        query_send_statistics(first_date=DAY, sign_names=7, hook=DysmsHook())  # type: ignore[arg-type]
