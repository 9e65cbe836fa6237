"""What earlier tries of a task did, so that a message is sent once although Airflow runs tasks again.

From 3.3 on, Airflow keeps a state for each task instance, over its tries and over clears (``task_state_store``). There
a try writes down that it is about to send, and what came of it. Without it there is only the number of the try.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

from airflow_provider_dysms.api.dates import beijing_day
from airflow_provider_dysms.api.errors import DysmsError, may_be_done
from airflow_provider_dysms.hooks.errors import DysmsSendUncertain, DysmsTaskFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

#: Under which name the state is kept. Its form is a stored one: it only grows.
KEY = "dysms_send"

ABOUT_TO_SEND, NOTHING_SENT, SENT = "about to send", "nothing sent", "sent"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An earlier try may have sent.

    :param since: not before this instant
    :param until: it did not begin to after this one
    :param out_id: the id that the latest one used; ``None`` where that is not known
    :param noted: notes tell of every earlier try, also whom it was for
    """

    since: datetime
    until: datetime
    out_id: str | None
    noted: bool


class Tries:
    """The tries of one task instance.

    Every method asks Airflow, so none may be called while an event loop runs, but for :meth:`leave`.

    :param context: the task's context
    :param recipients: digests of the numbers that it is for: the one to store, then those that an earlier release or
        secret may have stored; empty if there is no key to make them with
    :raises DysmsTaskFailed: an earlier try sent, or may have, and to others
    """

    def __init__(self, context: Mapping[str, Any], recipients: tuple[str, ...]) -> None:
        self._context = context
        self._recipients = recipients
        self._left: datetime | None = None
        self._store = context.get("task_state_store")
        kept = self._store.get(KEY) if self._store is not None else None
        self._kept: Mapping[str, Any] = kept if isinstance(kept, dict) else {}
        theirs = self._kept.get("recipients")
        if recipients and theirs and theirs not in recipients and self._kept.get("state") != NOTHING_SENT:
            raise DysmsTaskFailed(
                "An earlier try of this task was for other phone numbers (or privacy_secret has changed since), and "
                "what it sent is not undone. Start a new run to send to these numbers."
            )
        self.doubt = self._doubt()

    @property
    def sent(self) -> dict[str, Any] | None:
        """What an earlier try sent, as it returned it."""
        return self._kept.get("sent")

    def send(self, run: Callable[[], dict[str, Any]], count: int, out_id: str | None, remedy: str) -> dict[str, Any]:
        """Send, with a note of it for later tries.

        :param run: asks what there is to ask, calls :meth:`leave`, sends, and returns what was sent
        :param count: how many messages
        :param out_id: the id that they are sent with
        :param remedy: how to find out what became of them
        :raises DysmsSendUncertain: they may have been sent
        :raises DysmsError: they were certainly not
        """
        now = datetime.now(UTC)
        since, noted = (self.doubt.since, self.doubt.noted) if self.doubt else (now, True)
        self._keep(state=ABOUT_TO_SEND, since=since.isoformat(), until=now.isoformat(), out_id=out_id, noted=noted)
        try:
            sent = run()
        except DysmsError as error:
            if self._left is not None and may_be_done(error):
                which = f"{count} message(s)" + (f" with OutId {out_id}" if out_id else "")
                raise DysmsSendUncertain(
                    f"{which} may have been sent, on {beijing_day(self._left)} in Beijing. {error} {remedy}"
                ) from error
            if self._left is not None or self.doubt is None:
                self._keep_if_possible(state=NOTHING_SENT)
            raise
        self._keep_if_possible(state=SENT, sent=sent)
        return sent

    def leave(self) -> datetime:
        """Take note that the request leaves now; return the instant, in whole seconds."""
        self._left = datetime.now(UTC).replace(microsecond=0)
        return self._left

    def _doubt(self) -> Doubt | None:
        state = self._kept.get("state")
        if state == ABOUT_TO_SEND:
            since, until = (datetime.fromisoformat(self._kept[name]) for name in ("since", "until"))
            return Doubt(since, until, self._kept["out_id"], self._kept.get("noted", True))
        if state is not None or self._context["ti"].try_number < 2:
            return None
        run = self._context["dag_run"]
        # A note may be gone once a run was cleared: they expire, may be set to vanish with success, and older Airflow
        # has none. In a run that never was, there is no note because no try came as far as to write one; but not every
        # clear of a task counts as one of its run.
        was_cleared = run.clear_number != 0
        if self._store is not None and not was_cleared and not _notes_vanish_with_success():
            return None
        # Airflow dates a cleared run anew.
        since = run.run_after if was_cleared else run.start_date or run.run_after
        return Doubt(since, datetime.now(UTC), None, noted=False)

    def _keep(self, **note: Any) -> None:
        if self._store is not None:
            self._store.set(KEY, {"recipients": next(iter(self._recipients), None), **note})

    def _keep_if_possible(self, **note: Any) -> None:
        """What is done is done: without the note, a later try asks the service."""
        try:
            self._keep(**note)
        except Exception as error:
            log.warning("Airflow did not take down what became of the send: %s", type(error).__name__)


def _notes_vanish_with_success() -> bool:
    return bool(conf.getboolean("state_store", "clear_on_success", fallback=False))
