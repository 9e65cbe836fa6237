"""How many cases are worked off at a time: no more than keep the event loop busy.

Where answers take long, hundreds must be under way. Where the loop has always something to do already, more of them
only wait, and each that goes on finds its memory gone cold.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: It is looked so often (s).
LOOK = 0.05

#: A loop that is busy for more of the time than the first works on less at a time, below the second on more: a tenth
#: less, twice as much.
BUSY, IDLE = 0.98, 0.95
LESS, MORE = 0.9, 2.0

#: To begin with, and no fewer later. Where answers take long it is soon more; fewer would leave in too small groups.
LEAST = 64


class AdaptiveLimit:
    """Says how many cases to work off at a time. For one thread.

    :param most: the most
    :param clock: returns seconds that never go back
    :param busy: returns the seconds in which the thread had work
    """

    def __init__(
        self,
        most: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        busy: Callable[[], float] = time.thread_time,
    ) -> None:
        self._most = most
        self._least = self._count = float(min(LEAST, most))
        self._clock = clock
        self._busy = busy
        self._looked_at, self._busy_then = clock(), busy()

    def wanted(self) -> int:
        """Return how many, now."""
        now = self._clock()
        if (passed := now - self._looked_at) >= LOOK:
            busy = self._busy()
            share = (busy - self._busy_then) / passed
            self._looked_at, self._busy_then = now, busy
            if share > BUSY:
                self._count = max(self._count * LESS, self._least)
            elif share < IDLE:
                self._count = min(self._count * MORE, self._most)
        return int(self._count)
