"""The triggers: wait for messages inside Airflow's triggerer, one trigger for all messages of a task.

Airflow stores a trigger for up to 72 hours, and a later release may read it: class paths stay, arguments are only
added.
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

from airflow_provider_dysms import metrics
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import is_visible_ascii, safe_repr
from airflow_provider_dysms.waits.polling.driver import WaitDriver
from airflow_provider_dysms.waits.polling.poller import Poller, acquire
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec
from airflow_provider_dysms.waits.targets import WatchedMessage, WatchedSendDetail, load
from airflow_provider_dysms.waits.wait import LAST_POLL_SECONDS, Certainty, WaitAborted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.model.privacy import PrivacySecrets
    from airflow_provider_dysms.waits.polling.client_source import ClientSource
    from airflow_provider_dysms.waits.targets import Watched
    from airflow_provider_dysms.waits.wait import Wait

log = logging.getLogger(__name__)

#: A trigger with more messages is refused; the sensors allow 1,000.
MAX_MESSAGES = 10_000

#: A longer wait, in seconds, is refused: the service does not remember older messages.
MAX_WAIT_SECONDS = 31 * 86_400.0

#: A repr shows at most this many ids, and no id if there are more.
MAX_IDS_SHOWN = 5

UNREADABLE = "this release cannot read the trigger's arguments; clear the task to start its wait again"

#: Characters of an id that a repr, which may be logged, shows.
MAX_SHOWN_ID = 64

_DIGEST = re.compile(r"[0-9a-f]{16,64}")

#: Shortest gap between two polls of a message, in seconds, whatever is stored.
MIN_GAP = 0.05


class DysmsTrigger(BaseTrigger):
    """Watches messages until the end is certain, and yields one event: a :class:`.WaitResult`.

    The constructor accepts anything, because one that raises would stop the whole triggerer; the event says what is
    wrong. Unknown arguments are kept.

    :param dysms_conn_id: id of the connection, default ``dysms_default``
    :param kwargs: as :meth:`.WaitSpec.stored` returns them
    """

    _kind: type[Watched]

    def __init__(self, /, **kwargs: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kwargs = kwargs
        self._poller: Poller | None = None

    def __repr__(self) -> str:
        stored = self._kwargs.get("count")
        count = stored if isinstance(stored, int) and 0 <= stored <= MAX_MESSAGES else "some"
        return self._describe(f"{count} message(s), digest {self._digest or 'unknown'}")

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, unchanged."""
        return f"{type(self).__module__}.{type(self).__qualname__}", dict(self._kwargs)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the wait has ended, in whatever way."""
        try:
            wait, limit = self._restore_wait()
        except Exception as error:
            log.warning("The trigger's arguments cannot be read (%s)", type(error).__name__)
            yield _event(WaitResult(digest=self._digest, ended="refused", reports={}, error=UNREADABLE))
            return
        aborted = None
        if wait.decision is Certainty.OPEN:
            conn_id = str(self._kwargs.get("dysms_conn_id", "dysms_default"))
            log.info("Watching %d message(s) through the connection %s", wait.goal.count, safe_repr(conn_id))
            self._poller = acquire(conn_id, _read_connection, metrics.report_waits)
            ends_at = max(wait.deadline, time.time()) + LAST_POLL_SECONDS
            try:
                await self._prepare(self._poller.client_source, ends_at)
                driver = WaitDriver(self._poller, wait, self._kind, self, ends_at=ends_at, epoch=_epoch())
                try:
                    driver.start()
                    await driver
                finally:
                    await driver.stop()
            except TimeoutError:
                log.warning("The connection could not be read within %g s after the deadline", LAST_POLL_SECONDS)
            except WaitAborted as error:
                aborted = error
            finally:
                await self.cleanup()
        yield _event(self._result(wait, limit, aborted))

    def message(self, position: int) -> Watched:
        """Return the message at a position."""
        raise NotImplementedError

    async def cleanup(self) -> None:
        """Release the poller. Airflow calls this when the trigger ends, in whatever way."""
        poller, self._poller = self._poller, None
        if poller is not None:
            await poller.release()

    def _result(self, wait: Wait, limit: str, aborted: WaitAborted | None) -> WaitResult:
        ended = "refused" if aborted else "timeout"
        return WaitResult(
            digest=self._kwargs["digest"],
            # A certain end stays certain, although one more message cannot be polled.
            ended=ended if wait.certainty is Certainty.OPEN else "decided",
            limit=limit,
            reports=wait.known_reports(),
            absent=wait.absent,
            error=aborted.reason if aborted else None,
            is_lasting=aborted.is_permanent if aborted else True,
        )

    def _restore_wait(self) -> tuple[Wait, str]:
        spec = WaitSpec.restore(self._kwargs)
        spans = (spec.started_at, spec.asked_at, spec.deadline, spec.grace_period)
        gaps = (spec.poke_interval, spec.max_poke_interval)
        is_valid = isinstance(spec.digest, str) and all(map(math.isfinite, spans + gaps))
        is_bounded = is_valid and spec.deadline - spec.started_at <= MAX_WAIT_SECONDS
        if not is_bounded or spec.count > MAX_MESSAGES or not self._has_messages(spec.count):
            raise ValueError(UNREADABLE)
        poke_interval, max_poke_interval = (max(gap, MIN_GAP) for gap in gaps)
        spec = replace(spec, poke_interval=poke_interval, max_poke_interval=max_poke_interval)
        return spec.restore_wait(), spec.limit

    @property
    def _digest(self) -> str:
        digest = self._kwargs.get("digest")
        return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""

    def _describe(self, messages: str) -> str:
        return f"<{type(self).__name__}: {messages}, connection {safe_repr(self._kwargs.get('dysms_conn_id'))}>"

    async def _prepare(self, client_source: ClientSource, ends_at: float) -> None:
        """Read the arguments that need the connection.

        :param client_source: reads the connection
        :param ends_at: latest end, seconds since 1970
        :raises WaitAborted: the arguments or the connection are not readable
        :raises TimeoutError: the connection could not be read in time
        """

    def _has_messages(self, count: int) -> bool:
        """Say whether the arguments name this many messages, as far as that is known without the connection."""
        raise NotImplementedError


class DysmsMessageTrigger(DysmsTrigger):
    """Watches international messages by their ids.

    :param message_ids: the ids that SendMessageToGlobe returned
    """

    _kind = WatchedMessage

    def __init__(self, /, **kwargs: Any) -> None:
        ids = kwargs.get("message_ids")
        self._message_ids: tuple[str, ...] | str = ()
        if isinstance(ids, list) and all(isinstance(each, str) for each in ids):
            del kwargs["message_ids"]
            # A single id, as most waits have, stays a text, because the garbage collector counts every tuple.
            self._message_ids = ids[0] if len(ids) == 1 else tuple(ids)
        super().__init__(**kwargs)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        classpath, kwargs = super().serialize()
        return classpath, {"message_ids": list(self._ids), **kwargs}

    def __repr__(self) -> str:
        if not 1 <= len(self._ids) <= MAX_IDS_SHOWN:
            return super().__repr__()
        ids = (each if is_visible_ascii(each, MAX_SHOWN_ID) else "?" for each in self._ids)
        return self._describe(f"message(s) {', '.join(ids)}")

    def message(self, position: int) -> WatchedMessage:
        return WatchedMessage(self._ids[position])

    def _has_messages(self, count: int) -> bool:
        return len(self._ids) == count

    @property
    def _ids(self) -> tuple[str, ...]:
        return (self._message_ids,) if isinstance(self._message_ids, str) else self._message_ids


class DysmsSendDetailsTrigger(DysmsTrigger):
    """Watches mainland messages, which have no id, by number and request.

    :param sealed: result of :func:`.targets.dump`, encrypted under the ``privacy_secret`` of the connection
    """

    _kind = WatchedSendDetail
    _watched: Sequence[WatchedSendDetail] = ()

    def message(self, position: int) -> WatchedSendDetail:
        return self._watched[position]

    async def _prepare(self, client_source: ClientSource, ends_at: float) -> None:
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(max(ends_at - time.time(), 0.0)):
            await client_source.open()
            try:
                self._watched = self._unseal(client_source.privacy_secrets)
            except WaitAborted:
                await client_source.read_after(began)  # the user may have edited the connection since it was read
                self._watched = self._unseal(client_source.privacy_secrets)

    def _has_messages(self, count: int) -> bool:
        return isinstance(self._kwargs.get("sealed"), str)

    def _unseal(self, secrets: PrivacySecrets | None) -> Sequence[WatchedSendDetail]:
        from airflow_provider_dysms.model.privacy import PrivacyKey

        try:
            watched = load(PrivacyKey(*(secrets or (None,))).unseal(self._kwargs["sealed"]))
        except DysmsInputError as error:
            raise WaitAborted(str(error)) from None
        except (ValueError, TypeError, IndexError, KeyError):
            raise WaitAborted(UNREADABLE) from None
        if len(watched) != self._kwargs["count"]:
            raise WaitAborted(UNREADABLE)
        return watched


def _read_connection(conn_id: str) -> tuple[Settings, PrivacySecrets] | None:
    """Read a connection in a thread; return ``None`` if it is not defined."""
    # Loaded here, because the triggerer imports this module on its event loop.
    from airflow_provider_dysms.hooks.dysms import DysmsConnectionNotFound, DysmsHook

    try:
        return DysmsHook(conn_id).read()
    except DysmsConnectionNotFound:
        return None
    except StopIteration as error:  # a future cannot carry it out of the thread
        raise RuntimeError("StopIteration") from error


def _epoch() -> float:
    return time.time() - asyncio.get_running_loop().time()


def _event(result: WaitResult) -> TriggerEvent:
    log.info("The wait has ended (%s): %s", result.ended, result.error or _describe_states(result))
    return TriggerEvent(result.payload())  # type: ignore[no-untyped-call]


def _describe_states(result: WaitResult) -> str:
    counts = Counter(report.state.value for report in result.reports.values())
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "nothing is known"
