"""Renders the delivery report: one page that needs nothing else, or the part of a page that a server frames.

The page has no script and loads nothing. Every name from outside (templates, countries, codes) is escaped.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model import validation
from airflow_provider_dysms.reports.charts.line_chart import latency_chart, share_bar, spark_line
from airflow_provider_dysms.reports.charts.trend_chart import TrendDay, trend_chart
from airflow_provider_dysms.reports.contents.overview import AGES, PERCENTILES
from airflow_provider_dysms.reports.html_templates import fill, fill_page
from airflow_provider_dysms.reports.texts import LANGUAGES
from airflow_provider_dysms.reports.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from markupsafe import Markup

    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.model.choices import ReportLanguage
    from airflow_provider_dysms.reports.contents.findings import Finding
    from airflow_provider_dysms.reports.report import DeliveryReport

#: Widths of a chart on a screen and on a phone; the stylesheet shows one of them.
_WIDTHS = (("wide", 960), ("narrow", 420))


def render(report: DeliveryReport, *, language: ReportLanguage = "en", stopped: Mapping[str, int] | None = None) -> str:
    """Return the report as an HTML page, which contains its stylesheet, and a policy under which nothing is loaded.

    :param report: see :func:`~.report.build_report`
    :param language: ``en`` or ``zh``
    :param stopped: reason -> numbers that should not be sent to any more; ``None`` leaves the section out
    :raises DysmsInputError: the language is not one of the two
    """
    values = _values(report, language, stopped)
    return fill_page("delivery_report_page.html.j2", language, "report", **values)


def render_body(
    report: DeliveryReport, *, language: ReportLanguage = "en", stopped: Mapping[str, int] | None = None
) -> str:
    """Return the report without the frame of a page: a ``main`` element, for a page that links the stylesheet.

    Its parameters are those of :func:`render`.
    """
    return fill("delivery_report.html.j2", language, **_values(report, language, stopped))


def _values(report: DeliveryReport, language: ReportLanguage, stopped: Mapping[str, int] | None) -> dict[str, Any]:
    """Return what the template shows."""
    validation.word("language", language, LANGUAGES)
    w = Wording(language)
    return {
        "report": report,
        "t": w.text,
        "stopped": stopped,
        "charts": [(class_, _trend(report, w, width)) for class_, width in _WIDTHS],
        "latency_charts": [(class_, _latency(report, w, width)) for class_, width in _WIDTHS],
        "spark_line": spark_line,
        "share_bar": share_bar,
        "percentiles": PERCENTILES,
        "ages": _ages(w),
    }


def _trend(report: DeliveryReport, w: Wording, width: int) -> Markup:
    flagged = _flags(report.findings)
    days = [_trend_day(day, w, flagged.get(day.day)) for day in report.window]
    return trend_chart(days, width, w.text("trend_note", days=len(days)), _short_number)


def _flags(findings: Sequence[Finding]) -> dict[date, str]:
    """Return the days that stand out, and the class of each: the worst of its findings."""
    flags: dict[date, str] = {}
    for finding in findings:
        if finding.severity != "note":
            for ordinal in range(finding.first.toordinal(), finding.last.toordinal() + 1):
                day = finding.first.fromordinal(ordinal)
                flags[day] = "bad" if "bad" in (finding.severity, flags.get(day)) else finding.severity
    return flags


def _trend_day(day: DayFigures, w: Wording, flag: str | None) -> TrendDay:
    label, name = w.short_day(day.day), w.day(day.day)
    if day.latest is None:
        return TrendDay(label, f"{name}: {w.text('not_audited')}", None, None)
    counts = day.latest.counts
    parts = {
        "delivered": counts.delivered,
        "failed": counts.failed,
        "waiting": counts.without_receipt,
        "missing": counts.missing,
    }
    shown = [w.text("sent") + " " + w.number(counts.sent)]
    shown += [f"{w.text(state)} {w.number(count)}" for state, count in parts.items() if count]
    if counts.delivered_share is not None:
        shown[1:1] = [w.percent(counts.delivered_share)]
    return TrendDay(label, f"{name}\n" + "\n".join(shown), counts.delivered_share, parts, flag)


def _latency(report: DeliveryReport, w: Wording, width: int) -> Markup | None:
    classes = [f"p{share * 100:.0f}" for share in PERCENTILES]
    lines = {class_: [day[place] for day in report.latency.trend] for place, class_ in enumerate(classes)}
    names = {class_: f"{share:.0%}" for class_, share in zip(classes, PERCENTILES, strict=True)}
    days = [w.short_day(day.day) for day in report.window]
    return latency_chart(lines, names, days, width, w.text("latency"), partial(_tick, w))


def _tick(w: Wording, seconds: float) -> str:
    whole = int(seconds)
    for unit, name in ((3600, "hours"), (60, "minutes")):
        if whole >= unit and whole % unit == 0:
            return w.text(name, value=whole // unit)
    return w.text("seconds", value=whole)


def _short_number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _ages(w: Wording) -> list[str]:
    ends = [w.age(age) for age in AGES]
    between = [w.text("age_from_to", begin=begin, to=to) for begin, to in pairwise(ends)]
    return [w.text("age_up_to", to=ends[0]), *between, w.text("age_beyond")]
