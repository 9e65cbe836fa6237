"""Notes when requests are given to a socket, whoever's client it is: the instant at which a budget is judged."""

from __future__ import annotations

import time
from asyncio import selector_events
from typing import Any


def note_requests(written: list[float], *beginnings: bytes, naming: bytes = b"") -> None:
    """From here on, append the instant (``time.monotonic()``) of every request that asyncio is given to send.

    :param beginnings: of the requests that count
    :param naming: is in them too
    """
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    write = transport.write

    def noted(self: Any, data: Any) -> None:
        if bytes(data[:16]).startswith(beginnings) and naming in bytes(data):
            written.append(time.monotonic())
        write(self, data)

    transport.write = noted
