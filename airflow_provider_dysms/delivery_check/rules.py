"""The rules of a check: each compares one figure of a group with a limit, with the noise of its number in mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_dysms.delivery_check.confidence import wilson_interval
from airflow_provider_dysms.model.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from airflow_provider_dysms.archive.figures.latency_histogram import LatencyHistogram
    from airflow_provider_dysms.archive.figures.state_counts import StateCounts
    from airflow_provider_dysms.delivery_check.baseline import Baseline
    from airflow_provider_dysms.model.choices import Dimension

#: Characters of a name in a sentence.
_MAX_NAME = 40

Verdict = Literal["good", "bad", "not judged"]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of a group that rules look at.

    :param dimension: ``None`` for all messages
    :param value: template, country or signature
    :param latency: delivery times; ``None`` if they are not known
    :param baseline: the usual delivered share; ``None`` if there is none
    :param has_missing: whether messages without a record are counted; they have no template and no signature
    """

    dimension: Dimension | None
    value: str
    counts: StateCounts
    latency: LatencyHistogram | None = None
    baseline: Baseline | None = None
    has_missing: bool = True

    @property
    def name(self) -> str:
        """The name of the group in a sentence."""
        if self.dimension is None:
            return "all messages"
        return f"{self.dimension} {one_line(self.value, _MAX_NAME)!r}"


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """The verdict of one rule on a group.

    :param rule: name of the limit
    :param limit: its value
    :param value: the figure: a share, or seconds
    :param bound: of a fixed limit, the end of the figure's interval that was compared with it; of ``max_drop``, the
        lowest share that usual days explain
    :param usual: the share of the same weekdays at equal age, for ``max_drop``
    :param days: those weekdays
    :param reason: why it is not judged
    """

    rule: str
    verdict: Verdict
    limit: float
    value: float | None = None
    bound: float | None = None
    usual: float | None = None
    days: tuple[date, ...] = ()
    reason: str | None = None

    @property
    def excess(self) -> float:
        """How far the figure is beyond its limit, as a factor: what is worst has the highest."""
        if self.value is None:
            return 0.0
        if self.rule == "max_drop":
            return ((self.usual or 0) - self.value) / self.limit
        if self.rule == "min_delivery_rate":
            return (1 - self.value) / max(1 - self.limit, 0.001)
        return self.value / self.limit

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-able values, without what it does not have."""
        found = {
            "rule": self.rule,
            "verdict": self.verdict,
            "limit": self.limit,
            "value": _rounded(self.value),
            "bound": _rounded(self.bound),
            "usual": _rounded(self.usual),
            "days": [day.isoformat() for day in self.days] or None,
            "reason": self.reason,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    :param reason_against: returns why a group cannot be judged, or ``None``; it takes the group and the smallest number
        of messages
    :param judge: takes the group, the limit, and the probability with which a group that keeps to it may be called bad
    """

    reason_against: Callable[[GroupFigures, int], str | None]
    judge: Callable[[GroupFigures, float, float], RuleVerdict]


def _too_few(count: int, min_messages: int) -> str | None:
    return f"{count:,} messages are fewer than min_messages={min_messages:,}" if count < min_messages else None


def _against_drop(group: GroupFigures, min_messages: int) -> str | None:
    if reason := _too_few(group.counts.recorded, min_messages):
        return reason
    return None if group.baseline else "too few of the same weekdays were audited at the same age"


def _judge_drop(group: GroupFigures, limit: float, error: float) -> RuleVerdict:
    assert group.baseline is not None
    counts, usual = group.counts, group.baseline
    value, bound = counts.delivered / counts.recorded, usual.lowest_usual(counts.recorded, error)
    is_bad = usual.share - value > limit and value < bound
    return RuleVerdict("max_drop", _verdict(is_bad), limit, value, bound, usual.share, usual.days)


def _judge_delivered(group: GroupFigures, limit: float, error: float) -> RuleVerdict:
    counts = group.counts
    bound = wilson_interval(counts.delivered, counts.known, error)[1]
    value = counts.delivered / counts.known
    return RuleVerdict("min_delivery_rate", _verdict(bound < limit), limit, value, bound)


def _against_missing(group: GroupFigures, min_messages: int) -> str | None:
    if not group.has_missing:
        return "messages without a record have no template and no signature"
    return _too_few(group.counts.sent, min_messages)


def _judge_missing(group: GroupFigures, limit: float, error: float) -> RuleVerdict:
    return _judge_share("max_missing_rate", group.counts.missing, group.counts.sent, limit, error)


def _judge_waiting(group: GroupFigures, limit: float, error: float) -> RuleVerdict:
    return _judge_share("max_waiting_rate", group.counts.without_receipt, group.counts.recorded, limit, error)


def _judge_share(rule: str, hits: int, total: int, limit: float, error: float) -> RuleVerdict:
    bound = wilson_interval(hits, total, error)[0]
    return RuleVerdict(rule, _verdict(bound > limit), limit, hits / total, bound)


def _against_latency(group: GroupFigures, min_messages: int) -> str | None:
    if group.latency is None:
        return "its delivery times are not known"
    return _too_few(group.latency.total, min_messages)


def _judge_latency(group: GroupFigures, limit: float, error: float) -> RuleVerdict:
    """Judge whether 95 % arrived in time; the bound is the highest share that may lie behind the messages in time."""
    assert group.latency is not None
    bound = wilson_interval(group.latency.within(limit), group.latency.total, error)[1]
    return RuleVerdict("max_latency_p95", _verdict(bound < 0.95), limit, group.latency.percentile(0.95), bound)


def _verdict(is_bad: bool) -> Verdict:
    return "bad" if is_bad else "good"


def _rounded(value: float | None) -> float | None:
    """Return a figure as JSON has it: an infinite time is left out."""
    return None if value is None or value == float("inf") else round(value, 5)


#: Name of a limit -> its rule.
RULES: dict[str, Rule] = {
    "min_delivery_rate": Rule(lambda group, least: _too_few(group.counts.known, least), _judge_delivered),
    "max_drop": Rule(_against_drop, _judge_drop),
    "max_missing_rate": Rule(_against_missing, _judge_missing),
    "max_waiting_rate": Rule(lambda group, least: _too_few(group.counts.recorded, least), _judge_waiting),
    "max_latency_p95": Rule(_against_latency, _judge_latency),
}
