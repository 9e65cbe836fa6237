"""The budget: no second above it, no time made up for, everybody slowed down by a throttled answer."""

from __future__ import annotations

import itertools
import random

import pytest

from airflow_provider_dysms.api.quota import LONGEST_PAUSE, PAUSE, RECOVERY, Budget, budget


def granted(bucket: Budget, *, seconds: float, stalls: float = 0.0, seed: int = 1) -> list[float]:
    """Take whatever can be had for a while, on a clock of our own that sometimes stands still for the taker."""
    rng = random.Random(seed)
    now, grants = 100.0, []
    while now < 100.0 + seconds:
        wait = bucket.take(now)
        if wait:
            now += wait + (rng.random() * 0.3 if rng.random() < stalls else 0.0)
        else:
            grants.append(now)
            now += 1e-6
    return grants


def worst_second(grants: list[float]) -> int:
    first, worst = 0, 0
    for last, instant in enumerate(grants):
        while grants[first] <= instant - 1:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


@pytest.mark.parametrize("per_second", [1, 2, 8, 20, 120, 300, 2000, 5000])
@pytest.mark.parametrize("stalls", [0.0, 0.01])
def test_no_second_exceeds_the_budget_and_most_of_it_is_used(per_second: int, stalls: float) -> None:
    grants = granted(Budget(per_second), seconds=10, stalls=stalls)
    assert worst_second(grants) <= per_second
    if per_second >= 100 and not stalls:
        assert len(grants) >= 0.95 * per_second * 10


@pytest.mark.parametrize("per_second", [0.3, 0.5, 1, 1.5, 2, 20, 120])
def test_a_throttled_answer_never_brings_the_next_request_forward(per_second: float) -> None:
    bucket, now, grants = Budget(per_second), 0.0, []
    rng = random.Random(7)
    while now < 300:
        wait = bucket.take(now)
        if wait:
            now += wait
            continue
        grants.append(now)
        if rng.random() < 0.3:
            bucket.throttled(now + rng.random() / 10)
    assert worst_second(grants) <= max(1, per_second)


def test_a_share_below_one_a_second_is_spaced_out() -> None:
    grants = granted(Budget(0.5), seconds=60)
    assert min(later - earlier for earlier, later in itertools.pairwise(grants)) > 2


def test_idle_time_is_lost_and_not_made_up_for() -> None:
    bucket = Budget(100)
    assert bucket.take(0.0) == 0
    at_once = 0
    while bucket.take(1000.0) == 0:
        at_once += 1
    assert at_once <= 2


def test_a_throttled_answer_stops_everybody_and_a_burst_does_not_follow() -> None:
    bucket = Budget(1000)
    assert bucket.take(0.0) == 0
    bucket.throttled(0.0)
    assert bucket.take(0.1) == pytest.approx(PAUSE - 0.1)
    at_once = 0
    while bucket.take(PAUSE) == 0:
        at_once += 1
    assert at_once <= 1


def test_answers_to_requests_that_left_before_the_pause_do_not_lengthen_it() -> None:
    bucket = Budget(1000)
    for _ in range(64):
        bucket.throttled(0.0)
    assert bucket.take(0.1) == pytest.approx(PAUSE - 0.1)


def test_pauses_double_while_nothing_is_answered_and_have_an_end() -> None:
    bucket, now, pauses = Budget(1000), 0.0, []
    for _ in range(12):
        bucket.throttled(now)
        pauses.append(bucket.take(now))
        now += pauses[-1]
    assert pauses[:3] == pytest.approx([PAUSE, 2 * PAUSE, 4 * PAUSE])
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE)
    bucket.answered()
    bucket.throttled(now)
    assert bucket.take(now) == pytest.approx(PAUSE)


def test_the_rate_is_halved_and_grows_back() -> None:
    bucket = Budget(1000)
    bucket.throttled(0.0)

    def rate(now: float) -> float:
        while not (wait := bucket.take(now)):
            pass
        assert bucket.take(now + wait) == 0
        return 1 / bucket.take(now + wait)

    assert rate(PAUSE) == pytest.approx(490, rel=0.05)
    assert rate(PAUSE + RECOVERY / 4) == pytest.approx(735, rel=0.05)
    assert len(granted(bucket, seconds=10)) >= 0.95 * 10_000


def test_a_service_that_gives_half_is_followed_without_starving() -> None:
    """Whatever exceeds 500 a second is throttled; the budget would be 1,000."""
    bucket, now, answered, throttled, second, count = Budget(1000), 0.0, 0, 0, 0, 0
    while now < 60:
        wait = bucket.take(now)
        if wait:
            now += wait
            continue
        if int(now) != second:
            second, count = int(now), 0
        count += 1
        if count > 500:
            throttled += 1
            bucket.throttled(now)
        else:
            answered += 1
            bucket.answered()
    assert answered > 0.6 * 500 * 60
    assert throttled < 0.01 * answered


@pytest.mark.parametrize(("wish", "pause"), [(2.0, 2.0), (0.0, PAUSE), (-1.0, PAUSE), (1e9, LONGEST_PAUSE)])
def test_the_services_wish_is_followed_within_reason(wish: float, pause: float) -> None:
    bucket = Budget(1000)
    bucket.throttled(0.0, wish)
    assert bucket.take(0.0) == pytest.approx(pause)


def test_a_budget_belongs_to_the_identity_and_the_action() -> None:
    one = budget("host", "login", "QueryMessage", 10)
    assert budget("host", "login", "QueryMessage", 10) is one
    assert budget("host", "login", "QuerySendDetails", 10) is not one
    assert budget("host", "other", "QueryMessage", 10) is not one
    assert budget("host", "login", "QueryMessage", 20).per_second == one.per_second == 20
