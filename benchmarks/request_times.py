"""Records when any client writes a request to a socket, which is the time at which a request budget is judged."""

from __future__ import annotations

import time
from asyncio import selector_events
from typing import Any


def record_requests(written: list[float], *prefixes: bytes, containing: bytes = b"") -> None:
    """From now on, append the time of every request that asyncio writes, in ``time.monotonic()``.

    :param prefixes: only requests that start with one of these bytes are recorded
    :param containing: only requests that contain these bytes are recorded
    """
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    write = transport.write

    def recording_write(self: Any, data: Any) -> None:
        if bytes(data[:16]).startswith(prefixes) and containing in bytes(data):
            written.append(time.monotonic())
        write(self, data)

    transport.write = recording_write
