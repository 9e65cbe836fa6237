"""What earlier tries of a task did, so that a message is sent once although Airflow runs tasks again.

From 3.3 on, Airflow keeps a state for each task instance, over its tries and over clears (``task_state_store``). There
a try writes down that it is about to send, and what came of it. Without it there is only the number of the try. Airflow
takes no note from a try that was given up: if a paused one goes on before it has written its note, it fails there.

Airflow keeps the notes of a mapped task by position (https://github.com/apache/airflow/issues/72725), so a note tells
by digests what it is about: after the list that the task is mapped over has changed, it is another message's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

from airflow_provider_dysms.api.auth.signature_time import SignatureTime
from airflow_provider_dysms.exceptions import DysmsSendUncertain, DysmsTaskFailed
from airflow_provider_dysms.model.dates import beijing_day
from airflow_provider_dysms.model.errors import DysmsError, may_have_executed
from airflow_provider_dysms.operators.send_journal_entry import (
    ABOUT_TO_SEND,
    KEY,
    NOTHING_SENT,
    SENT,
    Digests,
    JournalEntry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

#: For so long a request of an older release may have been queued before it was signed; its note has no signature time.
LINGER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An earlier try may have sent, or another position of the same mapped task.

    :param since: not before this instant
    :param until: it did not begin to after this one
    :param out_id: the id that the latest one used; ``None`` if that is not known
    :param noted: notes tell of every earlier try, also whom it was for
    :param signed_by: its request was not signed after this instant; default: ``until``
    :param by_position: this position has not tried to send this message: only another one may have sent it
    """

    since: datetime
    until: datetime
    out_id: str | None
    noted: bool
    signed_by: datetime | None = None
    by_position: bool = False

    def refused_from(self, lifetime: float) -> datetime:
        """Return the instant from which on the service refuses its request.

        :param lifetime: seconds for which the service takes a signature
        """
        return self.until if self.by_position else (self.signed_by or self.until) + timedelta(seconds=lifetime)


class SendJournal:
    """The tries of one task instance.

    Every method asks Airflow, so none may be called while an event loop runs, but for :meth:`leave`.

    :param context: the task's context
    :param digests: of what is to be sent
    :param began: when this try began, if it has waited in the triggerer since; default: now
    :raises DysmsTaskFailed: Airflow's note cannot be read
    """

    def __init__(self, context: Mapping[str, Any], digests: Digests, began: datetime | None = None) -> None:
        self._ti = context["ti"]
        self._run = context.get("dag_run")
        self._store = context.get("task_state_store")
        self._digests = digests
        self._left: datetime | None = None
        self._note = JournalEntry.read(self._store.get(KEY) if self._store is not None else None)
        #: When this try began.
        self.began = began or datetime.now(UTC)
        #: The note is about another message than the one that is to be sent.
        self.has_changed = self._note.is_about_another(digests)
        self.doubt = self._doubt()

    @property
    def is_mapped(self) -> bool:
        """Whether the task is one position of a mapped task."""
        return self._ti.map_index is not None and self._ti.map_index >= 0

    @property
    def sent(self) -> dict[str, Any] | None:
        """What an earlier try sent, as it returned it."""
        return None if self.has_changed else self._note.sent

    @property
    def noted_out_id(self) -> str | None:
        """The OutId that the note tells of."""
        return self._note.out_id

    def has_grown(self) -> bool:
        """Whether the note is of a finished send, and the task has more positions by now."""
        then, now = self._note.positions, self._positions()
        return self._note.state == SENT and None not in (then, now) and now > then  # type: ignore[operator]

    def change(self) -> DysmsTaskFailed:
        """Return the error that tells how the note differs from what is to be sent, and what to do."""
        if self._note.is_for_others(self._digests):
            what = "was for other phone numbers"
        else:
            what = "was about another message to the same phone numbers (signature, template, parameters or text)"
        moved = ", or the list that the task is mapped over: Airflow keeps notes by position" if self.is_mapped else ""
        return DysmsTaskFailed(
            f"An earlier try of this task {what}, and what it sent is not undone. The arguments have changed since (or "
            f"privacy_secret{moved}). Start a new run to send this."
        )

    def send(
        self,
        run: Callable[[SignatureTime], dict[str, Any]],
        *,
        count: int,
        out_id: str | None,
        remedy: str,
        lifetime: float,
    ) -> dict[str, Any]:
        """Send, with a note of it for later tries.

        :param run: calls :meth:`leave`, sends with a signature of the given time, and returns what was sent
        :param count: how many messages
        :param out_id: the id that they are sent with
        :param remedy: how to find out what became of them
        :param lifetime: seconds for which the service takes a signature
        :raises DysmsSendUncertain: they may have been sent
        :raises DysmsError: they were certainly not
        """
        signature_time = SignatureTime.begin(lifetime)  # before the note is written: a pause from here on counts
        self._refuse_if_superseded()
        at = signature_time.at.isoformat()
        self._keep(state=ABOUT_TO_SEND, since=at, until=at, signed_at=at, out_id=out_id, noted=True)
        try:
            sent = run(signature_time)
        except DysmsError as error:
            if self._left is not None and may_have_executed(error):
                which = f"{count} message(s)" + (f" with OutId {out_id}" if out_id else "")
                raise DysmsSendUncertain(
                    f"{which} may have been sent, on {beijing_day(self._left)} in Beijing. {error} {remedy}"
                ) from error
            self._keep_if_possible(state=NOTHING_SENT)
            raise
        self.keep_sent(sent)
        return sent

    def keep_sent(self, sent: dict[str, Any]) -> None:
        """Take down what was sent."""
        self._keep_if_possible(state=SENT, sent=sent, out_id=sent.get("out_id"), positions=self._positions())

    def leave(self) -> datetime:
        """Take note that the request leaves now; return the instant, in whole seconds."""
        self._left = datetime.now(UTC).replace(microsecond=0)
        return self._left

    def _doubt(self) -> InDoubt | None:
        note = self._note
        if self.has_changed:
            return self._unnoted(by_position=True) if self.is_mapped else None
        if note.state == ABOUT_TO_SEND:
            assert note.since is not None
            assert note.until is not None
            return InDoubt(note.since, note.until, note.out_id, note.noted, note.signed_at or note.until + LINGER)
        if note.state is not None:
            return None
        was_cleared = self._run is not None and self._run.clear_number != 0
        if self._ti.try_number < 2:
            # Positions that the list had not when it was mapped first may hold what others have sent.
            return self._unnoted(by_position=True) if self.is_mapped and was_cleared else None
        # A note may be gone once a run was cleared: they expire, may be set to vanish with success, and older Airflow
        # has none. In a run that never was, there is no note because no try came as far as to write one; but not every
        # clear of a task counts as one of its run.
        if self._store is not None and not was_cleared and not _notes_vanish_with_success():
            return None
        return self._unnoted(by_position=False)

    def _unnoted(self, *, by_position: bool) -> InDoubt:
        # Airflow dates a cleared run anew: what other positions sent, they sent before.
        run: Any = self._run
        since = run.run_after if run.clear_number != 0 else run.start_date or run.run_after
        until = min(run.start_date or self.began, self.began) if by_position else self.began
        return InDoubt(since, until, None, noted=False, by_position=by_position)

    def _refuse_if_superseded(self) -> None:
        """Refuse to go on if a later try has written a note since this one has looked: this one was paused."""
        if self._store is not None and JournalEntry.read(self._store.get(KEY)).attempt > self._ti.try_number:
            raise DysmsTaskFailed("A later try of this task has begun to send; this one was paused, and sends nothing")

    def _positions(self) -> int | None:
        """Return how many positions the mapped task has; ``None`` if it is not mapped, or Airflow does not tell."""
        if not self.is_mapped or self._store is None:
            return None
        ti = self._ti
        try:
            count: int = ti.get_ti_count(dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id])
        except Exception as error:
            log.warning("Airflow did not tell how many positions the mapped task has: %s", type(error).__name__)
            return None
        return count

    def _keep(self, **note: Any) -> None:
        if self._store is not None:
            about = {
                name: next(iter(digests), None)
                for name, digests in (("recipients", self._digests.recipients), ("content", self._digests.content))
            }
            self._store.set(KEY, {**about, "try": self._ti.try_number, **note})

    def _keep_if_possible(self, **note: Any) -> None:
        """What is done is done: without the note, a later try asks the service."""
        try:
            self._keep(**note)
        except Exception as error:
            log.warning("Airflow did not take down what became of the send: %s", type(error).__name__)


def _notes_vanish_with_success() -> bool:
    return bool(conf.getboolean("state_store", "clear_on_success", fallback=False))
