"""The client and the queues that all waits of one event loop share if they use the same connection.

Each wait acquires the poller when it starts and releases it when it ends; the last release closes every connection to
the service.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_dysms.model.errors import DysmsAuthError, DysmsError, DysmsSignatureError
from airflow_provider_dysms.waits.polling.activity import ActivityMeter
from airflow_provider_dysms.waits.polling.client_source import ClientSource
from airflow_provider_dysms.waits.polling.queue import DispatchQueue

if TYPE_CHECKING:
    from airflow_provider_dysms.model.reports import Report
    from airflow_provider_dysms.waits.polling.activity import Report as ReportActivity
    from airflow_provider_dysms.waits.polling.client_source import ReadConnection
    from airflow_provider_dysms.waits.polling.queue import Permit
    from airflow_provider_dysms.waits.targets import Watched


class ConnectionChanged(Exception):
    """The service refused the credentials, and the connection has changed since: the poll may be repeated."""


class Poller:
    """Polls for every wait that acquired it. Belongs to one event loop and one connection.

    :param conn_id: id of the connection
    :param read_connection: reads the connection; called in a thread
    :param report: takes what the polls do, every few seconds
    """

    def __init__(self, conn_id: str, read_connection: ReadConnection, report: ReportActivity) -> None:
        self.client_source = ClientSource(conn_id, read_connection)
        self.users = 0
        self.activity = ActivityMeter(self.client_source.counters, _count_waits, report)
        # Each action has its own quota, so messages that wait for one quota must not block those that need the other.
        self._queues: defaultdict[type[Watched], DispatchQueue] = defaultdict(DispatchQueue)

    def queue(self, kind: type[Watched]) -> DispatchQueue:
        """Return the queue whose permits allow to :meth:`poll` messages of a kind."""
        return self._queues[kind]

    async def poll(self, watched: Watched, permit: Permit) -> Report | None:
        """Make one request about a message; return ``None`` if the service does not know the message (yet).

        :param watched: the message
        :param permit: from the :meth:`queue` of the message's kind
        :raises DysmsError: after one attempt; see :mod:`airflow_provider_dysms.model.errors`
        :raises ConnectionChanged: the service refused the credentials, and the connection has changed since
        :raises WaitAborted: the connection is unusable now
        """
        queue = self._queues[type(watched)]
        await self.client_source.refresh()
        started_at = await queue.wait_for_pause_end()
        lease = self.client_source.lease()
        try:
            report = await watched.query(lease.client)
        except DysmsError as error:
            queue.record_failure(error, started_at)
            if not isinstance(error, (DysmsAuthError, DysmsSignatureError)):
                raise
            auth_error = error
        else:
            queue.record_response()
            return report
        finally:
            await self.client_source.release(lease)
        permit.release()  # the look-up may take long, and others can poll meanwhile
        if await self.client_source.has_changed(lease, started_at):
            raise ConnectionChanged
        raise auth_error

    async def release(self) -> None:
        """Stop using the poller; the last user closes every connection to the service."""
        self.users -= 1
        if self.users:
            self.activity.report_if_due()
        else:
            self.activity.report()
            await self.client_source.aclose()


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Poller]] = WeakKeyDictionary()
_lock = threading.Lock()


def acquire(conn_id: str, read_connection: ReadConnection, report: ReportActivity = lambda activity: None) -> Poller:
    """Return the poller of the running event loop for a connection; the caller must :meth:`Poller.release` it.

    :param conn_id: id of the connection
    :param read_connection: reads the connection; called in a thread
    :param report: takes what the polls of all these waits do, every few seconds; default: nothing does
    """
    loop = asyncio.get_running_loop()
    with _lock:
        # A poller refers to its loop, so a loop that was closed while waits were running would never be freed.
        for closed in [each for each in _pollers if each.is_closed()]:
            del _pollers[closed]
        pollers_of_loop = _pollers.setdefault(loop, {})
        if conn_id not in pollers_of_loop:
            pollers_of_loop[conn_id] = Poller(conn_id, read_connection, report)
    poller = pollers_of_loop[conn_id]
    poller.users += 1
    poller.activity.report_if_due()
    return poller


def _count_waits() -> int:
    """Return how many waits the running event loop has."""
    return sum(poller.users for poller in _pollers[asyncio.get_running_loop()].values())
