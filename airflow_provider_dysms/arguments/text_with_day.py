"""Checks texts that may contain the placeholder of the day, ``partition`` and ``sent_uri``, and fills the day in."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.choices import PARTITION as PARTITION
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Iterable


def text_with_day(argument: str, value: Any) -> None:
    """Check a text that may contain the placeholder of the day.

    :raises DysmsInputError: it is not text, or a placeholder in it is not one of the day
    """
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}")
    if "{" in value and value != PARTITION:
        from airflow_provider_dysms.storage.day_placeholder import render_day  # most DAG files need no more than this

        render_day(value, date(2000, 1, 1), argument)


def fill_in_day(task: Any, names: Iterable[str]) -> None:
    """Fill the day of a task into its texts, so that Airflow shows the file of the day. Errors are left to the task.

    :param task: has ``send_date``, and the texts as attributes
    :param names: of the texts
    """
    from airflow_provider_dysms.storage.day_placeholder import render_day

    for name in names:
        if isinstance(text := getattr(task, name), str):
            with suppress(Exception):
                text = render_day(text, parse_day(task.send_date), name)
                if not {"{", "}"} & {*text}:  # the run would take remaining braces for a placeholder
                    setattr(task, name, text)
