"""Judges a day: all of its messages, and each template, country or signature with enough of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.delivery_check.baseline import at_equal_age, baselines, delivered_of
from airflow_provider_dysms.delivery_check.rules import RULES, GroupFigures, RuleVerdict, Verdict
from airflow_provider_dysms.model.choices import OTHERS
from airflow_provider_dysms.model.dates import iso_utc
from airflow_provider_dysms.model.errors import DysmsIncomplete

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.archive.figures.audit_figures import AuditFigures
    from airflow_provider_dysms.archive.figures.day_figures import DayFigures
    from airflow_provider_dysms.delivery_check.limits import CheckLimits

#: Groups that a result lists: the bad ones, then the largest.
MAX_GROUPS = 50

#: Verdicts that the error of a check names.
MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """The verdict on a group.

    :param group: its figures
    :param rules: what each rule says
    """

    group: GroupFigures
    rules: list[RuleVerdict]

    @property
    def verdict(self) -> Verdict:
        """The worst of its rules; not judged only if no rule could be."""
        found = {each.verdict for each in self.rules}
        return "bad" if "bad" in found else "good" if "good" in found else "not judged"

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict with its figures as JSON-able values."""
        return {
            "by": self.group.dimension or "all",
            "value": self.group.value,
            "verdict": self.verdict,
            "sent": self.group.counts.sent,
            **{name: count for name, count in self.group.counts.as_dict().items() if name != "rejected"},
            "rules": [each.as_dict() for each in self.rules],
        }


@dataclass(frozen=True, slots=True)
class DayVerdict:
    """The verdict on a day.

    :param day: the Beijing day
    :param audit: its latest audit
    :param groups: the verdicts, all messages first
    """

    day: date
    audit: AuditFigures
    groups: list[GroupVerdict]

    @property
    def is_good(self) -> bool:
        """Whether no group is bad."""
        return all(each.verdict != "bad" for each in self.groups)

    @property
    def sentences(self) -> list[str]:
        """The worst verdicts, the worst first, as sentences without a full stop."""
        bad = [(each.group, rule) for each in self.groups for rule in each.rules if rule.verdict == "bad"]
        bad.sort(key=lambda pair: -pair[1].excess)
        return [_sentence(group, rule) for group, rule in bad[:MAX_NAMED]]

    @property
    def summary(self) -> str:
        """One line: how many verdicts there are of each kind."""
        found = [rule.verdict for each in self.groups for rule in each.rules]
        return f"{found.count('good')} good, {found.count('bad')} bad, {found.count('not judged')} not judged"

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-able values of bounded size."""
        order: dict[Verdict, int] = {"bad": 0, "good": 1, "not judged": 2}
        ranked = sorted(self.groups, key=lambda each: (order[each.verdict], -each.group.counts.sent))
        listed = set(map(id, ranked[:MAX_GROUPS]))
        return {
            "send_date": self.day.isoformat(),
            "as_of": iso_utc(self.audit.as_of, "seconds"),
            "age_hours": round(self.audit.age / timedelta(hours=1), 1),
            "is_good": self.is_good,
            "groups": [each.as_dict() for each in self.groups if id(each) in listed],
            "groups_left_out": len(self.groups) - len(listed),
        }


def check_day(figures: Mapping[date, DayFigures], day: date, limits: CheckLimits) -> DayVerdict:
    """Judge a day.

    Every comparison of a group with a limit may go wrong by chance, so the probability of a false alarm is divided by
    their number (Bonferroni's correction): it holds for all of them together.

    :param figures: of the day and of the weeks before it that are known
    :param day: the Beijing day
    :param limits: the limits that it must keep to
    :raises DysmsIncomplete: the day has not been audited, or its manifest cannot be used
    """
    found = figures.get(day)
    if found is None or found.latest is None:
        problem = found.problem if found and found.problem else "has not been audited"
        raise DysmsIncomplete(f"{day} {problem}; audit it before it is checked")
    groups = _with_baselines(figures, found, limits)
    set_limits = limits.set_limits
    reasons = {
        (place, name): RULES[name].reason_against(group, limits.min_messages)
        for place, group in enumerate(groups)
        for name in set_limits
    }
    comparisons = sum(reason is None for reason in reasons.values())
    error = limits.false_alarm_rate / max(comparisons, 1)
    verdicts = [
        GroupVerdict(
            group,
            [
                RuleVerdict(name, "not judged", limit, reason=reason)
                if (reason := reasons[place, name])
                else RULES[name].judge(group, limit, error)
                for name, limit in set_limits.items()
            ],
        )
        for place, group in enumerate(groups)
    ]
    return DayVerdict(day, found.latest, verdicts)


def _with_baselines(figures: Mapping[date, DayFigures], found: DayFigures, limits: CheckLimits) -> list[GroupFigures]:
    assert found.latest is not None
    groups = [GroupFigures(None, "", found.latest.counts, found.all_latency)]
    for dimension in limits.by:
        named = found.latest.groups.get(dimension) or {}
        groups += [
            GroupFigures(
                dimension,
                value,
                counts,
                found.latency_of(dimension, value),
                has_missing=dimension == "country",
            )
            for value, counts in sorted(named.items(), key=lambda item: (-item[1].sent, item[0]))
            if value != OTHERS
        ]
    if limits.max_drop is None:
        return groups
    audits = at_equal_age(figures, found.day, found.latest.age, weeks=limits.weeks)
    picks = [delivered_of(group.dimension, group.value) for group in groups]
    # A day with few messages of a group says little about the usual share, and may be a test.
    usual = baselines(audits, picks, limits.min_messages // 4)
    return [replace(group, baseline=baseline) for group, baseline in zip(groups, usual, strict=True)]


def _sentence(group: GroupFigures, rule: RuleVerdict) -> str:
    name, counts, value = group.name, group.counts, rule.value or 0.0
    match rule.rule:
        case "max_drop":
            return (
                f"{name}: {value:.1%} of {counts.recorded:,} delivered, usually {rule.usual or 0:.1%} at this age "
                f"(max_drop={rule.limit:g})"
            )
        case "min_delivery_rate":
            return f"{name}: {value:.1%} of {counts.known:,} delivered (min_delivery_rate={rule.limit:g})"
        case "max_missing_rate":
            return f"{name}: {value:.1%} of {counts.sent:,} missing (max_missing_rate={rule.limit:g})"
        case "max_waiting_rate":
            return f"{name}: {value:.1%} of {counts.recorded:,} without a receipt (max_waiting_rate={rule.limit:g})"
    return f"{name}: 95% of {counts.delivered:,} delivered within {value:,.0f} s (max_latency_p95={rule.limit:g})"
