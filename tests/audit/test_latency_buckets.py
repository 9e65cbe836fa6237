"""The buckets of delivery times: fixed, so that days can be added up."""

import pytest

from airflow_provider_dysms.audit.latency_buckets import BEYOND, bucket_of, in_order
from airflow_provider_dysms.model.dates import LATENCY_BOUNDS as BOUNDS


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(-3, "1"), (0, "1"), (1, "1"), (2, "2"), (7, "8"), (8, "8"), (61, "90"), (259_200, "259200"), (259_201, BEYOND)],
)
def test_a_bound_belongs_to_the_bucket_below_it(seconds, bucket):
    assert bucket_of(seconds) == bucket


def test_the_bounds_never_change_because_manifests_have_them():
    assert BOUNDS[:8] == (1, 2, 3, 4, 5, 6, 8, 10)
    assert (len(BOUNDS), BOUNDS[-1]) == (30, 72 * 3600)
    assert list(BOUNDS) == sorted(set(BOUNDS))


def test_counts_of_a_bucket_are_added_and_put_in_order():
    assert list(in_order([("inf", 1), ("10", 2), ("2", 3), ("10", 4)]).items()) == [("2", 3), ("10", 6), ("inf", 1)]
