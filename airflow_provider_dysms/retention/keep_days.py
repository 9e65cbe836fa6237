"""The check of how long partitions are kept. DAG files load this: it imports little."""

from __future__ import annotations

from airflow_provider_dysms.model.dates import WINDOW_DAYS
from airflow_provider_dysms.model.validation import whole_number

#: Bounds of ``keep_days``: a day that the service remembers may be audited again, so it must not be removed.
MIN_KEEP_DAYS, MAX_KEEP_DAYS = WINDOW_DAYS + 1, 36_500


def check_keep_days(argument: str, value: object) -> None:
    """Check for how many days partitions are kept.

    :raises DysmsInputError: it is not a whole number, or the service still remembers such days
    """
    whole_number(argument, value, f"days; the service remembers {WINDOW_DAYS}", MIN_KEEP_DAYS, MAX_KEEP_DAYS)
