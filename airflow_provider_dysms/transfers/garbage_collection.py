"""Makes Python's garbage collector run less often during an audit, which creates and frees millions of objects.

The objects of a message are not in a cycle and are freed as soon as its row is written. By default Python searches for
cycles after every few hundred objects: that takes a sixth of an audit's time and finds a few kilobytes.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Number of live new objects, some megabytes, after which the collector runs.
OBJECTS = 50_000


@contextmanager
def relaxed_gc() -> Iterator[None]:
    """Run the collector after :data:`OBJECTS` objects; a process that runs it more rarely, or never, is not changed."""
    before = gc.get_threshold()
    if 0 < before[0] < OBJECTS:
        gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
