"""Scales of the charts: where a value lies on an axis, and which values get a line."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis.

    :param low, high: the values at its ends
    :param start, end: the coordinates of its ends
    :param is_logarithmic: whether equal distances are equal factors; then both values must be above 0
    """

    low: float
    high: float
    start: float
    end: float
    is_logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value; beyond the ends it is that of the end."""
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.is_logarithmic:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return self.start + (self.end - self.start) * ((value - low) / (high - low) if high > low else 0.5)


def round_values(high: float, count: int = 3) -> list[float]:
    """Return about ``count`` round values from 0 to at least a value, for the lines of an axis."""
    if high <= 0:
        return [0, 1]
    rough = high / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [step * place for place in range(math.ceil(high / step) + 1)]


def share_values(lowest: float) -> list[float]:
    """Return the shares that get a line, up to 1: close together if all shares are near 1.

    :param lowest: the lowest share that is drawn
    """
    for step in (0.01, 0.02, 0.05, 0.1, 0.25):
        lines = math.ceil(round((1 - lowest) / step, 6))
        if lines <= 4:
            return [1 - step * place for place in range(max(lines, 1), -1, -1)]
    return [0, 0.25, 0.5, 0.75, 1]
