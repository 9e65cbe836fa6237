"""Gives the waits of an event loop their API client, and replaces it when the user edits the connection.

Airflow is asked in a thread, like everything else that is slow to import or to build. An edited connection is noticed
within minutes, or at once when the service refuses the old credentials. A short outage of Airflow ends no wait.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from airflow_provider_dysms.api.counters import Counters
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.waits.wait import WaitAborted

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.model.privacy import PrivacySecrets

    #: Reads the connection that has an id; ``None`` if it is not defined, ``DysmsInputError`` if a field is wrong.
    ReadConnection = Callable[[str], tuple[Settings, PrivacySecrets] | None]

log = logging.getLogger(__name__)

#: Seconds after which a connection is read again.
REREAD_INTERVAL = 300.0

#: Airflow also says "not defined" when it cannot be asked, so this many look-ups in a row must say so, with this many
#: seconds between them.
MISSING_LOOKUPS = 3
MISSING_LOOKUP_PAUSE = 30.0

#: Seconds to the next look-up after one that failed for another reason; doubled after each failure.
MIN_PAUSE = 1.0
MAX_PAUSE = 60.0

#: Seconds for which a look-up that a refused request caused counts for other refused requests too, so that a thousand
#: waits cause a few look-ups and not a thousand.
CONFIRMATION_LIFETIME = 2.0

NEVER = float("-inf")


@dataclass(slots=True, eq=False)
class ClientLease:
    """The client for one reading of the connection.

    :param client: the client
    :param users: how many requests use it now
    """

    client: DysmsClient
    users: int = 0


class ClientSource:
    """The connection that all waits of one event loop share.

    The settings are kept when the last wait has ended, so that a wait that follows needs no look-up.

    :param conn_id: id of the connection
    :param read_connection: reads it; called in a thread
    """

    def __init__(self, conn_id: str, read_connection: ReadConnection) -> None:
        self.privacy_secrets: PrivacySecrets | None = None
        #: The requests of every client that there has been.
        self.counters = Counters()
        self._conn_id = conn_id
        self._read_connection = read_connection
        self._settings: Settings | None = None
        self._current: ClientLease | None = None
        self._lookup_lock = asyncio.Lock()
        self._read_at = NEVER  # start of the last look-up that found the connection, usable or not
        self._confirmed_at = NEVER  # last look-up that was caused by a refusal of the service
        self._problem: DysmsInputError | None = None  # what was wrong with the connection when it was read last
        self._missing_count = 0
        self._failure_count = 0
        self._next_lookup_at = NEVER  # set after a failed look-up

    @property
    def is_open(self) -> bool:
        """Whether there is a client."""
        return self._current is not None

    async def open(self) -> None:
        """Read the connection, unless that happened a short time ago.

        :raises WaitAborted: the connection is not usable, or not defined
        """
        if not self.is_open:
            await self.read_after(asyncio.get_running_loop().time() - REREAD_INTERVAL)

    async def refresh(self) -> None:
        """Read the connection again if it is time to; if that fails, the previous settings stay in use.

        :raises WaitAborted: the connection was deleted
        """
        now = asyncio.get_running_loop().time()
        is_missing = self._missing_count >= MISSING_LOOKUPS
        is_due = is_missing or now >= max(self._read_at + REREAD_INTERVAL, self._next_lookup_at)
        if self._lookup_lock.locked() or not is_due:
            return
        async with self._lookup_lock:
            await self._look_up()
        if self._problem is not None:
            log.warning("The connection has become unusable; its previous settings stay in use. %s", self._problem)

    async def has_changed(self, lease: ClientLease, since: float) -> bool:
        """Say whether the connection differs from the one that the service refused; read it again if necessary.

        :param lease: with which the refused request was made
        :param since: start of that request, by the clock of the event loop; a later look-up is recent enough
        :raises WaitAborted: the connection is unusable now, or not defined
        """
        loop = asyncio.get_running_loop()
        async with self._lookup_lock:
            if self._current is lease and loop.time() - self._confirmed_at > CONFIRMATION_LIFETIME:
                while self._read_at <= since:
                    await self._look_up()
                self._confirmed_at = loop.time()
            if self._problem is not None:
                raise WaitAborted(str(self._problem))
        return self._current is not lease

    async def read_after(self, instant: float) -> None:
        """Read the connection unless it was read after an instant.

        :param instant: by the clock of the event loop
        :raises WaitAborted: the connection is not usable, or not defined
        """
        async with self._lookup_lock:
            while self._read_at <= instant:
                await self._look_up()
            if self._problem is not None:
                raise WaitAborted(str(self._problem))
            if self._current is None:
                await self._replace_client()

    def lease(self) -> ClientLease:
        """Return the current client for one request, which must :meth:`release` it."""
        lease = self._current
        assert lease is not None
        lease.users += 1
        return lease

    async def release(self, lease: ClientLease) -> None:
        """Give a client back; the last user of a replaced client closes it."""
        lease.users -= 1
        await self._close_if_unused(lease)

    async def aclose(self) -> None:
        """Close every connection to the service."""
        lease, self._current = self._current, None
        await self._close_if_unused(lease)

    async def _look_up(self) -> None:
        """Read the connection once, not before the pause after a failed look-up is over."""
        loop = asyncio.get_running_loop()
        pause = self._next_lookup_at - loop.time()
        if self._missing_count >= MISSING_LOOKUPS and pause > 0:
            raise self._not_defined()
        await asyncio.sleep(max(pause, 0.0))
        started_at = loop.time()
        try:
            connection = await sync_to_async(self._read_connection)(self._conn_id)
        except DysmsInputError as error:
            self._problem = error
        except Exception as error:
            if not self._failure_count:
                log.warning("Airflow could not be asked for the connection (%s); retrying", type(error).__name__)
            self._failure_count = min(self._failure_count + 1, 10)
            self._next_lookup_at = loop.time() + min(MIN_PAUSE * 2 ** (self._failure_count - 1), MAX_PAUSE)
            return
        else:
            if connection is None:
                self._missing_count += 1
                self._next_lookup_at = loop.time() + MISSING_LOOKUP_PAUSE
                if self._missing_count >= MISSING_LOOKUPS:
                    raise self._not_defined()
                return
            self._problem = None
            settings, self.privacy_secrets = connection
            if settings != self._settings:
                self._settings = settings
                if self.is_open:
                    await self._replace_client()
        self._read_at, self._missing_count, self._failure_count = started_at, 0, 0

    async def _replace_client(self) -> None:
        assert self._settings is not None
        client = await sync_to_async(_client)(self._settings, self.counters)
        previous, self._current = self._current, ClientLease(client)
        await self._close_if_unused(previous)

    async def _close_if_unused(self, lease: ClientLease | None) -> None:
        if lease is not None and lease is not self._current and not lease.users:
            await lease.client.aclose()

    def _not_defined(self) -> WaitAborted:
        return WaitAborted(
            f"dysms_conn_id: the connection {self._conn_id!r} is not defined, according to {self._missing_count} "
            f"look-ups with pauses of {MISSING_LOOKUP_PAUSE:g} s; create it with the connection type dysms",
            is_permanent=False,
        )


def _client(settings: Settings, counters: Counters) -> DysmsClient:
    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.retry import RetryPolicy

    # No retries: the wait polls again in its own rhythm, and the rate limiter knows about throttling.
    one_attempt = RetryPolicy(max_attempts=1, total_time=0, throttle_timeout=0)
    return DysmsClient(settings, retry=one_attempt, counters=counters)
