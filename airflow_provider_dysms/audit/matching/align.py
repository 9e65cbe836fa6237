"""Pairs lines with records by time, in order: as many pairs as possible, then as little time between them as possible.

Pairing the nearest ones one by one would be wrong: if two messages were sent one minute apart, the first may be nearer
to the record of the second.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Pairs of a line and a message that are near enough. Each takes a byte until all lines are paired.
MAX_PAIRS = 100_000_000

#: The clocks of the log and of the service may differ this much. It matters for lines that have no other key.
TOLERANCE = timedelta(minutes=10)

_SKIP_OURS, _SKIP_THEIRS, _PAIR = range(3)


def align(
    ours: Sequence[int], theirs: Sequence[int], tolerance: int | None = None, *, where: str
) -> list[tuple[int, int]]:
    """Pair two ascending series without crossings.

    If solutions are equally good, the last members stay without a pair. Time and memory grow with the number of pairs
    that are near enough.

    :param ours: instants in any unit, ascending
    :param theirs: instants in the same unit, ascending
    :param tolerance: maximum time between the members of a pair, in the same unit; default: any
    :param where: place of the first line in the send log, for the error
    :returns: pairs of indexes, ascending
    :raises DysmsInputError: more than ``MAX_PAIRS`` are near enough
    """
    if not ours or not theirs:
        return []
    if tolerance is None and len(ours) == len(theirs):
        return [(index, index) for index in range(len(ours))]
    widest = max(ours[-1], theirs[-1]) - min(ours[0], theirs[0]) if tolerance is None else tolerance
    # One more pair scores higher than any time that can be saved.
    pair_score = (widest + 1) * (min(len(ours), len(theirs)) + 1)

    windows = [(0, len(theirs))] * len(ours)
    if tolerance is not None:
        windows = [(bisect_left(theirs, each - tolerance), bisect_right(theirs, each + tolerance)) for each in ours]
    if sum(high - low for low, high in windows) > MAX_PAIRS:
        raise DysmsInputError(
            "sent_uri",
            f"has {len(ours):,} lines with the number and the keys of {where}, and there are {len(theirs):,} messages "
            "with them, too many to pair by time; add a column with the BizId or the OutId of each line",
        )

    # best[j]: the score of the best pairing of ours so far with the first j of theirs. Beyond `top`, nothing has been
    # near enough yet, so the score there is best[top].
    best = [0] * (len(theirs) + 1)
    top = 0
    bands: list[tuple[int, bytearray]] = []
    for instant, (low, high) in zip(ours, windows, strict=True):
        if high > top:
            best[top + 1 : high + 1] = [best[top]] * (high - top)
            top = high
        choices = bytearray(high - low)
        # Names as in a table with a row per instant of ours: the scores above, to the left, and diagonally before.
        diagonal = left = best[low]
        for column in range(low, high):
            above = best[column + 1]
            paired = diagonal + pair_score - abs(theirs[column] - instant)
            diagonal = above
            if paired > above and paired > left:
                choices[column - low] = _PAIR
                left = paired
            elif left > above:
                choices[column - low] = _SKIP_THEIRS
            else:
                left = above
            best[column + 1] = left
        bands.append((low, choices))
    return _trace(bands, len(theirs))


def _trace(bands: list[tuple[int, bytearray]], column: int) -> list[tuple[int, int]]:
    pairs = []
    for index in range(len(bands) - 1, -1, -1):
        low, choices = bands[index]
        end = min(column, low + len(choices))
        while end > low and choices[end - low - 1] == _SKIP_THEIRS:
            end -= 1
        if end > low and choices[end - low - 1] == _PAIR:
            column = end - 1
            pairs.append((index, column))
    return pairs[::-1]
