"""Intervals and quantiles, so that the noise of small numbers does not alarm anybody."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def wilson_interval(hits: int, total: int, error: float) -> tuple[float, float]:
    """Return the interval in which the share behind some counts lies: Wilson's score interval.

    :param hits: number of messages that have a property
    :param total: number of messages, more than 0
    :param error: the probability with which the share lies below the interval, and the same for above it
    :returns: lower and upper bound, from 0 to 1
    """
    z = -_NORMAL.inv_cdf(error)
    share, scale = hits / total, 1 + z * z / total
    centre = share + z * z / (2 * total)
    margin = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, (centre - margin) / scale), min(1.0, (centre + margin) / scale)


def student_quantile(error: float, degrees: float) -> float:
    """Return the value above which a variable with Student's distribution lies with a probability.

    The expansion by Fisher and Cornish (Abramowitz and Stegun 26.7.5) is exact to 2 % for 6 or more degrees of freedom
    and a probability of 0.0001 or more.

    :param error: the probability, below 0.5
    :param degrees: degrees of freedom
    """
    z = -_NORMAL.inv_cdf(error)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, 1))
