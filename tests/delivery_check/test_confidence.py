"""Intervals and quantiles against values from tables."""

from __future__ import annotations

import random

import pytest

from airflow_provider_dysms.delivery_check.confidence import student_quantile, wilson_interval


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    # The intervals of 95 % in Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(hits, total, 0.025) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("error", "degrees", "expected"),
    [(0.025, 10, 2.228), (0.005, 20, 2.845), (0.001, 6, 5.208), (0.0005, 10, 4.587), (0.0005, 30, 3.646)],
)
def test_the_quantile_is_students(error: float, degrees: int, expected: float) -> None:
    assert student_quantile(error, degrees) == pytest.approx(expected, rel=0.02)


def test_the_true_share_is_outside_as_rarely_as_is_said() -> None:
    rng = random.Random(2)
    outside = 0
    for _ in range(2_000):
        hits = sum(rng.random() < 0.93 for _ in range(300))
        outside += not wilson_interval(hits, 300, 0.01)[0] <= 0.93
    assert outside <= 35  # 20 are expected
