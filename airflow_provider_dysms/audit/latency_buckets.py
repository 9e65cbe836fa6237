"""Puts delivery times into buckets with fixed bounds: unlike percentiles, the counts of several days can be added.

The bounds are close together below a minute, within which most one-time codes arrive or are of no use. A percentile
that is read from the buckets lies in the right bucket, and differs from the exact one by less than its width.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.dates import LATENCY_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The bucket of times beyond the last bound.
BEYOND = "inf"

_NAMES = (*map(str, LATENCY_BOUNDS), BEYOND)


def bucket_of(seconds: int) -> str:
    """Return the name of the bucket of a time: its upper bound in seconds, or :data:`BEYOND`.

    :param seconds: from sending to receipt; a negative time, from clocks that differ, counts as 0
    """
    return _NAMES[bisect_left(LATENCY_BOUNDS, seconds)]


def in_order(buckets: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return bucket -> count, the shortest times first.

    :param buckets: the bucket and the number of messages, repeatedly
    """
    counts: Counter[str] = Counter()
    for name, count in buckets:
        counts[name] += count
    return {name: counts[name] for name in _NAMES if counts[name]}
