"""Delivery times of several days are added, and percentiles are read from the sum."""

from __future__ import annotations

import math
import random

import pytest

from airflow_provider_dysms.archive.figures.latency_histogram import LatencyHistogram
from airflow_provider_dysms.audit.latency_buckets import bucket_of, in_order
from airflow_provider_dysms.model.dates import LATENCY_BOUNDS as BOUNDS


def histogram(times: list[int]) -> LatencyHistogram:
    return LatencyHistogram.of(in_order((bucket_of(time), 1) for time in times))


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_lies_in_the_bucket_of_the_exact_one(share: float) -> None:
    rng = random.Random(4)
    times = [math.ceil(rng.lognormvariate(1.6, 0.9)) for _ in range(4_000)]
    exact = sorted(times)[math.ceil(share * len(times)) - 1]
    found = histogram(times).percentile(share)
    assert found is not None
    assert bucket_of(math.ceil(found)) == bucket_of(exact)


def test_the_percentile_of_a_sum_is_that_of_all_times() -> None:
    quick, slow = [2] * 90, [40] * 30
    merged = LatencyHistogram.merged([histogram(quick), histogram(slow)])
    assert merged == histogram(quick + slow)
    assert merged.total == 120
    assert merged.percentile(0.95) == pytest.approx(38, abs=1)


def test_buckets_of_another_release_are_added_too() -> None:
    other = LatencyHistogram.of({"7": 4, "inf": 1})
    assert LatencyHistogram.merged([other, LatencyHistogram.of({"6": 1})]).buckets == ((6, 1), (7, 4), (math.inf, 1))


def test_times_beyond_the_last_bound_are_infinite_and_nothing_is_none() -> None:
    assert histogram([BOUNDS[-1] + 1]).percentile(0.5) == math.inf
    assert LatencyHistogram().percentile(0.5) is None


def test_messages_within_a_time_are_rounded_up_to_a_bound() -> None:
    found = histogram([3, 9, 11, 300_000])
    assert [found.within(seconds) for seconds in (1, 3, 9, 10, 11, 3600)] == [0, 1, 2, 2, 3, 3]
    assert histogram([3]).within(10**9) == 1
