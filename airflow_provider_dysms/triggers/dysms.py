"""Waits for messages inside the triggerer: one trigger watches all messages of its task.

What a trigger is made of is stored for up to 72 hours and read by later releases: class paths and arguments only grow.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import is_visible_ascii, safe_repr
from airflow_provider_dysms.waits.polling.client_source import WaitAborted
from airflow_provider_dysms.waits.polling.driver import WaitDriver
from airflow_provider_dysms.waits.polling.poller import Poller, acquire
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec
from airflow_provider_dysms.waits.targets import WatchedMessage, WatchedSendDetail, load
from airflow_provider_dysms.waits.wait import Certainty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from airflow_provider_dysms.hooks.extras import PrivacySecrets
    from airflow_provider_dysms.waits.polling.client_source import ClientSource
    from airflow_provider_dysms.waits.targets import Watched
    from airflow_provider_dysms.waits.wait import Wait

log = logging.getLogger(__name__)

#: At its deadline a wait asks for every open message a last time; that may take so long (s). ``defer(timeout=)`` must
#: lie behind, or what is known would be lost.
LAST_LOOK = 60.0

#: Waits are refused beyond; a task watches at most 1,000.
MOST_MESSAGES = 10_000

#: No wait is longer (s): the service forgets what is older.
LONGEST_WAIT = 31 * 86_400.0

#: A repr shows so many ids, or none.
MOST_SHOWN = 5

UNREADABLE = "the trigger's arguments are not what this release can read; clear the task to begin its wait anew"

#: Characters of an id that a repr shows: it may be logged.
MAX_SHOWN_ID = 64

_DIGEST = re.compile(r"[0-9a-f]{16,64}")

#: No message is asked more often than this (s), whatever a plan says.
SHORTEST_GAP = 0.05


class DysmsTrigger(BaseTrigger):
    """Watches messages until the outcome is certain, and yields one event: :class:`.waits.stored.Ending`.

    The constructor takes anything, because one that raises would take the whole triggerer down; what is wrong is told
    by the event. What it does not know it keeps.

    :param dysms_conn_id: the connection, default ``dysms_default``
    :param kwargs: as :meth:`.waits.stored.Plan.stored` returns them
    """

    _kind: type[Watched]

    def __init__(self, /, **kwargs: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kwargs = kwargs
        self._shared: Poller | None = None

    def __repr__(self) -> str:
        count = self._kwargs.get("count")
        how_many = count if isinstance(count, int) and 0 <= count <= MOST_MESSAGES else "some"
        return self._shown(f"{how_many} message(s), digest {self._digest or 'unknown'}")

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, as they came."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(self._kwargs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the wait has ended, whatever it ended in."""
        try:
            wait, limit = self._restored()
        except Exception as error:
            log.warning("The trigger's arguments cannot be read: %s", type(error).__name__)
            yield _event(WaitResult(digest=self._digest, ended="refused", reports={}, error=UNREADABLE))
            return
        refused = None
        if wait.outcome is Certainty.OPEN:
            conn_id = str(self._kwargs.get("dysms_conn_id", "dysms_default"))
            log.info("Watching %d message(s) through the connection %s", wait.goal.count, safe_repr(conn_id))
            self._shared = acquire(conn_id)
            ends_at = max(wait.deadline, time.time()) + LAST_LOOK
            try:
                await self._prepare(self._shared.connection, ends_at)
                watch = WaitDriver(self._shared, wait, self._kind, self, ends_at=ends_at, epoch=_epoch())
                try:
                    watch.begin()
                    await watch
                finally:
                    await watch.end()
            except TimeoutError:
                log.warning("The connection could not be read within %g s of the end", LAST_LOOK)
            except WaitAborted as error:
                refused = error
            finally:
                await self.cleanup()
        yield _event(self._ending(wait, limit, refused))

    def message(self, position: int) -> Watched:
        """Return a watched message."""
        raise NotImplementedError

    async def cleanup(self) -> None:
        """Leave nothing open; Airflow calls it when the trigger ends, however it does."""
        shared, self._shared = self._shared, None
        if shared is not None:
            await shared.leave()

    def _ending(self, wait: Wait, limit: str, refused: WaitAborted | None) -> WaitResult:
        ended = "refused" if refused else "timeout"
        return WaitResult(
            digest=self._kwargs["digest"],
            # What is certain stays so, although one more message cannot be asked.
            ended=ended if wait.certainty is Certainty.OPEN else "decided",
            limit=limit,
            reports=wait.found(),
            absent=wait.absent,
            error=refused.reason if refused else None,
            is_lasting=refused.is_lasting if refused else True,
        )

    def _restored(self) -> tuple[Wait, str]:
        plan = WaitSpec.restore(self._kwargs)
        spans = (plan.started_at, plan.asked_at, plan.deadline, plan.grace_period)
        gaps = (plan.poke_interval, plan.max_poke_interval)
        is_sound = isinstance(plan.digest, str) and all(map(math.isfinite, spans + gaps))
        is_finite = is_sound and plan.deadline - plan.started_at <= LONGEST_WAIT
        if not is_finite or plan.count > MOST_MESSAGES or not self._fits(plan.count):
            raise ValueError(UNREADABLE)
        first, longest = (max(gap, SHORTEST_GAP) for gap in gaps)
        return replace(plan, poke_interval=first, max_poke_interval=longest).wait(), plan.limit

    @property
    def _digest(self) -> str:
        digest = self._kwargs.get("digest")
        return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""

    def _shown(self, what: str) -> str:
        return f"<{type(self).__name__}: {what}, connection {safe_repr(self._kwargs.get('dysms_conn_id'))}>"

    async def _prepare(self, connection: ClientSource, ends_at: float) -> None:
        """Read what cannot be read without the connection.

        :param ends_at: until then, seconds since 1970
        :raises Refused: it cannot be read at all
        :raises TimeoutError: the connection could not be read in time
        """

    def _fits(self, count: int) -> bool:
        """Say whether the arguments name so many messages, as far as that can be said without the connection."""
        raise NotImplementedError


class DysmsMessageTrigger(DysmsTrigger):
    """Watches international messages by their ids.

    :param message_ids: as SendMessageToGlobe returned them
    """

    _kind = WatchedMessage

    def __init__(self, /, **kwargs: Any) -> None:
        ids = kwargs.get("message_ids")
        self._message_ids: tuple[str, ...] | str = ()
        if isinstance(ids, list) and all(isinstance(each, str) for each in ids):
            del kwargs["message_ids"]
            # One id, as most waits have, stays a text: the garbage collector counts every tuple.
            self._message_ids = ids[0] if len(ids) == 1 else tuple(ids)
        super().__init__(**kwargs)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        classpath, kwargs = super().serialize()
        return classpath, {"message_ids": list(self._ids), **kwargs}

    def __repr__(self) -> str:
        if not 1 <= len(self._ids) <= MOST_SHOWN:
            return super().__repr__()
        ids = (each if is_visible_ascii(each, MAX_SHOWN_ID) else "?" for each in self._ids)
        return self._shown(f"message(s) {', '.join(ids)}")

    def message(self, position: int) -> WatchedMessage:
        return WatchedMessage(self._ids[position])

    def _fits(self, count: int) -> bool:
        return len(self._ids) == count

    @property
    def _ids(self) -> tuple[str, ...]:
        return (self._message_ids,) if isinstance(self._message_ids, str) else self._message_ids


class DysmsSendDetailsTrigger(DysmsTrigger):
    """Watches messages that have no id, by number and request.

    :param sealed: what :func:`.waits.watched.dump` wrote, sealed under the ``privacy_secret`` of the connection
    """

    _kind = WatchedSendDetail
    _unsealed: Sequence[WatchedSendDetail] = ()

    def message(self, position: int) -> WatchedSendDetail:
        return self._unsealed[position]

    async def _prepare(self, connection: ClientSource, ends_at: float) -> None:
        joined = asyncio.get_running_loop().time()
        async with asyncio.timeout(max(ends_at - time.time(), 0.0)):
            await connection.open()
            try:
                self._unsealed = self._readable(connection.privacy)
            except WaitAborted:
                await connection.read_after(joined)  # it may have been edited since it was read
                self._unsealed = self._readable(connection.privacy)

    def _fits(self, count: int) -> bool:
        return isinstance(self._kwargs.get("sealed"), str)

    def _readable(self, privacy: PrivacySecrets | None) -> Sequence[WatchedSendDetail]:
        from airflow_provider_dysms.model.privacy import PrivacyKey

        try:
            unsealed = load(PrivacyKey(*(privacy or (None,))).unseal(self._kwargs["sealed"]))
        except DysmsInputError as error:
            raise WaitAborted(str(error)) from None
        except (ValueError, TypeError, IndexError, KeyError):
            raise WaitAborted(UNREADABLE) from None
        if len(unsealed) != self._kwargs["count"]:
            raise WaitAborted(UNREADABLE)
        return unsealed


def _epoch() -> float:
    return time.time() - asyncio.get_running_loop().time()


def _event(ending: WaitResult) -> TriggerEvent:
    log.info("The wait has ended (%s): %s", ending.ended, ending.error or _states(ending))
    return TriggerEvent(ending.payload())  # type: ignore[no-untyped-call]


def _states(ending: WaitResult) -> str:
    counts = Counter(report.state.value for report in ending.reports.values())
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "nothing is known"
