"""How many days a report is about. DAG files load this: it imports little."""

from __future__ import annotations

from airflow_provider_dysms.model.validation import whole_number

#: Days of a report by default, and at most.
DAYS, MAX_DAYS = 30, 92


def check_days(argument: str, value: object) -> None:
    """Check the number of days of a report.

    :raises DysmsInputError: it is not a whole number, or too large
    """
    whole_number(argument, value, "days", 1, MAX_DAYS)
