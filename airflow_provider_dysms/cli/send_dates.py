"""Reads the day that a command is about; by default it is yesterday in Beijing."""

from __future__ import annotations

from datetime import UTC, date, datetime

from airflow_provider_dysms.model.dates import DAY, beijing_day, parse_day


def day_of(text: str | None, argument: str) -> date:
    """Return the day of an option.

    :param text: ``YYYY-MM-DD`` or ``YYYYMMDD``; ``None`` for yesterday in Beijing
    :param argument: name of the option's argument, for the error
    :raises DysmsInputError: it is not a date
    """
    return beijing_day(datetime.now(UTC)) - DAY if text is None else parse_day(text, argument)
