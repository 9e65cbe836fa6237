"""What all waits of one event loop that use the same connection share: its client, its readings, its waiting lines.

Counted up by each wait that begins, down by each that ends; with the last one every connection is closed.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_dysms.model.errors import DysmsAuthError, DysmsError, DysmsSignatureError
from airflow_provider_dysms.waits.polling.client_source import ClientSource
from airflow_provider_dysms.waits.polling.queue import DispatchQueue

if TYPE_CHECKING:
    from airflow_provider_dysms.model.reports import Report
    from airflow_provider_dysms.waits.polling.queue import Permit
    from airflow_provider_dysms.waits.targets import Watched


class ConnectionChanged(Exception):
    """The service refused the connection as it was; by now it is another one, so the question may be asked again."""


class Poller:
    """Asks on behalf of every wait that joined. For one event loop and one connection.

    :param conn_id: the connection
    """

    def __init__(self, conn_id: str) -> None:
        self.connection = ClientSource(conn_id)
        self.waits = 0
        # Each action has a budget of its own: those that wait for one must not stand in the way of the other.
        self._lines: defaultdict[type[Watched], DispatchQueue] = defaultdict(DispatchQueue)

    def line(self, kind: type[Watched]) -> DispatchQueue:
        """Return the line in which to stand for a turn to :meth:`ask` for messages of a kind."""
        return self._lines[kind]

    async def ask(self, watched: Watched, place: Permit) -> Report | None:
        """Ask for one message; ``None``: the service does not know it, or not yet.

        :param place: in front of the service, in the line of the message's kind
        :raises DysmsError: once tried; see :mod:`airflow_provider_dysms.model.errors`
        :raises Edited: the connection was edited meanwhile
        :raises Refused: the connection is no longer usable
        """
        line = self._lines[type(watched)]
        await self.connection.freshen()
        began = await line.wait_pause_out()
        reading = self.connection.lease()
        try:
            report = await watched.ask(reading.client)
        except DysmsError as error:
            line.failed(error, began)
            if not isinstance(error, (DysmsAuthError, DysmsSignatureError)):
                raise
            refused = error
        else:
            line.answered()
            return report
        finally:
            await self.connection.release(reading)
        place.leave()  # to look may take long, and the others need not wait for it
        if await self.connection.has_changed(reading, began):
            raise ConnectionChanged
        raise refused

    async def leave(self) -> None:
        """Be counted no more; the last one closes every connection to the service."""
        self.waits -= 1
        if not self.waits:
            await self.connection.aclose()


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Poller]] = WeakKeyDictionary()
_guard = threading.Lock()


def acquire(conn_id: str) -> Poller:
    """Return what the running event loop shares for a connection, and be counted; :meth:`Poller.leave` ends that."""
    loop = asyncio.get_running_loop()
    with _guard:
        # What is shared refers to its loop, so that a loop which ended with waits in it would stay for ever.
        for ended in [each for each in _shared if each.is_closed()]:
            del _shared[ended]
        of_loop = _shared.setdefault(loop, {})
        if conn_id not in of_loop:
            of_loop[conn_id] = Poller(conn_id)
    of_loop[conn_id].waits += 1
    return of_loop[conn_id]
