"""Finds what is wrong in a month: a bad template, an outage of a carrier, a day with unusually few messages.

Each day is compared with the same weekdays of the four weeks around it, at equal age, and judged as
:mod:`airflow_provider_dysms.delivery_check.baseline` describes: a difference counts if it is larger than what days
usually differ by, and large enough to matter. Of a day's lost deliveries the narrowest cause that explains half of them
is named. The same finding on days that follow each other is one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Literal

from airflow_provider_dysms.delivery_check.baseline import at_equal_age
from airflow_provider_dysms.delivery_check.confidence import wilson_interval
from airflow_provider_dysms.model.records import MAX_STATISTICS_GAP
from airflow_provider_dysms.reports.contents.lost_deliveries import MIN_MESSAGES, lost_deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.archive.figures.equal_age import ComparedDay

#: What a finding is about. ``template``, ``country``, ``fault``, ``waiting`` and ``delivery`` explain lost deliveries;
#: the others stand alone.
Kind = Literal[
    "template",
    "country",
    "fault",
    "waiting",
    "delivery",
    "few_messages",
    "many_messages",
    "low_template",
    "missing",
    "latency",
    "segments",
    "not_audited",
]

Severity = Literal["bad", "warning", "note"]

_SEVERITY: dict[Kind, Severity] = {
    "template": "bad",
    "country": "bad",
    "fault": "bad",
    "waiting": "bad",
    "delivery": "bad",
    "low_template": "warning",
    "missing": "warning",
    "latency": "warning",
    "few_messages": "warning",
    "many_messages": "note",
    "segments": "note",
    "not_audited": "note",
}

#: A day has few messages below this share of the usual number, and many above it.
FEW, MANY = 0.6, 1.75

#: A template is low if it delivers less than the others by this share, as far as the noise of counting tells.
LOW_TEMPLATE = 0.1

#: Share of missing messages above which they are a finding, as in the transfer's ``max_missing_rate``.
MAX_MISSING = 0.05

#: Delivery times are a finding if 95 % take longer than usual by this factor, and by this number of seconds.
SLOW_FACTOR, SLOW_SECONDS = 2.0, 10.0

#: Findings of each kind that are named.
MAX_FINDINGS = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or worth knowing.

    :param kind: what it is about
    :param first, last: its first and last day
    :param days: number of its days; fewer than the span if a day between them was fine
    :param subject: template, country or fault; an empty text otherwise
    :param value: the share, number or seconds found; the worst of its days
    :param usual: what is usual; ``None`` if there is nothing to compare
    :param count: messages that it is about
    """

    kind: Kind
    first: date
    last: date
    days: int = 1
    subject: str = ""
    value: float = 0.0
    usual: float | None = None
    count: int = 0

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return _SEVERITY[self.kind]


def findings_of(figures: Mapping[date, DayFigures], window: Sequence[DayFigures]) -> list[Finding]:
    """Return what is wrong, the latest first; of one day the worst first.

    :param figures: every day that is known, also those before the report's
    :param window: the days of the report, the last one last
    """
    last = window[-1].day
    found = [finding for day in window for finding in _of_day(figures, day, is_last=day.day == last)]
    found += _not_audited(window)
    order = list(_SEVERITY.values())
    merged = _merged(found)
    merged.sort(key=lambda each: (-each.last.toordinal(), order.index(each.severity), -each.count))
    kept: list[Finding] = []
    for finding in merged:
        if sum(each.kind == finding.kind for each in kept) < MAX_FINDINGS:
            kept.append(finding)
    return kept


def _of_day(figures: Mapping[date, DayFigures], day: DayFigures, *, is_last: bool) -> Iterator[Finding]:
    if day.latest is None or not day.latest.counts.sent:
        return
    here = day.day
    audits = at_equal_age(figures, here, day.latest.age, both_ways=True)
    usual_numbers = [each.audit.counts.sent for each in audits.same]
    sent = day.latest.counts.sent
    usual = median(usual_numbers) if len(usual_numbers) > 1 else 0
    if usual >= MIN_MESSAGES and sent < FEW * usual and sent < min(usual_numbers):
        yield Finding("few_messages", here, here, value=sent, usual=usual, count=sent)
    if usual >= MIN_MESSAGES and sent > MANY * usual and sent > max(usual_numbers):
        yield Finding("many_messages", here, here, value=sent, usual=usual, count=sent)
    lost = list(lost_deliveries(day.latest, audits))
    for each in lost:
        yield Finding(each.kind, here, here, 1, each.subject, each.value, each.usual, each.messages)
    if is_last:
        yield from _of_last_day(day, audits.same, {each.subject for each in lost if each.kind == "template"})
    for segments in day.segments.values():
        if segments.vendor and _is_gap(segments.ours, segments.vendor):
            yield Finding("segments", here, here, value=segments.vendor, usual=segments.ours, count=segments.ours)


def _of_last_day(day: DayFigures, compared: Sequence[ComparedDay], named: set[str]) -> Iterator[Finding]:
    assert day.latest is not None
    here, counts = day.day, day.latest.counts
    if counts.sent >= MIN_MESSAGES and counts.missing > MAX_MISSING * counts.sent:
        yield Finding("missing", here, here, value=counts.missing / counts.sent, count=counts.missing)
    templates = day.latest.groups.get("template_code") or {}
    for name, each in templates.items():
        others_sent = counts.recorded - each.recorded
        if each.recorded < MIN_MESSAGES or others_sent < MIN_MESSAGES or name in named or not name:
            continue
        others = (counts.delivered - each.delivered) / others_sent
        if wilson_interval(each.delivered, each.recorded, 0.001)[1] < others - LOW_TEMPLATE:
            value = each.delivered / each.recorded
            yield Finding("low_template", here, here, 1, name, value, others, each.recorded)
    times = [each.audit.p95 for each in compared if each.audit.p95 is not None]
    p95 = day.latest.p95
    if p95 is not None and len(times) > 1 and p95 > max(SLOW_FACTOR * median(times), median(times) + SLOW_SECONDS):
        yield Finding("latency", here, here, value=p95, usual=median(times), count=counts.delivered)


def _not_audited(window: Iterable[DayFigures]) -> Iterator[Finding]:
    for day in window:
        if day.latest is None:
            yield Finding("not_audited", day.day, day.day)


def _is_gap(ours: int, vendor: int) -> bool:
    return abs(ours - vendor) > MAX_STATISTICS_GAP * max(ours, vendor)


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Make one finding of the same one on days that follow each other, with at most one day between them.

    Of days that were not audited nothing is known: a day between them that was audited is not one of them.
    """
    merged: list[Finding] = []
    for finding in sorted(findings, key=lambda each: each.first):
        for place, other in enumerate(merged):
            is_same = (other.kind, other.subject) == (finding.kind, finding.subject)
            days = timedelta(days=1 if finding.kind == "not_audited" else 2)
            if is_same and other.last < finding.first <= other.last + days:
                merged[place] = _joined(other, finding)
                break
        else:
            merged.append(finding)
    return merged


def _joined(one: Finding, other: Finding) -> Finding:
    worst = max(one, other, key=lambda each: abs(each.value - (each.usual or 0)))
    return replace(worst, first=one.first, last=other.last, days=one.days + other.days, count=one.count + other.count)
