"""Pairs two series of instants in their order: as many pairs as can be, then as little time between them as can be.

Taking the nearest one by one is wrong: of two messages a minute apart the first may come nearer to the second's record.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The clocks of the log and of the service may be this far apart, where there is only time to go by.
TOLERANCE = timedelta(minutes=10)

_SKIP_OURS, _SKIP_THEIRS, _PAIR = range(3)


def align(ours: Sequence[int], theirs: Sequence[int], tolerance: int | None = None) -> list[tuple[int, int]]:
    """Pair two ascending series without crossings.

    Of solutions that are equally good, the one that leaves the last members alone is taken. Time and memory grow with
    the number of pairs that are near enough.

    :param ours: instants, in any unit
    :param theirs: instants in the same unit
    :param tolerance: most time between the members of a pair; default: any
    :returns: pairs of indices, ascending
    """
    if not ours or not theirs:
        return []
    if tolerance is None and len(ours) == len(theirs):
        return [(index, index) for index in range(len(ours))]
    widest = max(ours[-1], theirs[-1]) - min(ours[0], theirs[0]) if tolerance is None else tolerance
    a_pair = (widest + 1) * (min(len(ours), len(theirs)) + 1)  # is worth more than all time that can be saved

    # best[j]: the worth of the best pairing of ours so far with the first j of theirs. Beyond `top` nothing was near
    # enough yet, and it is worth what best[top] is worth.
    best = [0] * (len(theirs) + 1)
    top = 0
    bands: list[tuple[int, bytearray]] = []
    for instant in ours:
        low = 0 if tolerance is None else bisect_left(theirs, instant - tolerance)
        high = len(theirs) if tolerance is None else bisect_right(theirs, instant + tolerance)
        if high > top:
            best[top + 1 : high + 1] = [best[top]] * (high - top)
            top = high
        choices = bytearray(high - low)
        before = left = best[low]
        for place in range(low, high):
            above = best[place + 1]
            paired = before + a_pair - abs(theirs[place] - instant)
            before = above
            if paired > above and paired > left:
                choices[place - low] = _PAIR
                left = paired
            elif left > above:
                choices[place - low] = _SKIP_THEIRS
            else:
                left = above
            best[place + 1] = left
        bands.append((low, choices))
    return _trace(bands, len(theirs))


def _trace(bands: list[tuple[int, bytearray]], place: int) -> list[tuple[int, int]]:
    pairs = []
    for index in range(len(bands) - 1, -1, -1):
        low, choices = bands[index]
        place_here = min(place, low + len(choices))
        while place_here > low and choices[place_here - low - 1] == _SKIP_THEIRS:
            place_here -= 1
        if place_here > low and choices[place_here - low - 1] == _PAIR:
            pairs.append((index, place_here - 1))
            place = place_here - 1
    return pairs[::-1]
