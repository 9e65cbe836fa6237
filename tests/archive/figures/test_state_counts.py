"""Numbers of messages by state, and the shares that follow from them."""

from __future__ import annotations

from airflow_provider_dysms.archive.figures.state_counts import StateCounts


def test_each_share_has_its_own_base() -> None:
    counts = StateCounts.of(
        {"delivered": 90, "failed": 4, "waiting": 3, "expired": 1, "missing": 2, "unlogged": 7, "rejected": 5}
    )
    assert (counts.recorded, counts.known, counts.sent) == (98, 95, 100)
    assert counts.delivered_share == 0.9
    assert StateCounts().delivered_share is None


def test_states_that_are_not_known_or_not_numbers_are_left_out() -> None:
    assert StateCounts.of({"delivered": 1, "teleported": 4, "failed": "many", "waiting": True}) == StateCounts(1)


def test_counts_are_told_state_by_state() -> None:
    assert StateCounts(4, missing=4).as_dict()["missing"] == 4
