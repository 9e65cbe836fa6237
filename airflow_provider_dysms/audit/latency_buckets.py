"""Puts delivery times into buckets with fixed bounds: unlike percentiles, the counts of several days can be added.

The bounds are close together below a minute, within which most one-time codes arrive or are of no use. A percentile
that is read from the buckets lies in the right bucket, and differs from the exact one by less than its width.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Upper bounds of the buckets in seconds, each included. The last is the time in which receipts come.
BOUNDS = (
    *(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60),
    *(90, 120, 180, 300, 600, 900, 1800, 3600),
    *(2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 48 * 3600, 72 * 3600),
)

#: The bucket of times beyond the last bound.
BEYOND = "inf"

_NAMES = (*map(str, BOUNDS), BEYOND)


def bucket_of(seconds: int) -> str:
    """Return the name of the bucket of a time: its upper bound in seconds, or :data:`BEYOND`.

    :param seconds: from sending to receipt; a negative time, from clocks that differ, counts as 0
    """
    return _NAMES[bisect_left(BOUNDS, seconds)]


def in_order(buckets: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return bucket -> count, the shortest times first.

    :param buckets: the bucket and the number of messages, repeatedly
    """
    counts: Counter[str] = Counter()
    for name, count in buckets:
        counts[name] += count
    return {name: counts[name] for name in _NAMES if counts[name]}
