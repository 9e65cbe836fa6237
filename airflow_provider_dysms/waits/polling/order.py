"""An instant and a number as one whole number: sorted like the pair.

Thousands are kept in a triggerer. Unlike a pair, a whole number is none of the objects that Python's garbage collector
counts, and it walks over everything, while everybody stands still, whenever they have become a quarter more.
"""

from __future__ import annotations

import math

_BITS = 48
_NUMBER = (1 << _BITS) - 1
_MICROSECONDS = 1e6


def ordered(due: float, number: int) -> int:
    """Return the two as one.

    :param due: seconds, rounded up to a microsecond
    :param number: from 0 to 2 ** 48 - 1; decides between equal instants
    """
    return math.ceil(due * _MICROSECONDS) << _BITS | number


def due_of(both: int) -> float:
    """Return the instant, in seconds."""
    return (both >> _BITS) / _MICROSECONDS


def number_of(both: int) -> int:
    """Return the number."""
    return both & _NUMBER
