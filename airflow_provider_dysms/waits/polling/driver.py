"""One wait inside an event loop: asks for what is due, until the outcome is certain or nothing is left to ask."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Protocol

from airflow_provider_dysms.model.errors import DysmsError, DysmsThrottled, DysmsTransportError
from airflow_provider_dysms.waits.polling.client_source import WaitAborted
from airflow_provider_dysms.waits.polling.poller import ConnectionChanged
from airflow_provider_dysms.waits.wait import Certainty

if TYPE_CHECKING:
    from airflow_provider_dysms.waits.polling.poller import Poller
    from airflow_provider_dysms.waits.polling.queue import Permit
    from airflow_provider_dysms.waits.targets import Watched
    from airflow_provider_dysms.waits.wait import Wait

log = logging.getLogger(__name__)

#: No question takes longer (s), however the service behaves: it waits in vain for at most so many pauses. One that
#: begins long before the deadline needs no time limit, which the event loop would keep long after the answer.
LONGEST_ASK = 3600.0
NO_LIMIT = nullcontext()

TOO_LATE = "Not every message could be asked for in time"


class Messages(Protocol):
    """The messages of a wait."""

    def message(self, position: int) -> Watched:
        """Return one."""
        raise NotImplementedError


class WaitDriver(asyncio.Future[None]):
    """Drives one wait: stands in line for it, and asks when it is called. A :class:`.line.Visitor`.

    As a future it is done when nothing more is to be asked: the outcome is certain, or every message was asked for the
    last time. It raises ``Refused`` where the wait cannot go on.

    Thousands of them sleep in one process, and what each holds then is what Python's garbage collector walks over while
    everybody stands still: so it makes what it needs when it needs it, and the task of the wait sleeps on meanwhile.

    :param shared: asks
    :param wait: decides
    :param kind: of the messages
    :param messages: which they are
    :param ends_at: when the last answer must be there, seconds since 1970
    :param epoch: what the event loop's clock lacks to seconds since 1970. It never jumps, so a wait that has begun goes
        by it
    """

    __slots__ = (
        "_asking",
        "_context",
        "_due",
        "_epoch",
        "_kinds",
        "_line",
        "_messages",
        "_shared",
        "_wait",
        "number",
        "until",
    )

    def __init__(
        self,
        shared: Poller,
        wait: Wait,
        kind: type[Watched],
        messages: Messages,
        *,
        ends_at: float,
        epoch: float,
    ) -> None:
        super().__init__()
        self.number: int | None = None
        self.until = ends_at - epoch
        self._shared = shared
        self._line = shared.line(kind)
        self._wait = wait
        self._messages = messages
        self._epoch = epoch
        self._due = 0.0  # for which it stands in line, by the clock of the event loop
        self._asking: tuple[asyncio.Task[None], ...] = ()
        self._kinds: tuple[type[DysmsError], ...] = ()
        self._context = copy_context()  # what is logged belongs to the wait's task

    def begin(self) -> None:
        """Stand in line."""
        self._go_on()

    async def end(self) -> None:
        """Ask no more, wherever it stands."""
        self.cancel()
        self._line.withdraw(self)
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def called(self, place: Permit) -> None:
        """Ask for the message that is due."""
        due, position = self._wait.take()
        asking = self._ask_in_turn(position, due, place)
        task = asyncio.get_running_loop().create_task(asking, context=self._context.copy())
        task.add_done_callback(place.leave)
        self._asking += (task,)
        self._go_on()

    def sent_away(self) -> None:
        """End the wait."""
        self._context.copy().run(log.warning, TOO_LATE)
        self._go_on(is_late=True)

    def _now(self) -> float:
        return asyncio.get_running_loop().time() + self._epoch

    def _go_on(self, *, is_late: bool = False) -> None:
        """Stand in line for what is due next; where nothing is, or it is too late, be done."""
        if self.done():
            return
        due = self._wait.due
        is_open = self._wait.outcome is Certainty.OPEN and not is_late
        if is_open and due is not None and (self.number is None or due - self._epoch < self._due):
            self._line.withdraw(self)
            self._due = due - self._epoch
            self._line.stand(self, self._due)
        if not is_open or (self.number is None and not self._asking):
            self._line.withdraw(self)
            if not self.done():
                self.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._line.withdraw(self)
        if not self.done():
            self.set_exception(error)

    async def _ask_in_turn(self, position: int, due: float, place: Permit) -> None:
        left = self.until - asyncio.get_running_loop().time()
        is_limited = left <= LONGEST_ASK or not self._shared.connection.is_open
        is_late = False
        try:
            # Inside, TimeoutError means only this one: the client has errors of its own.
            async with asyncio.timeout(max(left, 0.0)) if is_limited else NO_LIMIT:
                await self._ask(position, due, place)
        except asyncio.CancelledError:
            if self.done():
                raise
            # Somebody below cancelled the question, and nobody the wait.
            self._in_vain(position, DysmsTransportError("the question was cancelled"))
        except TimeoutError:
            is_late = True
            log.warning(TOO_LATE)
        except Exception as error:
            self._fail(error)
        finally:
            self._asking = tuple(task for task in self._asking if task is not asyncio.current_task())
            self._go_on(is_late=is_late)

    async def _ask(self, position: int, due: float, place: Permit) -> None:
        try:
            if not self._shared.connection.is_open:
                await self._shared.connection.open()
            report = await self._shared.ask(self._messages.message(position), place)
        except ConnectionChanged:
            self._wait.put_back(position, due)
        except DysmsError as error:
            if self._wait.is_refused(error, self._now()):
                raise WaitAborted(f"message {position}: {error}") from None
            if isinstance(error, DysmsThrottled):
                self._wait.put_back(position, due)
                self._name_once(error)
            else:
                self._in_vain(position, error)
        else:
            self._wait.answer(position, report, self._now())

    def _in_vain(self, position: int, error: DysmsError) -> None:
        self._wait.fail(position, self._now())
        self._name_once(error)

    def _name_once(self, error: DysmsError) -> None:
        if type(error) not in self._kinds:
            self._kinds += (type(error),)
            log.warning("A question was in vain (further ones of this kind are not logged): %s", error)
