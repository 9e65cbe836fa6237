"""Reads which days and which scope are asked for, as users write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dysms.model import dates, validation
from airflow_provider_dysms.model.choices import Market
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from datetime import date


def parse_send_date(value: Any, now: datetime, log: Any) -> date:
    """Read the day that a task is to ask for; warn when it is about to be forgotten.

    :param value: ``send_date`` in any of its forms
    :param now: the current instant
    :param log: the task's logger
    :raises DysmsInputError: it is not a date
    :raises DysmsWindowError: the service does not remember it
    """
    day = dates.parse_day(value)
    dates.check_window(day, now)
    left = dates.days_left(day, now)
    if left <= 1:
        log.warning("%s is about to leave the service's memory: it can be asked %s more day(s)", day, left)
    return day


def parse_days(first_date: str | date | datetime, last_date: str | date | datetime | None = None) -> tuple[date, date]:
    """Read the first and the last day of statistics.

    :raises DysmsInputError: no dates, in the wrong order, or in the future
    """
    first = dates.parse_day(first_date, "first_date")
    last = first if last_date is None else dates.parse_day(last_date, "last_date")
    today = dates.beijing_day(datetime.now(UTC))
    if last < first:
        raise DysmsInputError("last_date", f"({last}) lies before first_date ({first}); swap them")
    if last > today:
        argument = "first_date" if last_date is None else "last_date"
        raise DysmsInputError(argument, f"({last}) lies in the future; in Beijing it is {today}")
    return first, last


def is_international(scope: str) -> bool:
    """Read the scope of statistics.

    :raises DysmsInputError: it is neither ``mainland`` nor ``international``
    """
    validation.word("scope", scope, get_args(Market))
    return scope == "international"
