"""What all waits of one event loop that use the same connection share: its client, its readings, its waiting lines.

Counted up by each wait that begins, down by each that ends; with the last one it is closed and forgotten.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_dysms.api.errors import DysmsAuthError, DysmsSignatureError
from airflow_provider_dysms.triggers.connection import Reading, WaitsConnection
from airflow_provider_dysms.triggers.line import Line

if TYPE_CHECKING:
    from airflow_provider_dysms.api.reports import Report
    from airflow_provider_dysms.waits.watched import Watched

#: How often a question is asked again because the connection was edited, before the answer is no.
EDITS = 3


class Shared:
    """Asks on behalf of every wait that joined. For one event loop and one connection.

    :param conn_id: the connection
    """

    def __init__(self, conn_id: str) -> None:
        self.connection = WaitsConnection(conn_id)
        self.waits = 0
        self._conn_id = conn_id
        # Each action has a budget of its own: those that wait for one must not stand in the way of the other.
        self._lines: defaultdict[type[Watched], Line] = defaultdict(Line)

    async def ask(self, watched: Watched, due: float) -> Report | None:
        """Ask for one message when it is its turn; ``None``: the service does not know it, or not yet.

        :param due: the instant at which it was due
        :raises DysmsError: once tried; see :mod:`airflow_provider_dysms.api.errors`
        :raises Refused: the connection is no longer usable
        """
        edits = 0
        while True:
            await self.connection.freshen()
            reading: Reading | None = None
            began = 0.0
            try:
                async with self._lines[type(watched)].turn(due), self.connection.lease() as reading:
                    began = asyncio.get_running_loop().time()
                    return await watched.ask(reading.client)
            except (DysmsAuthError, DysmsSignatureError):
                assert reading is not None
                edits += 1
                if edits > EDITS or not await self.connection.has_changed(reading, began):
                    raise

    async def leave(self) -> None:
        """Be counted no more; the last one closes every connection to the service."""
        self.waits -= 1
        if not self.waits:
            loop = asyncio.get_running_loop()
            with _guard:
                of_loop = _shared[loop]
                del of_loop[self._conn_id]
                if not of_loop:
                    del _shared[loop]
            await self.connection.aclose()


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Shared]] = WeakKeyDictionary()
_guard = threading.Lock()


def join(conn_id: str) -> Shared:
    """Return what the running event loop shares for a connection, and be counted; :meth:`Shared.leave` ends that."""
    loop = asyncio.get_running_loop()
    with _guard:
        # What is shared refers to its loop, so that a loop which ended with waits in it would stay for ever.
        for ended in [each for each in _shared if each.is_closed()]:
            del _shared[ended]
        of_loop = _shared.setdefault(loop, {})
        if conn_id not in of_loop:
            of_loop[conn_id] = Shared(conn_id)
    of_loop[conn_id].waits += 1
    return of_loop[conn_id]
