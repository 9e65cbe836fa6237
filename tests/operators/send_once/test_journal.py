"""The journal tells a later attempt what the earlier ones did, as far as Airflow keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dysms.exceptions import DysmsSendUncertain, DysmsTaskFailed
from airflow_provider_dysms.model.errors import DysmsRefused, DysmsTransportError
from airflow_provider_dysms.operators.send_once.journal import InDoubt, SendJournal
from airflow_provider_dysms.operators.send_once.journal_entry import Digests
from airflow_provider_dysms.operators.send_once.task_attempt import TaskAttempt

OURS = Digests(("whom",), ("what",))
SENT = {"kind": "sms", "send_date": "2025-06-01", "out_id": "mine"}

Attempt = Callable[..., TaskAttempt]


def send(journal: SendJournal, run: Callable[[], dict[str, Any]], *, dispatched: bool = True) -> dict[str, Any]:
    def dispatch(_: object) -> dict[str, Any]:
        if dispatched:
            journal.record_dispatch()
        return run()

    return journal.send(dispatch, count=1, out_id="mine", remedy="Look.", lifetime=900)


def fails(error: Exception) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        raise error

    return run


def test_a_first_attempt_is_not_in_doubt(attempt: Attempt) -> None:
    for state in (None, {}):
        journal = SendJournal(attempt(1, state), OURS)
        assert (journal.sent, journal.in_doubt, journal.has_changed) == (None, None, False)


def test_a_finished_send_is_returned(attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    assert send(SendJournal(attempt(1, state), OURS), lambda: SENT) == SENT
    later = SendJournal(attempt(2, state), OURS)
    assert (later.sent, later.in_doubt, later.recorded_out_id) == (SENT, None, "mine")


def test_the_stored_entry_has_the_fields_that_other_releases_read(attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    send(SendJournal(attempt(3, state), OURS), lambda: {**SENT, "stored": dict(state["dysms_send"])})
    during = state["dysms_send"]["sent"].pop("stored")
    assert during.keys() == {
        "recipients", "content", "try", "state", "since", "until", "signed_at", "out_id", "noted",
    }  # fmt: skip
    assert (during["state"], during["try"], during["noted"]) == ("about to send", 3, True)
    assert state["dysms_send"].keys() == {"recipients", "content", "try", "state", "sent", "out_id", "positions"}


def test_a_send_that_may_have_executed_is_uncertain_and_leaves_doubt(attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    with pytest.raises(DysmsSendUncertain, match=r"1 message\(s\) with OutId mine may have been sent"):
        send(SendJournal(attempt(1, state), OURS), fails(DysmsTransportError("no response")))
    in_doubt = SendJournal(attempt(2, state), OURS).in_doubt
    assert in_doubt is not None
    assert (in_doubt.out_id, in_doubt.is_complete, in_doubt.by_position) == ("mine", True, False)


@pytest.mark.parametrize(
    ("error", "dispatched"), [(DysmsRefused("no", code="isv.X"), True), (DysmsTransportError("no response"), False)]
)
def test_a_send_that_certainly_failed_leaves_no_doubt(attempt: Attempt, error: Exception, dispatched: bool) -> None:
    state: dict[str, Any] = {}
    with pytest.raises(type(error)):
        send(SendJournal(attempt(1, state), OURS), fails(error), dispatched=dispatched)
    later = SendJournal(attempt(2, state), OURS)
    assert (later.sent, later.in_doubt) == (None, None)


def test_a_later_attempt_without_a_store_is_in_doubt_since_the_run_began(attempt: Attempt) -> None:
    later = attempt(2)
    in_doubt = SendJournal(later, OURS).in_doubt
    assert in_doubt == InDoubt(later.run_started, later.began, None, is_complete=False)


def test_an_empty_store_proves_that_nothing_was_sent_unless_the_run_was_cleared(attempt: Attempt) -> None:
    assert SendJournal(attempt(2, {}), OURS).in_doubt is None
    assert SendJournal(attempt(2, {}, was_cleared=True), OURS).in_doubt is not None


def test_a_new_position_of_a_cleared_map_doubts_the_other_positions(attempt: Attempt) -> None:
    in_doubt = SendJournal(attempt(1, {}, map_index=4, was_cleared=True), OURS).in_doubt
    assert in_doubt is not None
    assert in_doubt.by_position
    assert in_doubt.refused_from(900) == in_doubt.until


def test_an_entry_about_another_message_is_told_apart(attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    send(SendJournal(attempt(1, state), OURS), lambda: SENT)
    for digests, what in (
        (Digests(("others",), ("what",)), "sent to other phone numbers"),
        (Digests(("whom",), ("another",)), "sent another message to the same phone numbers"),
    ):
        later = SendJournal(attempt(2, state), digests)
        assert (later.has_changed, later.sent) == (True, None)
        assert what in str(later.changed())
    assert "Airflow keeps the state of tasks by position" in str(
        SendJournal(attempt(2, state, map_index=1), digests).changed()
    )


def test_a_mapped_task_has_grown_when_airflow_counts_more_positions(attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    send(SendJournal(attempt(1, state, map_index=0, count_positions=lambda: 2), OURS), lambda: SENT)
    for positions, grown in ((2, False), (3, True)):
        later = attempt(2, state, map_index=0, count_positions=lambda positions=positions: positions)
        assert SendJournal(later, OURS).has_grown() is grown


def test_an_attempt_that_was_overtaken_sends_nothing(attempt: Attempt) -> None:
    state: dict[str, Any] = {}
    paused = SendJournal(attempt(1, state), OURS)
    send(SendJournal(attempt(2, state), OURS), lambda: SENT)
    with pytest.raises(DysmsTaskFailed, match="A later attempt of this task has begun to send"):
        send(paused, fails(AssertionError("it was sent")))


def test_a_request_is_refused_after_the_lifetime_of_its_signature() -> None:
    now = datetime.now(UTC)
    in_doubt = InDoubt(now, now, None, is_complete=True, signed_by=now + timedelta(seconds=5))
    assert in_doubt.refused_from(60) == now + timedelta(seconds=65)
