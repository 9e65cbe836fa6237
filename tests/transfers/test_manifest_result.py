"""The ``result`` of a manifest follows from the log, the records and ``as_of`` alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.audit.send_log.log import phone_log
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.transfers.export_options import ExportOptions
from airflow_provider_dysms.transfers.known_rows.previous_rows import ROWS_DEPEND_ON
from airflow_provider_dysms.transfers.manifest_result import is_provisional, result_before_queries

DAY = date(2025, 6, 1)
MIDNIGHT = dates.day_start(DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("after_midnight", "provisional"),
    [(timedelta(hours=-3), True), (timedelta(minutes=9, seconds=59), True), (timedelta(minutes=10), False)],
)
def test_a_day_is_provisional_until_its_last_messages_are_filed(after_midnight: timedelta, provisional: bool) -> None:
    assert is_provisional(DAY, MIDNIGHT + after_midnight) is provisional


def known(privacy_key: PrivacyKey | None = None, **arguments: Any) -> dict[str, Any]:
    options = ExportOptions(output_uri="file:///out", send_date=DAY, **arguments)
    return result_before_queries(options, phone_log(["139" + "00001111"]), DAY, privacy_key)


def test_the_parameters_have_everything_that_rows_depend_on() -> None:
    assert set(ROWS_DEPEND_ON) <= set(known()["parameters"])


def test_the_parameters_name_the_key_of_the_hashes_and_not_the_secret() -> None:
    key = PrivacyKey("k" * 32)
    parameters = known(key, phone="hashed")["parameters"]
    assert parameters["hashed_by"] == key.fingerprint
    assert "k" * 32 not in str(parameters)
    assert known()["parameters"]["hashed_by"] is None


def test_the_parameters_have_no_number() -> None:
    assert "00001111" not in str(known(phone_numbers=["139" + "00001111"]))
