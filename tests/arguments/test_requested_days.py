"""Days and scopes are read as users write them, and refused if the service cannot answer."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_dysms.arguments.requested_days import is_international, parse_days, parse_send_date
from airflow_provider_dysms.model.dates import WINDOW_DAYS, beijing_day
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsWindowError

NOW = datetime(2025, 6, 1, 4, tzinfo=UTC)
DAY = beijing_day(NOW)
LOG = logging.getLogger(__name__)


@pytest.mark.parametrize(("days_ago", "warns"), [(0, False), (WINDOW_DAYS - 2, False), (WINDOW_DAYS - 1, True)])
def test_a_day_that_is_about_to_be_forgotten_warns(
    caplog: pytest.LogCaptureFixture, days_ago: int, warns: bool
) -> None:
    day = DAY - timedelta(days=days_ago)
    assert parse_send_date(day.isoformat(), NOW, LOG) == day
    assert ("The service is about to forget" in caplog.text) is warns


@pytest.mark.parametrize("days_ago", [-1, WINDOW_DAYS + 1])
def test_a_day_outside_the_window_is_refused(days_ago: int) -> None:
    with pytest.raises(DysmsWindowError):
        parse_send_date(DAY - timedelta(days=days_ago), NOW, LOG)


def test_statistics_are_of_one_day_or_several() -> None:
    assert parse_days("20250601") == (DAY, DAY)
    assert parse_days("2025-06-01", "20250603") == (DAY, DAY + timedelta(days=2))


@pytest.mark.parametrize(
    ("first", "last", "problem"),
    [
        ("2025-06-02", "2025-06-01", r"last_date \(2025-06-01\) is before first_date \(2025-06-02\); swap them"),
        ("2999-01-01", None, r"first_date \(2999-01-01\) is in the future"),
        ("2025-06-01", "2999-01-01", r"last_date \(2999-01-01\) is in the future"),
        ("yesterday", None, "first_date is not a date"),
    ],
)
def test_wrong_days_are_named(first: str, last: str | None, problem: str) -> None:
    with pytest.raises(DysmsInputError, match=problem):
        parse_days(first, last)


def test_a_scope_is_one_of_two_words() -> None:
    assert is_international("international")
    assert not is_international("mainland")
    with pytest.raises(DysmsInputError, match="scope"):
        is_international("both")
