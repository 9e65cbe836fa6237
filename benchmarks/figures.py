"""Statistics and tables for the benchmarks: windows of a second, percentiles, rates, aligned text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least a given share of the values does not exceed; NaN without values."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def worst_second(instants: Sequence[float]) -> int:
    """Return the most events in any window of one second."""
    first, worst, ordered = 0, 0, sorted(instants)
    for last, instant in enumerate(ordered):
        while ordered[first] <= instant - 1:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


def memory(name: str) -> float:
    """Return a memory figure of this process, in MB. Those of getrusage include the parent's memory at the fork.

    :param name: ``VmRSS`` (current) or ``VmHWM`` (peak)
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) * 1024 / 1e6


class Spread(NamedTuple):
    """The median, the 99th percentile and the maximum of many values."""

    p50: float
    p99: float
    maximum: float

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p99:.1f} / {self.maximum:.0f}"


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of values; zeros without values."""
    return Spread(percentile(values, 0.5), percentile(values, 0.99), max(values)) if values else Spread(0, 0, 0)


def slope(points: Sequence[tuple[float, float]], first: float, last: float) -> float:
    """Return the increase per second of a value that only grows.

    :param points: (time, value) in order
    :param first: start of the span that is measured
    :param last: end of that span
    """
    inside = [point for point in points if first <= point[0] < last]
    if len(inside) < 2:
        return math.nan
    return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned text, with the first column aligned to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(line))
        for line in (list(zip(row, widths, strict=True)) for row in rows)
    )
