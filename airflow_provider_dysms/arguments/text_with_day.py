"""Checks texts that may contain the placeholder of the day, while a DAG is parsed: ``partition`` and ``sent_uri``."""

from __future__ import annotations

from datetime import date
from typing import Any

from airflow_provider_dysms.model.errors import DysmsInputError

#: Folder of a day below ``output_uri``.
PARTITION = "send_date={send_date:%Y-%m-%d}"


def text_with_day(argument: str, value: Any) -> None:
    """Check a text that may contain the placeholder of the day.

    :raises DysmsInputError: it is not text, or a placeholder in it is not one of the day
    """
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}")
    if "{" in value and value != PARTITION:
        from airflow_provider_dysms.storage.day_placeholder import render_day  # most DAG files need no more than this

        render_day(value, date(2000, 1, 1), argument)
