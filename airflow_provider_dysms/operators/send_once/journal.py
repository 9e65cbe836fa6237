"""Records in Airflow's task state what each attempt of a send did, so that a message is sent once although tasks rerun.

From 3.3 on, Airflow keeps a state per task instance, over its attempts and over clears (``task_state_store``). There an
attempt records that it is about to send, and later the outcome. Without that state only the number of the attempt is
known. Airflow refuses to store anything for an attempt that it has given up: if a paused attempt goes on before it has
recorded its send, it fails there.

Airflow keeps the state of a mapped task by position (https://github.com/apache/airflow/issues/72725), so an entry
identifies its message by digests: after the list that the task is mapped over has changed, the entry belongs to another
message.
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
from airflow_provider_dysms.operators.send_once.journal_entry import (
    ABOUT_TO_SEND,
    KEY,
    NOTHING_SENT,
    SENT,
    Digests,
    JournalEntry,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

log = logging.getLogger(__name__)

#: How long a request of an older release may have been queued before it was signed: its entry has no signature time.
MAX_QUEUED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A send of an earlier attempt, or of another position of the same mapped task, whose outcome is unknown.

    :param since: the send did not begin before this instant
    :param until: the send did not begin after this instant
    :param out_id: the id that the latest attempt used; ``None`` if it is unknown
    :param is_complete: whether the journal has every earlier attempt, with its phone numbers
    :param signed_by: the request was not signed after this instant; default: ``until``
    :param by_position: this position has not tried to send this message: only another one may have sent it
    """

    since: datetime
    until: datetime
    out_id: str | None
    is_complete: bool
    signed_by: datetime | None = None
    by_position: bool = False

    def refused_from(self, lifetime: float) -> datetime:
        """Return the instant from which the service refuses the request.

        :param lifetime: seconds after which the service refuses a signed request
        """
        return self.until if self.by_position else (self.signed_by or self.until) + timedelta(seconds=lifetime)


class SendJournal:
    """The journal of one task instance.

    Every method asks Airflow, so that none may be called while an event loop runs, except :meth:`record_dispatch`.

    :param attempt: the attempt that is about to send
    :param digests: of the message that is to be sent
    :raises DysmsTaskFailed: the entry in Airflow's task state cannot be read
    """

    def __init__(self, attempt: TaskAttempt, digests: Digests) -> None:
        self._attempt = attempt
        self._store = attempt.state_store
        self._digests = digests
        self._dispatched_at: datetime | None = None
        self._entry = JournalEntry.read(self._store.get(KEY) if self._store is not None else None)
        #: Whether the entry belongs to another message than the one that is to be sent.
        self.has_changed = self._entry.is_about_another(digests)
        self.in_doubt = self._find_doubt()

    @property
    def sent(self) -> dict[str, Any] | None:
        """The result that an earlier attempt returned, if it has sent."""
        return None if self.has_changed else self._entry.sent

    @property
    def recorded_out_id(self) -> str | None:
        """The OutId of the entry."""
        return self._entry.out_id

    def has_grown(self) -> bool:
        """Return whether the entry is of a finished send, and the mapped task has more positions by now."""
        then, now = self._entry.positions, self._positions()
        return self._entry.state == SENT and None not in (then, now) and now > then  # type: ignore[operator]

    def changed(self) -> DysmsTaskFailed:
        """Return the error that tells how the entry differs from what is to be sent, and what to do."""
        if self._entry.is_for_others(self._digests):
            what = "sent to other phone numbers, or may have"
        else:
            what = (
                "sent another message to the same phone numbers (signature, template, parameters or text), or may have"
            )
        list_changed = (
            ", or the list that the task is mapped over: Airflow keeps the state of tasks by position"
            if self._attempt.is_mapped
            else ""
        )
        return DysmsTaskFailed(
            f"An earlier attempt of this task {what}, and that cannot be undone. The arguments have changed since (or "
            f"privacy_secret{list_changed}). Start a new run to send this."
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
        """Send, and record it for later attempts.

        :param run: calls :meth:`record_dispatch`, sends with a signature of the given time, and returns what was sent
        :param count: number of messages
        :param out_id: the id that they are sent with
        :param remedy: how to find out whether they were sent
        :param lifetime: seconds after which the service refuses a signed request
        :raises DysmsSendUncertain: they may have been sent
        :raises DysmsError: they were certainly not sent
        """
        signature_time = SignatureTime.begin(lifetime)  # before the entry is written, so that a pause from here counts
        self._refuse_if_superseded()
        at = signature_time.at.isoformat()
        self._write(state=ABOUT_TO_SEND, since=at, until=at, signed_at=at, out_id=out_id, noted=True)
        try:
            sent = run(signature_time)
        except DysmsError as error:
            if self._dispatched_at is not None and may_have_executed(error):
                which = f"{count} message(s)" + (f" with OutId {out_id}" if out_id else "")
                raise DysmsSendUncertain(
                    f"{which} may have been sent, on {beijing_day(self._dispatched_at)} in Beijing. {error} {remedy}"
                ) from error
            self._write_if_possible(state=NOTHING_SENT)
            raise
        self.record_sent(sent)
        return sent

    def record_sent(self, sent: dict[str, Any]) -> None:
        """Record what was sent."""
        self._write_if_possible(state=SENT, sent=sent, out_id=sent.get("out_id"), positions=self._positions())

    def record_dispatch(self) -> datetime:
        """Record that the request is sent now; return the instant, in whole seconds."""
        self._dispatched_at = datetime.now(UTC).replace(microsecond=0)
        return self._dispatched_at

    def _find_doubt(self) -> InDoubt | None:
        entry, attempt = self._entry, self._attempt
        if self.has_changed:
            return self._unrecorded(by_position=True) if attempt.is_mapped else None
        if entry.state == ABOUT_TO_SEND:
            assert entry.since is not None
            assert entry.until is not None
            signed_by = entry.signed_at or entry.until + MAX_QUEUED
            return InDoubt(entry.since, entry.until, entry.out_id, entry.is_complete, signed_by)
        if entry.state is not None:
            return None
        if attempt.number < 2:
            # Positions that were not in the list when it was mapped first may have a message that others have sent.
            return self._unrecorded(by_position=True) if attempt.is_mapped and attempt.was_cleared else None
        # An entry may be gone once a run was cleared: entries expire, may be set to vanish with success, and older
        # Airflow has none. In a run that was never cleared, an entry is missing because no attempt got as far as to
        # write one; but not every clear of a task counts as one of its run.
        if self._store is not None and not attempt.was_cleared and not _entries_vanish_with_success():
            return None
        return self._unrecorded(by_position=False)

    def _unrecorded(self, *, by_position: bool) -> InDoubt:
        # Airflow dates a cleared run anew: what other positions sent, they sent before.
        attempt = self._attempt
        since = attempt.run_after if attempt.was_cleared else attempt.run_started or attempt.run_after
        assert since is not None  # a task that runs again has a run
        until = min(attempt.run_started or attempt.began, attempt.began) if by_position else attempt.began
        return InDoubt(since, until, None, is_complete=False, by_position=by_position)

    def _refuse_if_superseded(self) -> None:
        """Refuse to go on if a later attempt has written an entry since this one has read it: this one was paused."""
        if self._store is not None and JournalEntry.read(self._store.get(KEY)).attempt > self._attempt.number:
            raise DysmsTaskFailed(
                "A later attempt of this task has begun to send; this one was paused, and sends nothing"
            )

    def _positions(self) -> int | None:
        """Return how many positions the mapped task has; ``None`` if it is not mapped, or Airflow does not tell."""
        attempt = self._attempt
        if not attempt.is_mapped or self._store is None or attempt.count_positions is None:
            return None
        try:
            return attempt.count_positions()
        except Exception as error:
            log.warning("Airflow did not tell how many positions the mapped task has: %s", type(error).__name__)
            return None

    def _write(self, **entry: Any) -> None:
        if self._store is not None:
            about = {
                name: next(iter(digests), None)
                for name, digests in (("recipients", self._digests.recipients), ("content", self._digests.content))
            }
            self._store.set(KEY, {**about, "try": self._attempt.number, **entry})

    def _write_if_possible(self, **entry: Any) -> None:
        """Record what has happened already: without the entry, a later attempt asks the service."""
        try:
            self._write(**entry)
        except Exception as error:
            log.warning("Airflow did not store the outcome of the send: %s", type(error).__name__)


def _entries_vanish_with_success() -> bool:
    return bool(conf.getboolean("state_store", "clear_on_success", fallback=False))
