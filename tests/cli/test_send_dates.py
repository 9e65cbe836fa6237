"""The day of a command: as users write it, and yesterday in Beijing without one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from airflow_provider_dysms.cli.send_dates import day_of
from airflow_provider_dysms.model.dates import beijing_day
from airflow_provider_dysms.model.errors import DysmsInputError


def test_the_default_is_yesterday_in_beijing() -> None:
    before = beijing_day(datetime.now(UTC))
    assert day_of(None, "send_date") in {before - timedelta(days=1), beijing_day(datetime.now(UTC)) - timedelta(days=1)}


@pytest.mark.parametrize("text", ["2026-11-29", "20261129"])
def test_a_day_is_written_in_two_ways(text: str) -> None:
    assert day_of(text, "send_date") == date(2026, 11, 29)


def test_an_error_names_the_argument() -> None:
    with pytest.raises(DysmsInputError, match="through is not a date"):
        day_of("soon", "through")
