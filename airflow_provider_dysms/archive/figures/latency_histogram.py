"""Delivery times in buckets, as manifests have them: those of several days can be added, unlike percentiles."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.dates import LATENCY_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class LatencyHistogram:
    """The delivery times of some messages.

    :param buckets: upper bound in seconds, included, and the number of messages; in ascending order, without empty
        ones. The last bound may be infinite
    """

    buckets: tuple[tuple[float, int], ...] = ()

    @classmethod
    def of(cls, buckets: Mapping[str, Any]) -> LatencyHistogram:
        """Return the histogram of a map of a manifest: the name of a bucket is its upper bound.

        :raises ValueError: a name is not a number
        """
        return cls.merged([cls(tuple((float(bound), count) for bound, count in buckets.items()))])

    @classmethod
    def merged(cls, histograms: Iterable[LatencyHistogram]) -> LatencyHistogram:
        """Return the sum of histograms, which may have different buckets."""
        counts: dict[float, int] = {}
        for histogram in histograms:
            for bound, count in histogram.buckets:
                counts[bound] = counts.get(bound, 0) + count
        return cls(tuple(sorted(counts.items())))

    @property
    def total(self) -> int:
        """Number of messages."""
        return sum(count for _, count in self.buckets)

    def percentile(self, share: float) -> float | None:
        """Return the time within which a share of the messages arrived.

        Within a bucket, times are taken to be spread evenly from the bound below it.

        :param share: above 0 and at most 1
        :returns: seconds, or ``math.inf`` for a time beyond the last bound; ``None`` without messages
        """
        required, arrived = share * self.total, 0
        for bound, count in self.buckets:
            if count and arrived + count >= required:
                lower = _bound_below(bound)
                return bound if math.isinf(bound) else lower + (bound - lower) * (required - arrived) / count
            arrived += count
        return None

    def within(self, seconds: float) -> int:
        """Return how many messages have arrived within a time, rounded up to the bound of its bucket."""
        return sum(count for bound, count in self.buckets if _bound_below(bound) < seconds)


def _bound_below(bound: float) -> float:
    """Return the bound at which a bucket begins, whether or not the bucket below it has messages."""
    place = bisect_left(LATENCY_BOUNDS, bound)
    return LATENCY_BOUNDS[place - 1] if place else 0.0
