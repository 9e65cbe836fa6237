"""The plan of `make chaos`: equal for equal seeds, undone in time, and with every kind of disturbance."""

from __future__ import annotations

from itertools import pairwise

from support.chaos.monkey import PROCESS_KINDS, SERVICE_KINDS, plan
from support.chaos.scenario import HEARTBEAT_TIMEOUTS

SECONDS = 1_800.0


def test_equal_seeds_give_equal_plans_and_others_do_not() -> None:
    assert plan(1, SECONDS) == plan(1, SECONDS)
    assert plan(1, SECONDS) != plan(2, SECONDS)


def test_everything_is_undone_in_time_and_one_process_is_disturbed_at_a_time() -> None:
    for seed in range(20):
        disturbances = plan(seed, SECONDS)
        assert max(each.end for each in disturbances) <= SECONDS
        for lane in ([each for each in disturbances if (each.part is None) == service] for service in (True, False)):
            assert all(first.end < second.at for first, second in pairwise(lane))


def test_thirty_minutes_have_every_kind_several_times_and_pauses_on_both_sides_of_the_timeout() -> None:
    for seed in range(20):
        disturbances = plan(seed, SECONDS)
        titles = [each.title for each in disturbances]
        expected = [f"{what} {part}" for what, part in PROCESS_KINDS] + list(SERVICE_KINDS)
        assert min(titles.count(title) for title in expected) >= 3
        pauses = [each.seconds for each in disturbances if each.title == "pause worker"]
        assert min(pauses) < HEARTBEAT_TIMEOUTS["task"] < max(pauses) or len(pauses) < 6
