"""Has Python look for garbage less often while millions of objects come and go.

What an audit makes of a message is in no cycle and is gone as soon as it is written. Looking for cycles after every few
hundred objects, as Python does by itself, takes a sixth of its time and finds a few kilobytes.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Objects, made and not gone yet, after which it is looked for garbage: some megabytes of them.
OBJECTS = 50_000


@contextmanager
def relaxed_gc() -> Iterator[None]:
    """Look for garbage after so many objects; a process that looks more rarely, or never, stays as it is."""
    before = gc.get_threshold()
    if 0 < before[0] < OBJECTS:
        gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
