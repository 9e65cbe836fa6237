"""The queries that exist: a page of sending details, or the delivery report."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.figures.read_figures import days_through, read_figures
from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.reports.delivery_report import render_body
from airflow_provider_dysms.reports.report import build_report
from airflow_provider_dysms.reports.span import DAYS
from airflow_provider_dysms.suppression.stopped_numbers import read_stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.reports.texts import Language


def find_details(
    archive: Mapping[str, str], filters: Mapping[str, Any], *, show_numbers: bool = False
) -> dict[str, Any]:
    """Return a page of sending details as :meth:`Page.as_dict` has it.

    :param archive: ``output_uri``, ``partition``, and ``dysms_conn_id`` if numbers are hashed; ``suppression_uri``
        if the report counts the numbers to stop
    :param filters: further fields of a ``FindQuery``
    :param show_numbers: whether whole numbers and texts leave this process
    """
    query = FindQuery(output_uri=archive["output_uri"], partition=archive["partition"], **filters)
    key = _privacy_key(archive) if query.phone_number else None
    return find(query, privacy_key=key).as_dict(show_numbers=show_numbers)


def delivery_report(archive: Mapping[str, str], day: str, language_of_report: Language) -> dict[str, Any]:
    """Return the delivery report of a day as the body of a page.

    :param archive: as in :func:`find_details`
    :param day: the last day of the report, ``YYYY-MM-DD``
    """
    last = date.fromisoformat(day)
    figures = read_figures(
        archive["output_uri"], days_through(last, DAYS), partition=archive["partition"], now=datetime.now(UTC)
    )
    stopped = read_stopped(uri) if (uri := archive.get("suppression_uri")) else None
    return {"html": render_body(build_report(figures, last), language=language_of_report, stopped=stopped)}


def _privacy_key(archive: Mapping[str, str]) -> PrivacyKey | None:
    """Return the key of an archive with hashed numbers."""
    if not (conn_id := archive.get("dysms_conn_id")):
        return None
    from airflow_provider_dysms.hooks.dysms import DysmsHook

    return DysmsHook(conn_id).privacy_key


JOBS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "find_details": find_details,
    "delivery_report": delivery_report,
}
