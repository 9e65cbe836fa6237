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

from airflow_provider_dysms.api.errors import DysmsInputError, shown
from airflow_provider_dysms.triggers.connection import Refused
from airflow_provider_dysms.triggers.shared import Shared, join
from airflow_provider_dysms.triggers.watch import Watch
from airflow_provider_dysms.waits.stored import Ending, Plan
from airflow_provider_dysms.waits.wait import Outcome
from airflow_provider_dysms.waits.watched import WatchedMessage, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from airflow_provider_dysms.waits.wait import Wait
    from airflow_provider_dysms.waits.watched import Watched

log = logging.getLogger(__name__)

#: At its deadline a wait asks for every open message a last time; that may take so long (s). ``defer(timeout=)`` must
#: lie behind, or what is known would be lost.
LAST_LOOK = 60.0

#: Waits are refused beyond; a task watches at most 1,000.
MOST_MESSAGES = 10_000

#: A repr shows so many ids, or none.
MOST_SHOWN = 5

UNREADABLE = "the trigger's arguments are not what this release can read; clear the task to begin its wait anew"

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

    def __init__(self, /, **kwargs: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kwargs = kwargs
        self._shared: Shared | None = None

    def __repr__(self) -> str:
        count = self._kwargs.get("count")
        return self._shown(
            f"{count if isinstance(count, int) else 'some'} message(s), digest {self._digest or 'unknown'}"
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, as they came."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(self._kwargs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the wait has ended, whatever it ended in."""
        ending = await self._watch()
        log.info("The wait has ended (%s): %s", ending.ended, ending.error or _states(ending))
        yield TriggerEvent(ending.payload())  # type: ignore[no-untyped-call]

    async def cleanup(self) -> None:
        """Leave nothing open; Airflow calls it when the trigger ends, however it does."""
        shared, self._shared = self._shared, None
        if shared is not None:
            await shared.leave()

    async def _watch(self) -> Ending:
        try:
            plan, wait = self._restored()
        except Exception as error:
            log.warning("The trigger's arguments cannot be read: %s", type(error).__name__)
            return Ending(digest=self._digest, ended="refused", reports={}, error=UNREADABLE)
        ended, refused = "decided", None
        if wait.outcome is Outcome.OPEN:
            try:
                await self._ask_until_over(plan, wait)
            except Refused as error:
                ended, refused = "refused", error
            if refused is None and wait.outcome is Outcome.OPEN:
                ended = "timeout"
        return Ending(
            digest=plan.digest,
            ended=ended,
            limit=plan.limit,
            reports=wait.found(),
            absent=wait.absent,
            error=refused.reason if refused else None,
            is_lasting=refused.is_lasting if refused else True,
        )

    async def _ask_until_over(self, plan: Plan, wait: Wait) -> None:
        conn_id = str(self._kwargs.get("dysms_conn_id", "dysms_default"))
        log.info("Watching %d message(s) through the connection %r", plan.count, conn_id)
        self._shared = shared = join(conn_id)
        try:
            # Inside, TimeoutError means only this one: the client has errors of its own.
            async with asyncio.timeout(max(plan.deadline - time.time(), 0.0) + LAST_LOOK):
                await shared.connection.open()
                await Watch(shared, wait, self._readable(plan.count, shared.connection.privacy_key)).run()
        except TimeoutError:
            log.warning("The service did not answer for every message within %g s after the deadline", LAST_LOOK)
        finally:
            await self.cleanup()

    def _readable(self, count: int, privacy_key: str | None) -> Sequence[Watched]:
        try:
            watched = self._watched(privacy_key)
        except DysmsInputError as error:
            raise Refused(str(error)) from None
        except (ValueError, TypeError, IndexError, KeyError):
            raise Refused(UNREADABLE) from None
        if len(watched) != count:
            raise Refused(UNREADABLE)
        return watched

    def _restored(self) -> tuple[Plan, Wait]:
        plan = Plan.restore(self._kwargs)
        spans = (plan.started_at, plan.asked_at, plan.deadline, plan.grace_period)
        gaps = (plan.poke_interval, plan.max_poke_interval)
        is_sound = (
            isinstance(plan.digest, str) and isinstance(plan.limit, str) and all(map(math.isfinite, spans + gaps))
        )
        if not is_sound or plan.count > MOST_MESSAGES or not self._fits(plan.count):
            raise ValueError(UNREADABLE)
        first, longest = (max(gap, SHORTEST_GAP) for gap in gaps)
        return plan, replace(plan, poke_interval=first, max_poke_interval=longest).wait()

    @property
    def _digest(self) -> str:
        digest = self._kwargs.get("digest")
        return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""

    def _shown(self, what: str) -> str:
        return f"<{type(self).__name__}: {what}, connection {shown(self._kwargs.get('dysms_conn_id'))}>"

    def _fits(self, count: int) -> bool:
        """Say whether the arguments name so many messages, as far as that can be said without the connection."""
        raise NotImplementedError

    def _watched(self, privacy_key: str | None) -> Sequence[Watched]:
        """Return the messages to watch.

        :param privacy_key: of the connection
        :raises DysmsInputError: they are not readable
        """
        raise NotImplementedError


class DysmsMessageTrigger(DysmsTrigger):
    """Watches international messages by their ids.

    :param message_ids: as SendMessageToGlobe returned them
    """

    def __repr__(self) -> str:
        ids = self._kwargs.get("message_ids")
        if not isinstance(ids, list) or len(ids) > MOST_SHOWN or not self._fits(len(ids)):
            return super().__repr__()
        return self._shown(f"message(s) {', '.join(ids)}")

    def _fits(self, count: int) -> bool:
        ids = self._kwargs.get("message_ids")
        return isinstance(ids, list) and len(ids) == count and all(isinstance(each, str) for each in ids)

    def _watched(self, privacy_key: str | None) -> Sequence[Watched]:
        return [WatchedMessage(message_id) for message_id in self._kwargs["message_ids"]]


class DysmsSendDetailsTrigger(DysmsTrigger):
    """Watches messages that have no id, by number and request.

    :param sealed: what :func:`.waits.watched.dump` wrote, sealed under the ``privacy_key`` of the connection
    """

    def _fits(self, count: int) -> bool:
        return isinstance(self._kwargs.get("sealed"), str)

    def _watched(self, privacy_key: str | None) -> Sequence[Watched]:
        from airflow_provider_dysms.api.privacy import PrivacyKey

        return load(PrivacyKey(privacy_key).unseal(self._kwargs["sealed"]))


def _states(ending: Ending) -> str:
    counts = Counter(report.state.value for report in ending.reports.values())
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "nothing is known"
