"""Reads the figures of days from the manifests of an output folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.figures.day_figures import DayFigures, figures_of
from airflow_provider_dysms.model.dates import DAY
from airflow_provider_dysms.storage.audited_days.list_days import list_audited_days

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

#: Days before the first one that are read too: what a day is compared with.
BASELINE_DAYS = 28


def read_figures(output_uri: str, days: Iterable[date], *, partition: str, now: datetime) -> dict[date, DayFigures]:
    """Return the figures of some days, in the order of the days; no file of rows is listed or read.

    A manifest that is damaged or belongs to something else makes a day with a ``problem``, and no figures.

    :param output_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``
    :param days: each manifest of one of them is read
    :param partition: folder of a day below it, as the transfer takes it
    :param now: the current instant
    :raises DysmsInputError: an argument cannot be used, or the store refuses to list the manifests
    :raises DysmsStorageError: the store does not answer
    """
    found = list_audited_days(output_uri, days, partition=partition, now=now)
    return {audited.day: figures_of(audited) for audited in found}


def days_through(last: date, days: int) -> list[date]:
    """Return the days that a report of some days needs: those days, and :data:`BASELINE_DAYS` before them.

    :param last: the last day of the report
    :param days: the number of days of the report
    """
    return [last - DAY * back for back in range(days + BASELINE_DAYS - 1, -1, -1)]
