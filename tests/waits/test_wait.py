"""A wait asks what is due, ends when its outcome is certain, and forgets nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.model.delivery import State, describe
from airflow_provider_dysms.model.reports import MISSING, UNKNOWN, Report
from airflow_provider_dysms.waits.goal import Goal
from airflow_provider_dysms.waits.wait import Certainty, Pace, Wait

DELIVERED, FAILED, WAITING, EXPIRED = (
    Report(describe(state, code))
    for state, code in (
        (State.DELIVERED, "DELIVERED"),
        (State.FAILED, "MK:0001"),
        (State.WAITING, None),
        (State.EXPIRED, None),
    )
)
PACE = Pace(poke_interval=10, max_poke_interval=300, grace_period=60)


def wait(needed: int, count: int, **how: object) -> Wait:
    arguments: dict[str, object] = {"started_at": 0.0, "deadline": 1e6, **how}
    return Wait(Goal(needed, count), PACE, **arguments)  # type: ignore[arg-type]


def test_all_messages_are_due_at_once_when_nobody_asked_before() -> None:
    fresh = wait(3, 3, started_at=100.0)
    assert [fresh.pop_due() for _ in range(3)] == [(100.0, 0), (100.0, 1), (100.0, 2)]
    assert fresh.next_due is None


def test_after_a_first_look_it_sleeps_first() -> None:
    assert wait(1, 1, started_at=100.0, asked_at=101.0).next_due == 111.0


def test_a_wait_that_was_interrupted_is_due_as_if_it_had_not_been() -> None:
    assert wait(1, 1, started_at=0.0, asked_at=1.0).next_due == 11.0  # whatever the time is now


def test_gaps_start_at_seconds_and_grow_to_minutes() -> None:
    one, now, gaps = wait(1, 1), 0.0, []
    while now < 3600:
        _, position = one.pop_due()
        one.record_report(position, WAITING, now)
        assert one.next_due is not None
        gaps.append(one.next_due - now)
        now = one.next_due
    assert gaps[:4] == [10, 10, 10, 10]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 300
    assert len(gaps) < 40


@pytest.mark.parametrize(
    ("needed", "answers", "outcome"),
    [
        (2, [DELIVERED, WAITING], Certainty.OPEN),
        (2, [DELIVERED, DELIVERED], Certainty.REACHED),
        (1, [DELIVERED, WAITING], Certainty.REACHED),
        (1, [FAILED, WAITING], Certainty.OPEN),
        (1, [FAILED, EXPIRED], Certainty.LOST),
        (2, [FAILED, WAITING], Certainty.LOST),
        (2, [EXPIRED, DELIVERED], Certainty.LOST),
        (2, [WAITING, WAITING], Certainty.OPEN),
    ],
)
def test_it_ends_as_soon_as_the_outcome_is_certain(needed: int, answers: list[Report], outcome: Certainty) -> None:
    two = wait(needed, 2)
    for position, report in enumerate(answers):
        two.pop_due()
        two.record_report(position, report, 1.0)
    assert two.decision is outcome


def test_until_all_final_goes_on_until_nothing_is_open() -> None:
    two = wait(1, 2, until_all_final=True)
    two.record_report(0, DELIVERED, 1.0)
    assert two.decision is Certainty.OPEN
    two.record_report(1, FAILED, 2.0)
    assert two.decision is Certainty.REACHED


def test_what_the_service_does_not_know_is_pending_for_the_grace_period_and_then_missing() -> None:
    one = wait(1, 1)
    one.pop_due()
    one.record_report(0, None, 0.0)
    assert (one.decision, one.next_due) == (Certainty.OPEN, 10.0)
    one.pop_due()
    one.record_report(0, None, 55.0)
    assert one.next_due == 60.0, "it is asked at the end of the grace period, not some gap later"
    one.pop_due()
    one.record_report(0, None, 60.0)
    assert one.decision is Certainty.LOST
    assert one.reports == [MISSING]


def test_what_was_seen_once_is_not_missing_because_one_answer_lacks_it() -> None:
    one = wait(1, 1)
    one.record_report(0, WAITING, 1.0)
    one.record_report(0, None, 1000.0)
    assert one.decision is Certainty.OPEN
    assert one.final_reports() == [WAITING]


def test_a_message_that_was_never_seen_ends_as_missing_and_one_never_answered_for_as_waiting() -> None:
    two = wait(2, 2)
    two.record_report(0, None, 1.0)
    two.record_failure(1, 1.0)
    assert [report.state for report in two.final_reports()] == [State.MISSING, State.WAITING]
    assert two.known_reports() == {}
    assert two.absent == {0}


def test_every_open_message_is_asked_a_last_time_at_the_deadline_and_then_no_more() -> None:
    one = wait(1, 1, deadline=25.0)
    dues = []
    while one.next_due is not None:
        due, position = one.pop_due()
        dues.append(due)
        one.record_report(position, WAITING, due)
    assert dues == [0.0, 10.0, 20.0, 25.0]
    assert one.decision is Certainty.OPEN


def test_what_could_not_be_asked_keeps_its_place() -> None:
    two = wait(2, 2)
    due, position = two.pop_due()
    two.requeue(position, due)
    assert two.pop_due() == (due, position)


def test_what_is_known_is_not_asked_again() -> None:
    two = wait(2, 2, known={0: DELIVERED})
    assert two.pop_due()[1] == 1
    assert two.next_due is None
    two.merge({1: DELIVERED, 0: FAILED, 7: FAILED})
    assert two.decision is Certainty.REACHED
    assert two.known_reports() == {0: DELIVERED, 1: DELIVERED}


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([DELIVERED, FAILED, WAITING, EXPIRED, None])), max_size=60),
    st.booleans(),
)
def test_whatever_comes_the_counts_fit_the_reports(
    needed: int, answers: list[tuple[int, Report | None]], until_all_final: bool
) -> None:
    six = wait(needed, 6, until_all_final=until_all_final)
    for step, (position, report) in enumerate(answers):
        if six.reports[position].is_open:
            six.record_report(position, report, step * 7.0)
    states = [report.state for report in six.reports]
    arrived, open_ = states.count(State.DELIVERED), states.count(State.WAITING)
    if until_all_final and open_:
        assert six.decision is Certainty.OPEN
    elif arrived >= needed:
        assert six.decision is Certainty.REACHED
    elif arrived + open_ < needed:
        assert six.decision is Certainty.LOST
    else:
        assert six.decision is Certainty.OPEN
    assert all((report is UNKNOWN) == (place not in six.known_reports()) for place, report in enumerate(six.reports))
