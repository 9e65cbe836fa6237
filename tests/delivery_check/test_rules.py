"""Each rule of a check: what it looks at, and that noise alone breaks none."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dysms.archive.figures.latency_histogram import LatencyHistogram
from airflow_provider_dysms.archive.figures.state_counts import StateCounts
from airflow_provider_dysms.delivery_check.rules import RULES, GroupFigures

ERROR = 0.001


def judged(rule: str, limit: float, counts: StateCounts, **more: Any) -> str:
    group = GroupFigures(None, "", counts, **more)
    assert RULES[rule].reason_against(group, 100) is None
    return RULES[rule].judge(group, limit, ERROR).verdict


@pytest.mark.parametrize(
    ("rule", "counts", "verdict"),
    [
        # Of the known outcomes 94 % were delivered; the waiting ones may still arrive.
        ("min_delivery_rate", StateCounts(940, 60, waiting=500), "good"),
        ("min_delivery_rate", StateCounts(930, 70), "good"),  # below 0.95, but within the noise
        ("min_delivery_rate", StateCounts(900, 100), "bad"),
        ("min_delivery_rate", StateCounts(900, 0, expired=100), "bad"),
        ("max_waiting_rate", StateCounts(930, waiting=70), "good"),
        ("max_waiting_rate", StateCounts(900, waiting=100), "bad"),
        ("max_waiting_rate", StateCounts(900, expired=100), "bad"),  # 72 hours later they have no receipt either
        ("max_missing_rate", StateCounts(930, missing=70), "good"),
        ("max_missing_rate", StateCounts(900, missing=100), "bad"),
    ],
)
def test_a_limit_is_broken_if_the_whole_interval_is_beyond_it(rule: str, counts: StateCounts, verdict: str) -> None:
    assert judged(rule, 0.95 if rule.startswith("min") else 0.05, counts) == verdict


@pytest.mark.parametrize(("late", "verdict"), [(50, "good"), (60, "good"), (100, "bad")])
def test_delivery_times_are_late_if_too_many_are_beyond_the_limit(late: int, verdict: str) -> None:
    times = LatencyHistogram.of({"10": 1_000 - late, "120": late})
    assert judged("max_latency_p95", 60, StateCounts(1_000), latency=times) == verdict


@pytest.mark.parametrize(
    ("rule", "group", "reason"),
    [
        ("min_delivery_rate", GroupFigures(None, "", StateCounts(99)), "99 messages are fewer than min_messages=100"),
        ("max_drop", GroupFigures(None, "", StateCounts(500)), "too few of the same weekdays"),
        ("max_missing_rate", GroupFigures("sign_name", "a", StateCounts(500), has_missing=False), "no template"),
        ("max_latency_p95", GroupFigures("sign_name", "a", StateCounts(500)), "are not known"),
    ],
)
def test_what_cannot_be_judged_says_why(rule: str, group: GroupFigures, reason: str) -> None:
    assert reason in (RULES[rule].reason_against(group, 100) or "")
