"""The stored form of a wait is small, private, and readable by another release."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet

from airflow_provider_dysms.model.delivery import State, describe
from airflow_provider_dysms.model.reports import Report
from airflow_provider_dysms.waits.serialization import WaitResult, WaitSpec, pack, unpack
from airflow_provider_dysms.waits.wait import Certainty

SENT, RECEIVED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 15, tzinfo=UTC)
REPORTS = {
    0: Report(describe(State.DELIVERED, "DELIVERED"), "DELIVERED", SENT, RECEIVED),
    2: Report(describe(State.FAILED, "MK:0001"), "MK:0001", SENT, None),
    3: Report(describe(State.EXPIRED, None)),
}
SPEC = WaitSpec(digest="d", count=4, needed=3, started_at=100.0, asked_at=101.5, deadline=500.0, known=pack(REPORTS))


def test_reports_come_back_as_they_were() -> None:
    assert unpack(pack(REPORTS)) == REPORTS
    assert unpack(pack({})) == {}


def test_a_plan_comes_back_as_it_was_through_json() -> None:
    assert WaitSpec.restore(json.loads(json.dumps(SPEC.stored()))) == SPEC
    wait = SPEC.restore_wait()
    assert wait.known_reports() == REPORTS
    assert (wait.next_due, wait.decision) == (111.5, Certainty.LOST)


def test_a_plan_of_a_later_release_is_read_for_what_is_known_of_it() -> None:
    assert WaitSpec.restore({**SPEC.stored(), "version": 9, "colour": "red"}).count == 4


def test_a_plan_of_an_earlier_release_gets_the_defaults() -> None:
    needed = ("digest", "count", "needed", "started_at", "asked_at", "deadline")
    spec = WaitSpec.restore({name: SPEC.stored()[name] for name in needed})
    assert (spec.limit, spec.poke_interval, spec.known) == ("timeout", 10.0, "")


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"digest": "d"},
        {**SPEC.stored(), "needed": 0},
        {**SPEC.stored(), "needed": 9},
        {**SPEC.stored(), "deadline": "x"},
    ],
)
def test_what_is_no_plan_is_a_value_error(stored: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="stored wait"):
        WaitSpec.restore(stored)


@pytest.mark.parametrize("packed", ["!", "AAAA", "eJw=", pack(REPORTS)[:-8]])
def test_what_is_no_report_list_is_a_value_error(packed: str) -> None:
    with pytest.raises(ValueError, match="stored reports"):
        unpack(packed)


def test_an_ending_comes_back_as_it_was_through_json() -> None:
    result = WaitResult(digest="d", ended="timeout", reports=REPORTS, absent=frozenset({1}), error=None)
    assert WaitResult.restore(json.loads(json.dumps(result.payload()))) == result
    assert WaitResult.restore({**result.payload(), "version": 9, "colour": "red"}) == result


@pytest.mark.parametrize("payload", [None, "success", [], {}, {"digest": 1, "ended": "timeout"}, {"digest": "d"}])
def test_what_is_no_ending_is_a_value_error(payload: object) -> None:
    with pytest.raises(ValueError, match="event"):
        WaitResult.restore(payload)


def test_a_wait_for_a_thousand_messages_fits_the_smallest_database() -> None:
    known = {
        place: Report(
            describe(State.DELIVERED, "DELIVERED"), "DELIVERED", SENT, datetime.fromtimestamp(1.8e9 + place * 37, UTC)
        )
        for place in range(1000)
    }
    ids = [f"{1_800_000_000_000 + place * 7919:018d}" for place in range(1000)]
    stored = json.dumps(
        {"message_ids": ids, **WaitSpec(**{**SPEC.stored(), "count": 1000, "known": pack(known)}).stored()}
    )
    assert len(Fernet(Fernet.generate_key()).encrypt(stored.encode())) < 64_000
