"""The table behind the report: one row per day and group, and the report's main facts as JSON-able values."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.figures.audit_figures import DIMENSIONS
from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.reports.contents.overview import percentiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.archive.figures.latency_histogram import LatencyHistogram
    from airflow_provider_dysms.archive.figures.state_counts import StateCounts
    from airflow_provider_dysms.reports.report import DeliveryReport
    from airflow_provider_dysms.reports.wording import Wording

#: Columns of the table. ``by`` is ``all``, ``template_code``, ``country`` or ``sign_name``, and ``value`` one of these.
COLUMNS: dict[str, type] = {
    "send_date": str,
    "state": str,
    "as_of": str,
    "age_hours": float,
    "by": str,
    "value": str,
    "sent": int,
    "delivered": int,
    "failed": int,
    "waiting": int,
    "expired": int,
    "missing": int,
    "unlogged": int,
    "delivered_share": float,
    "p50_seconds": float,
    "p95_seconds": float,
    "p99_seconds": float,
}

_COUNTS = ("sent", "delivered", "failed", "waiting", "expired", "missing", "unlogged")


def table_rows(report: DeliveryReport) -> list[tuple[Any, ...]]:
    """Return the rows of the table; a day that was not audited has one without figures."""
    return [tuple(row.get(name) for name in COLUMNS) for day in report.window for row in _rows(day)]


def day_rows(report: DeliveryReport) -> list[dict[str, Any]]:
    """Return one row per day, without its groups."""
    return [_day_row(day) for day in report.window]


def facts(report: DeliveryReport, wording: Wording) -> dict[str, Any]:
    """Return the last day in numbers, and what is wrong.

    :param wording: the language of the sentences
    """
    last = _day_row(report.last)
    usual = report.headline.delivered.usual if report.headline else None
    return {
        **{name: value for name, value in last.items() if value is not None},
        "usual_delivered_share": _rounded(usual),
        "compared_days": [each.day.isoformat() for each in report.compared],
        "receipts_alone_days": [day.isoformat() for day in report.receipts_alone_days],
        "findings": [
            {
                "kind": each.kind,
                "severity": each.severity,
                "first_day": each.first.isoformat(),
                "last_day": each.last.isoformat(),
                "subject": each.subject,
                "text": wording.finding(each),
            }
            for each in report.findings
        ],
    }


def _day_row(day: DayFigures) -> dict[str, Any]:
    row = next(_rows(day))
    return {name: row.get(name) for name in COLUMNS if name not in ("by", "value", "age_hours")}


def _rows(day: DayFigures) -> Iterator[dict[str, Any]]:
    audit = day.latest
    if audit is None:
        yield {"send_date": day.day.isoformat(), "state": day.state, "by": "all"}
        return
    common = {
        "send_date": day.day.isoformat(),
        "state": day.state,
        "as_of": iso_utc(audit.as_of, "seconds"),
        "age_hours": round(audit.age / timedelta(hours=1), 2),
    }
    not_asked = {"missing": None} if audit.is_of_receipts_alone else {}
    yield {**common, "by": "all", **_figures(audit.counts, day.all_latency), **not_asked}
    for dimension in DIMENSIONS:
        for value, counts in sorted((audit.groups.get(dimension) or {}).items()):
            figures = _figures(counts, day.latency_of(dimension, value))
            yield {**common, "by": dimension, "value": value, **figures, **not_asked}


def _figures(counts: StateCounts, latency: LatencyHistogram | None) -> dict[str, Any]:
    times = percentiles(latency) if latency else (None, None, None)
    shown = [None if time is None or math.isinf(time) else round(time, 1) for time in times]
    return {
        **{name: getattr(counts, name) for name in _COUNTS},
        "delivered_share": _rounded(counts.delivered_share),
        **dict(zip(("p50_seconds", "p95_seconds", "p99_seconds"), shown, strict=True)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
