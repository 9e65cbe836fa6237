"""The connection as waits use it: looked up beside the event loop, read again now and then, one client at a time.

Airflow's look-up, and all that is slow to import or to build, happens in a thread. An edited connection is picked up
within minutes, or at once when the service no longer takes the old one; a moment in which Airflow cannot be asked ends
no wait.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.hooks.extras import PrivacySecrets

log = logging.getLogger(__name__)

#: A connection is read again after so long (s).
REREAD = 300.0

#: "Not defined" is also what Airflow says when it cannot be asked: so many look-ups, so far apart (s), must agree.
LOOKUPS = 3
LOOKUP_GAP = 30.0

#: After a look-up that failed otherwise, the next one comes so late (s), each time twice as late.
PAUSE = 1.0
LONGEST_PAUSE = 60.0

#: Once that was looked up for one refused request, it holds for others that are refused within so long (s): a thousand
#: waits look a few times, and not each for itself.
JUST_NOW = 2.0

NEVER = float("-inf")


class WaitAborted(Exception):
    """A wait cannot go on.

    :param reason: what happened and what to do, without numbers
    :param is_lasting: whether another try of the task would end the same
    """

    def __init__(self, reason: str, *, is_lasting: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_lasting = is_lasting


@dataclass(slots=True, eq=False)
class ClientLease:
    """The client for the connection as it was read at one time.

    :param users: requests that it is carrying
    """

    client: DysmsClient
    users: int = 0


class ClientSource:
    """A connection that is shared by all waits of one event loop.

    What was read is kept when the last wait has gone, so that waits which come one after another cost no look-up each.

    :param conn_id: the connection
    """

    def __init__(self, conn_id: str) -> None:
        self.privacy: PrivacySecrets | None = None
        self._conn_id = conn_id
        self._settings: Settings | None = None
        self._current: ClientLease | None = None
        self._looking = asyncio.Lock()
        self._looked_at = NEVER  # when the last look-up began that found the connection, right or wrong
        self._confirmed_at = NEVER  # when it was last looked up because the service refused it
        self._problem: DysmsInputError | None = None  # what was wrong with it then
        self._missing = 0
        self._failed = 0
        self._not_before = NEVER  # after a look-up in vain

    @property
    def is_open(self) -> bool:
        """Whether there is a client to ask with."""
        return self._current is not None

    async def open(self) -> None:
        """Read the connection, unless it was read a short while ago.

        :raises Refused: it is not usable, or not defined
        """
        if not self.is_open:
            await self.read_after(asyncio.get_running_loop().time() - REREAD)

    async def freshen(self) -> None:
        """Read the connection again if it is time to and nobody does; where that fails, the old reading holds.

        :raises Refused: it is no longer defined
        """
        now = asyncio.get_running_loop().time()
        is_gone = self._missing >= LOOKUPS
        if self._looking.locked() or not (is_gone or now >= max(self._looked_at + REREAD, self._not_before)):
            return
        async with self._looking:
            await self._look()
        if self._problem is not None:
            log.warning("The connection has become unusable; what was read before holds. %s", self._problem)

    async def has_changed(self, reading: ClientLease, since: float) -> bool:
        """Say whether the connection is another one than the service refused; read it again to know, but once for all.

        :param reading: with which a request was refused
        :param since: when that request began; a look-up that is younger counts
        :raises Refused: it is not usable any more, or not defined
        """
        loop = asyncio.get_running_loop()
        async with self._looking:
            if self._current is reading and loop.time() - self._confirmed_at > JUST_NOW:
                while self._looked_at <= since:
                    await self._look()
                self._confirmed_at = loop.time()
            if self._problem is not None:
                raise WaitAborted(str(self._problem))
        return self._current is not reading

    async def read_after(self, instant: float) -> None:
        """Read the connection unless that was done after an instant of the loop's clock.

        :raises Refused: it is not usable, or not defined
        """
        async with self._looking:
            while self._looked_at <= instant:
                await self._look()
            if self._problem is not None:
                raise WaitAborted(str(self._problem))
            if self._current is None:
                await self._use()

    def lease(self) -> ClientLease:
        """Return the latest reading, to use its client for one request and then :meth:`release` it."""
        reading = self._current
        assert reading is not None
        reading.users += 1
        return reading

    async def release(self, reading: ClientLease) -> None:
        """Use a reading no longer; an old one is closed by the last who does."""
        reading.users -= 1
        await self._close_unless_needed(reading)

    async def aclose(self) -> None:
        """Close every connection to the service."""
        reading, self._current = self._current, None
        await self._close_unless_needed(reading)

    async def _look(self) -> None:
        """Look the connection up once, as soon as that is right."""
        loop = asyncio.get_running_loop()
        pause = self._not_before - loop.time()
        if self._missing >= LOOKUPS and pause > 0:
            raise self._not_found()
        await asyncio.sleep(max(pause, 0.0))
        began = loop.time()
        try:
            found = await sync_to_async(_look_up)(self._conn_id)
        except DysmsInputError as error:
            self._problem = error
        except Exception as error:
            if not self._failed:
                log.warning(
                    "Airflow could not be asked for the connection (%s); it will be again", type(error).__name__
                )
            self._failed = min(self._failed + 1, 10)
            self._not_before = loop.time() + min(PAUSE * 2 ** (self._failed - 1), LONGEST_PAUSE)
            return
        else:
            if found is None:
                self._missing += 1
                self._not_before = loop.time() + LOOKUP_GAP
                if self._missing >= LOOKUPS:
                    raise self._not_found()
                return
            self._problem = None
            settings, self.privacy = found
            if settings != self._settings:
                self._settings = settings
                if self.is_open:
                    await self._use()
        self._looked_at, self._missing, self._failed = began, 0, 0

    async def _use(self) -> None:
        assert self._settings is not None
        old, self._current = self._current, ClientLease(await sync_to_async(_client)(self._settings))
        await self._close_unless_needed(old)

    async def _close_unless_needed(self, reading: ClientLease | None) -> None:
        if reading is not None and reading is not self._current and not reading.users:
            await reading.client.aclose()

    def _not_found(self) -> WaitAborted:
        return WaitAborted(
            f"dysms_conn_id: the connection {self._conn_id!r} is not defined, as {self._missing} look-ups "
            f"{LOOKUP_GAP:g} s apart say; create it with the connection type dysms",
            is_lasting=False,
        )


def _look_up(conn_id: str) -> tuple[Settings, PrivacySecrets] | None:
    """Return settings and the secrets for privacy; ``None``: the connection is not defined."""
    from airflow_provider_dysms.hooks.dysms import DysmsConnectionNotFound, DysmsHook

    try:
        return DysmsHook(conn_id).read()
    except DysmsConnectionNotFound:
        return None
    except StopIteration as error:  # it would be lost on its way back from the thread
        raise RuntimeError("StopIteration") from error


def _client(settings: Settings) -> DysmsClient:
    from airflow_provider_dysms.api.client import DysmsClient
    from airflow_provider_dysms.api.retry import RetryPolicy

    # A request is tried once: the wait asks again in its own rhythm, and the budget knows of throttling.
    return DysmsClient(settings, retry=RetryPolicy(tries=1, total_time=0, throttle_patience=0))
