"""Drives one wait on an event loop: polls the messages that are due, until the end is certain or the time is over."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Protocol

from airflow_provider_dysms.model.errors import DysmsError, DysmsThrottled, DysmsTransportError
from airflow_provider_dysms.waits.polling.poller import ConnectionChanged
from airflow_provider_dysms.waits.wait import Certainty, WaitAborted

if TYPE_CHECKING:
    from airflow_provider_dysms.waits.polling.poller import Poller
    from airflow_provider_dysms.waits.polling.queue import Permit
    from airflow_provider_dysms.waits.targets import Watched
    from airflow_provider_dysms.waits.wait import Wait

log = logging.getLogger(__name__)

#: Seconds that no poll exceeds, whatever the service does, because the number of pauses is bounded. A poll that begins
#: earlier than this before the deadline needs no timeout, which the event loop would keep long after the poll.
MAX_POLL_SECONDS = 3600.0
NO_TIMEOUT = nullcontext()

TIME_IS_OVER = "The wait ended before every message could be polled"


class Messages(Protocol):
    """The messages of a wait."""

    def message(self, position: int) -> Watched:
        """Return the message at a position."""
        raise NotImplementedError


class WaitDriver(asyncio.Future[None]):
    """Drives one wait: enters the queue for it, and polls when it receives a permit. A :class:`.queue.Waiter`.

    As a future it is done when nothing more must be polled: the end is certain, or every message was polled for the
    last time. It raises ``WaitAborted`` if the wait cannot go on.

    Thousands of them sleep in one process, and the garbage collector walks over everything that they hold while every
    other task stands still. So a driver creates objects only when it needs them, and the task of the wait sleeps until
    the end.

    :param poller: makes the requests
    :param wait: decides what to poll
    :param kind: of the messages
    :param messages: the messages
    :param ends_at: when the last poll must have ended, seconds since 1970
    :param epoch: difference between seconds since 1970 and the clock of the event loop. That clock never jumps, so a
        running wait uses it
    """

    __slots__ = (
        "_context",
        "_due",
        "_epoch",
        "_logged_errors",
        "_messages",
        "_poller",
        "_polls",
        "_queue",
        "_wait",
        "expires_at",
        "ticket",
    )

    def __init__(
        self,
        poller: Poller,
        wait: Wait,
        kind: type[Watched],
        messages: Messages,
        *,
        ends_at: float,
        epoch: float,
    ) -> None:
        super().__init__()
        self.ticket: int | None = None
        self.expires_at = ends_at - epoch
        self._poller = poller
        self._queue = poller.queue(kind)
        self._wait = wait
        self._messages = messages
        self._epoch = epoch
        self._due = 0.0  # for which it is in the queue, by the clock of the event loop
        self._polls: tuple[asyncio.Task[None], ...] = ()
        self._logged_errors: tuple[type[DysmsError], ...] = ()
        self._context = copy_context()  # log lines belong to the task of the wait

    def start(self) -> None:
        """Enter the queue."""
        self._advance()

    async def stop(self) -> None:
        """Leave the queue, and cancel the polls that are running."""
        self.cancel()
        self._queue.withdraw(self)
        for task in self._polls:
            task.cancel()
        await asyncio.gather(*self._polls, return_exceptions=True)

    def on_permit(self, permit: Permit) -> None:
        """Poll the message that is due."""
        due, position = self._wait.pop_due()
        self._poller.activity.add_poll(self._now() - due)
        poll = self._poll_in_time(position, due, permit)
        task = asyncio.get_running_loop().create_task(poll, context=self._context.copy())
        task.add_done_callback(permit.release)
        self._polls += (task,)
        self._advance()

    def on_expired(self) -> None:
        """End the wait."""
        self._context.copy().run(log.warning, TIME_IS_OVER)
        self._advance(is_expired=True)

    def _now(self) -> float:
        return asyncio.get_running_loop().time() + self._epoch

    def _advance(self, *, is_expired: bool = False) -> None:
        """Enter the queue for the message that is due next; be done if there is none, or if the time is over."""
        if self.done():
            return
        due = self._wait.next_due
        is_open = self._wait.decision is Certainty.OPEN and not is_expired
        if is_open and due is not None and (self.ticket is None or due - self._epoch < self._due):
            self._queue.withdraw(self)
            self._due = due - self._epoch
            self._queue.enqueue(self, self._due)
        if not is_open or (self.ticket is None and not self._polls):
            self._queue.withdraw(self)
            if not self.done():
                self.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._queue.withdraw(self)
        if not self.done():
            self.set_exception(error)

    async def _poll_in_time(self, position: int, due: float, permit: Permit) -> None:
        remaining = self.expires_at - asyncio.get_running_loop().time()
        needs_timeout = remaining <= MAX_POLL_SECONDS or not self._poller.client_source.is_open
        is_expired = False
        try:
            # A TimeoutError can only come from here: the client has errors of its own.
            async with asyncio.timeout(max(remaining, 0.0)) if needs_timeout else NO_TIMEOUT:
                await self._poll(position, due, permit)
        except asyncio.CancelledError:
            if self.done():
                raise
            # Something below cancelled the poll, and nobody cancelled the wait.
            self._record_failure(position, DysmsTransportError("the request was cancelled"))
        except TimeoutError:
            is_expired = True
            log.warning(TIME_IS_OVER)
        except Exception as error:
            self._fail(error)
        finally:
            self._polls = tuple(task for task in self._polls if task is not asyncio.current_task())
            self._advance(is_expired=is_expired)

    async def _poll(self, position: int, due: float, permit: Permit) -> None:
        try:
            if not self._poller.client_source.is_open:
                await self._poller.client_source.open()
            report = await self._poller.poll(self._messages.message(position), permit)
        except ConnectionChanged:
            self._wait.requeue(position, due)
        except DysmsError as error:
            if self._wait.record_refusal(error, self._now()):
                raise WaitAborted(f"message {position}: {error}") from None
            if isinstance(error, DysmsThrottled):
                self._wait.requeue(position, due)
                self._log_once(error)
            else:
                self._record_failure(position, error)
        else:
            self._wait.record_report(position, report, self._now())

    def _record_failure(self, position: int, error: DysmsError) -> None:
        self._wait.record_failure(position, self._now())
        self._log_once(error)

    def _log_once(self, error: DysmsError) -> None:
        if type(error) not in self._logged_errors:
            self._logged_errors += (type(error),)
            log.warning("A poll failed and will be repeated (further errors of this kind are not logged): %s", error)
