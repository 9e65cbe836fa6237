"""Reads the arguments ``send_date``, ``first_date``, ``last_date`` and ``scope`` of a query as users write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dysms.model import dates, validation
from airflow_provider_dysms.model.choices import Market
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from datetime import date


def parse_send_date(value: Any, now: datetime, log: Any) -> date:
    """Read the day of a query; warn if the service is about to forget it.

    :param value: ``send_date`` in any of its forms
    :param now: the current instant
    :param log: the task's logger
    :raises DysmsInputError: it is not a date
    :raises DysmsWindowError: the service does not remember it
    """
    day = dates.parse_day(value)
    dates.check_window(day, now)
    remaining = dates.days_left(day, now)
    if remaining <= 1:
        log.warning("The service is about to forget %s: it can be queried for %s more day(s)", day, remaining)
    return day


def parse_days(first_date: str | date | datetime, last_date: str | date | datetime | None = None) -> tuple[date, date]:
    """Read the first and the last day of statistics.

    :raises DysmsInputError: they are not dates, in the wrong order, or in the future
    """
    first = dates.parse_day(first_date, "first_date")
    last = first if last_date is None else dates.parse_day(last_date, "last_date")
    today = dates.beijing_day(datetime.now(UTC))
    if last < first:
        raise DysmsInputError("last_date", f"({last}) is before first_date ({first}); swap them")
    if last > today:
        argument = "first_date" if last_date is None else "last_date"
        raise DysmsInputError(argument, f"({last}) is in the future; in Beijing it is {today}")
    return first, last


def is_international(scope: str) -> bool:
    """Return whether the scope of statistics is international.

    :raises DysmsInputError: it is neither ``mainland`` nor ``international``
    """
    validation.word("scope", scope, get_args(Market))
    return scope == "international"
