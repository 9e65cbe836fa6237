"""Writes numbers, days, times and sentences in a language."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.choices import OTHERS
from airflow_provider_dysms.model.dates import BEIJING, day_spans
from airflow_provider_dysms.model.safe_text import one_line
from airflow_provider_dysms.reports.texts import CATALOGUES

if TYPE_CHECKING:
    from airflow_provider_dysms.model.choices import ReportLanguage
    from airflow_provider_dysms.reports.contents.findings import Finding

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Characters of a name from outside that are shown.
MAX_NAME = 40

#: Findings whose value and usual value are numbers of something, and those in which they are seconds.
_COUNTS = {"few_messages", "many_messages", "segments"}
_SECONDS = {"latency"}


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language."""

    language: ReportLanguage

    def text(self, name: str, **values: object) -> str:
        """Return a text of the catalogue with its values filled in."""
        return CATALOGUES[self.language][name].format(**values)

    def has(self, name: str) -> bool:
        """Return whether the catalogue has a text."""
        return name in CATALOGUES[self.language]

    def number(self, value: float | None) -> str:
        """Return a whole number with its thousands apart."""
        return self.text("unknown") if value is None else f"{value:,.0f}"

    def percent(self, share: float | None, digits: int = 1) -> str:
        """Return a share in percent; one just below 100 % never reads as 100 %."""
        if share is None:
            return self.text("none")
        shown = f"{share:.{digits}%}"
        return f"{1 - 10 ** -(digits + 2):.{digits}%}" if share < 1 and shown.startswith("100") else shown

    def points(self, change: float | None) -> str:
        """Return the change of a share in percentage points, with its sign."""
        if change is None:
            return self.text("none")
        return _signed(f"{change * 100:+.1f}")

    def relative(self, change: float | None) -> str:
        """Return a relative change in percent, with its sign."""
        return self.text("none") if change is None else _signed(f"{change:+.0%}")

    def relative_to(self, ours: float, theirs: float | None) -> str:
        """Return how much larger or smaller another count is, in percent of ours."""
        if theirs is None or not ours:
            return self.text("none")
        return _signed(f"{(theirs - ours) / ours:+.1%}")

    def day(self, day: date) -> str:
        """Return a day with its weekday and year."""
        weekday = self.text(f"weekday_{day.weekday()}")
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日 {weekday}"
        return f"{weekday} {day.day} {_MONTHS[day.month - 1]} {day.year}"

    def short_day(self, day: date) -> str:
        """Return day and month."""
        return f"{day.month}月{day.day}日" if self.language == "zh" else f"{day.day} {_MONTHS[day.month - 1]}"

    def weekday(self, day: date) -> str:
        """Return the name of the weekday."""
        return self.text(f"weekday_{day.weekday()}")

    def minute(self, instant: datetime) -> str:
        """Return an instant as a clock in Beijing shows it."""
        return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}"

    def span(self, first: date, last: date) -> str:
        """Return a day, or a first and a last one."""
        if first == last:
            return self.short_day(first)
        return self.text("span", first=self.short_day(first), last=self.short_day(last))

    def seconds(self, seconds: float | None) -> str:
        """Return a time in the unit that suits it."""
        if seconds is None:
            return self.text("none")
        if math.isinf(seconds):
            return self.text("beyond")
        if seconds < 100:
            return self.text("seconds", value=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
        if seconds < 100 * 60:
            return self.text("minutes", value=f"{seconds / 60:.0f}")
        return self.text("hours", value=f"{seconds / 3600:.0f}")

    def age(self, age: timedelta) -> str:
        """Return how old something is, in whole hours or minutes."""
        minutes = age / timedelta(minutes=1)
        if minutes < 60:
            return self.text("minutes", value=f"{minutes:.0f}")
        return self.text("hours", value=f"{minutes / 60:,.0f}")

    def days(self, days: list[date]) -> str:
        """Return a list of days."""
        return self.text("list_separator").join(map(self.short_day, days))

    def spans(self, days: list[date]) -> str:
        """Return a list of days, with spans in place of days that follow each other."""
        return self.text("list_separator").join(self.span(first, last) for first, last in day_spans(days))

    def cause(self, kind: str, name: str) -> str:
        """Return the name of a fault, a category or a code for readers; an unknown one as it came."""
        if not name:
            return self.text("category_none")
        if name == OTHERS:
            return self.text("others")
        known = f"{kind}_{name}"
        return self.text(known) if kind != "code" and self.has(known) else one_line(name, MAX_NAME)

    def group(self, kind: str, name: str) -> str:
        """Return the name of a template or a country for readers."""
        if name == OTHERS:
            return self.text("others")
        return one_line(name, MAX_NAME) if name else self.text(f"no_{kind}")

    def finding(self, finding: Finding) -> str:
        """Return a finding as a sentence."""
        value, usual = (self._value(finding, each) for each in (finding.value, finding.usual))
        subject = one_line(finding.subject, MAX_NAME)
        return self.text(
            f"finding_{finding.kind}", subject=subject, value=value, usual=usual, count=self.number(finding.count)
        )

    def _value(self, finding: Finding, value: float | None) -> str:
        if finding.kind in _COUNTS:
            return self.number(value)
        return self.seconds(value) if finding.kind in _SECONDS else self.percent(value)


def _signed(number: str) -> str:
    """Return a number with a true minus sign; nothing has no sign."""
    is_zero = not any(map(number.__contains__, "123456789"))
    return number[1:] if is_zero else number.replace("-", "−")
