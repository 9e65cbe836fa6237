"""No second has more requests than the rate, unused time is lost, and a throttled response slows all requests down."""

from __future__ import annotations

import heapq
import itertools
import random
import uuid
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.api.rate_limiter import (
    BATCH_INTERVAL,
    BURST_SHARE,
    INITIAL_PAUSE,
    MAX_PAUSE,
    PAUSE_FACTOR,
    POLL_INTERVAL,
    RECOVERY_TIME,
    STOPPED_FACTOR,
    THROTTLED_FACTOR,
    RateLimiter,
    shared_rate_limiter,
)

#: Of a rate of 1,000, the part that is not reserved for a burst.
RATE = 969


def granted(
    limiter: RateLimiter, *, seconds: float, start: float = 100.0, stalls: float = 0.0, seed: int = 1
) -> list[float]:
    """Acquire as much as possible for a while, on a simulated clock that sometimes jumps, as if the task woke late."""
    rng = random.Random(seed)
    now, grants = start, []
    while now < start + seconds:
        wait = limiter.try_acquire(now)
        if wait:
            now += wait + (rng.random() * 0.3 if rng.random() < stalls else 0.0)
        else:
            grants.append(now)
            now += 1e-6
    return grants


def next_grant(limiter: RateLimiter, now: float) -> float:
    """Acquire the next request; return when it was granted."""
    while wait := limiter.try_acquire(now):
        now += wait
    return now


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
    grants = granted(RateLimiter(per_second), seconds=10, stalls=stalls)
    assert worst_second(grants) <= per_second
    if per_second >= 100:
        assert worst_second(grants) < per_second  # one may be written later than it was granted
    if per_second >= 100 and not stalls:
        assert len(grants) >= 0.95 * per_second * 10


@pytest.mark.parametrize("per_second", [0.3, 0.5, 1, 1.5, 2, 20, 120])
def test_a_throttled_answer_never_brings_the_next_request_forward(per_second: float) -> None:
    limiter, now, grants = RateLimiter(per_second), 0.0, []
    rng = random.Random(7)
    while now < 300:
        wait = limiter.try_acquire(now)
        if wait:
            now += wait
            continue
        grants.append(now)
        if rng.random() < 0.3:
            limiter.record_throttle(now + rng.random() / 10, now)
    assert worst_second(grants) <= max(1, per_second)


@given(
    per_second=st.sampled_from([0.5, 2.0, 20.0, 120.0, 300.0]),
    answers=st.lists(st.tuples(st.sampled_from(["ok", "throttled", "lost"]), st.floats(0, 3)), min_size=1, max_size=20),
)
def test_no_second_exceeds_the_budget_whatever_is_answered_and_when(
    per_second: float, answers: list[tuple[str, float]]
) -> None:
    story = itertools.cycle(answers)

    def answer(_: float) -> tuple[str, float]:
        return next(story)

    grants = [left for left, _ in played(RateLimiter(per_second), answer, seconds=12)]
    assert worst_second(grants) <= max(1, per_second)


@pytest.mark.parametrize("per_second", [0.5, 1, 2, 5, 7.6, 20, 50, 75, 120, 300, 5000])
def test_whoever_wakes_up_a_little_late_every_time_still_uses_nearly_all_of_it(per_second: float) -> None:
    limiter, now, grants = RateLimiter(per_second), 0.0, []
    while now < 60:
        wait = limiter.try_acquire(now)
        if wait:
            now += wait + 0.0015
        else:
            grants.append(now)
            now += 0.00005
    assert worst_second(grants) <= max(per_second, 1)
    assert len(grants) >= 0.92 * (int(per_second) or per_second) * 60


@pytest.mark.parametrize(
    ("per_second", "burst", "pause", "woken"),
    [(100, 4, 1.5 / 96, 1), (300, 10, BATCH_INTERVAL, 2), (5000, 151, BATCH_INTERVAL, 48)],
)
def test_one_wake_serves_several_and_leaves_most_of_a_burst(
    per_second: int, burst: int, pause: float, woken: int
) -> None:
    limiter = RateLimiter(per_second)
    at_once = 0
    while not (wait := limiter.try_acquire(0.0)):
        at_once += 1
    assert at_once == pytest.approx(burst, abs=1)
    assert wait == pytest.approx(min(pause, BATCH_INTERVAL), rel=0.05)
    at_once = 0
    while not limiter.try_acquire(wait + 1e-9):
        at_once += 1
    assert at_once == pytest.approx(woken, abs=1)


@pytest.mark.parametrize("per_second", [1, 5, 20, 75, 300])
def test_a_request_that_leaves_later_than_it_was_granted_counts_from_there(per_second: int) -> None:
    """A machine that stops just then serves all that is due when it goes on."""
    limiter, now, left = RateLimiter(per_second), 0.0, list[float]()
    while now < 20:
        wait = limiter.try_acquire(now)
        if wait:
            now += wait
            continue
        if len(left) % (2 * per_second) == per_second:
            now += 0.2
        limiter.record_dispatch(now)
        left.append(now)
        now += 1e-6
    assert worst_second(left) <= per_second


def test_a_share_below_one_a_second_is_spaced_out() -> None:
    grants = granted(RateLimiter(0.5), seconds=60)
    assert min(later - earlier for earlier, later in itertools.pairwise(grants)) > 2


@pytest.mark.parametrize("per_second", [50, 100, 300, 1000, 2000, 5000])
def test_a_second_that_begins_with_a_burst_has_room_for_one_more_request(per_second: int) -> None:
    limiter, now, grants = RateLimiter(per_second), 0.0, 0
    while now < 1:
        if limiter.try_acquire(now):
            now += 1e-5  # as if every request left exactly when it is due
        else:
            grants += 1
    assert 0.95 * per_second <= grants < per_second


def test_idle_time_is_lost_and_not_made_up_for() -> None:
    limiter = RateLimiter(100)
    assert limiter.try_acquire(0.0) == 0
    at_once = 0
    while limiter.try_acquire(1000.0) == 0:
        at_once += 1
    assert at_once <= 1 + BURST_SHARE * 100


def test_a_throttled_answer_stops_everybody_and_a_burst_does_not_follow() -> None:
    limiter = RateLimiter(1000)
    assert limiter.try_acquire(0.0) == 0
    limiter.record_throttle(0.01, 0.0)
    opened = next_grant(limiter, 0.1)
    assert opened == pytest.approx(INITIAL_PAUSE + 0.01)
    limiter.record_response(opened)
    at_once = 0
    while limiter.try_acquire(opened) == 0:
        at_once += 1
    assert at_once <= 1


def test_after_the_pause_one_request_leaves_and_everybody_waits_for_its_answer() -> None:
    limiter = RateLimiter(1000)
    limiter.record_throttle(0.0, -0.1)
    assert limiter.try_acquire(INITIAL_PAUSE) == 0
    for late in (0.001, 0.2, 0.9):
        assert 0 < limiter.try_acquire(INITIAL_PAUSE + late) <= POLL_INTERVAL
    limiter.record_response(INITIAL_PAUSE)
    assert limiter.try_acquire(INITIAL_PAUSE + 0.91) == 0
    assert limiter.try_acquire(INITIAL_PAUSE + 0.92) == 0


def test_where_that_answer_never_comes_another_request_leaves() -> None:
    limiter = RateLimiter(1000)
    limiter.record_throttle(0.0, -0.1)
    assert limiter.try_acquire(INITIAL_PAUSE) == 0
    assert limiter.try_acquire(1.99 * INITIAL_PAUSE) > 0
    assert limiter.try_acquire(2 * INITIAL_PAUSE) == 0
    assert limiter.try_acquire(2.01 * INITIAL_PAUSE) > 0


def test_answers_to_requests_that_left_before_the_pause_change_nothing() -> None:
    limiter = RateLimiter(1000)
    for _ in range(64):
        limiter.record_throttle(0.1, 0.0)
    limiter.record_response(0.0)
    opened = next_grant(limiter, 0.2)
    assert opened == pytest.approx(INITIAL_PAUSE + 0.1)
    limiter.record_throttle(opened + 0.1, 0.0)
    limiter.record_response(0.0)
    assert 0 < limiter.try_acquire(opened + 0.1) <= POLL_INTERVAL
    limiter.record_response(opened)
    limiter.record_throttle(opened + 0.2, 0.0)
    assert limiter.try_acquire(opened + 0.2) == 0


@pytest.mark.parametrize("is_refusal_told_first", [True, False])
def test_one_refusal_among_answers_lowers_the_rate_and_stops_nobody(is_refusal_told_first: bool) -> None:
    limiter = RateLimiter(1000)
    if is_refusal_told_first:
        limiter.record_throttle(0.021, 0.001)
        assert limiter.try_acquire(0.021) > 0
        limiter.record_response(0.002)
    else:
        limiter.record_response(0.002)
        limiter.record_throttle(0.021, 0.001)
    assert len(granted(limiter, start=0.022, seconds=1)) == pytest.approx((THROTTLED_FACTOR + 0.05) * RATE, rel=0.05)


def test_refusals_of_one_flight_lower_the_rate_once() -> None:
    limiter = RateLimiter(1000)
    limiter.record_response(0.005)
    for left in (0.001, 0.002, 0.003):
        limiter.record_throttle(0.021, left)
    assert len(granted(limiter, start=0.022, seconds=1)) == pytest.approx((THROTTLED_FACTOR + 0.05) * RATE, rel=0.05)


def test_an_answer_opens_only_if_nothing_that_left_later_was_refused() -> None:
    limiter = RateLimiter(1000)
    limiter.record_throttle(0.021, 0.001)
    limiter.record_throttle(0.022, 0.003)
    limiter.record_response(0.002)
    assert limiter.try_acquire(0.1) > 0
    limiter.record_response(0.004)
    assert limiter.try_acquire(0.1) == 0


def test_of_two_that_left_at_one_instant_a_refusal_counts_as_the_later() -> None:
    limiter = RateLimiter(1000)
    limiter.record_response(0.5)
    limiter.record_throttle(0.52, 0.5)
    assert next_grant(limiter, 0.52) == pytest.approx(0.52 + INITIAL_PAUSE)


def test_what_left_when_the_doors_were_shut_neither_lengthens_the_pause_nor_lowers_the_rate() -> None:
    limiter = RateLimiter(1000)
    limiter.record_throttle(1.0, 0.5)
    limiter.record_throttle(1.1, 1.0)
    assert next_grant(limiter, 1.1) == pytest.approx(1.0 + INITIAL_PAUSE)
    limiter = RateLimiter(1000)
    limiter.record_throttle(1.0, 0.5)
    limiter.record_response(1.0)
    assert len(granted(limiter, start=1.0, seconds=1)) == pytest.approx((THROTTLED_FACTOR + 0.05) * RATE, rel=0.03)


def test_what_left_when_the_rate_was_lowered_does_not_lower_it_again() -> None:
    limiter = RateLimiter(1000)
    limiter.record_response(2.0)
    limiter.record_throttle(1.0, 0.5)
    limiter.record_throttle(1.02, 1.0)
    assert len(granted(limiter, start=1.02, seconds=1)) == pytest.approx((THROTTLED_FACTOR + 0.05) * RATE, rel=0.03)


def test_a_wish_of_the_service_is_followed_although_others_are_answered() -> None:
    limiter = RateLimiter(1000)
    limiter.record_response(0.002)
    limiter.record_throttle(0.021, 0.001, 3.0)
    limiter.record_response(0.003)
    assert next_grant(limiter, 0.021) == pytest.approx(3.021)


def test_pauses_grow_while_nothing_is_answered_and_have_an_end() -> None:
    limiter, now, left, pauses = RateLimiter(1000), 0.0, -0.1, []
    for _ in range(12):
        limiter.record_throttle(now, left)
        left = next_grant(limiter, now)
        pauses.append(left - now)
        now = left + 0.02
    assert pauses[:3] == pytest.approx([INITIAL_PAUSE, PAUSE_FACTOR * INITIAL_PAUSE, PAUSE_FACTOR**2 * INITIAL_PAUSE])
    assert pauses[-1] == pytest.approx(MAX_PAUSE)
    limiter.record_response(left)
    limiter.record_throttle(now, left + 0.01)
    assert next_grant(limiter, now) == pytest.approx(now + INITIAL_PAUSE)


def test_after_a_stop_the_rate_is_lowered_once_and_grows_back() -> None:
    limiter = RateLimiter(1000)
    limiter.record_throttle(0.0, -0.1)
    assert limiter.try_acquire(INITIAL_PAUSE) == 0
    limiter.record_throttle(INITIAL_PAUSE, INITIAL_PAUSE)
    start = INITIAL_PAUSE * (1 + PAUSE_FACTOR)
    assert limiter.try_acquire(start) == 0
    limiter.record_response(start)

    def rate(now: float) -> float:
        while not limiter.try_acquire(now):
            pass
        return len(granted(limiter, seconds=0.3, start=now)) / 0.3

    assert rate(start + 0.1) == pytest.approx(THROTTLED_FACTOR * STOPPED_FACTOR * RATE, rel=0.05)
    assert rate(start + RECOVERY_TIME / 10) == pytest.approx((THROTTLED_FACTOR * STOPPED_FACTOR + 0.1) * RATE, rel=0.05)
    assert len(granted(limiter, seconds=10)) >= 0.95 * 10_000


def played(
    limiter: RateLimiter, answer: Callable[[float], tuple[str, float]], *, seconds: float, start: float = 100.0
) -> list[tuple[float, str]]:
    """Send every granted request to a simulated service; return when each left, and its outcome.

    :param answer: takes the time when a request arrives; returns ``ok``, ``throttled`` or ``lost``, and after how many
        seconds
    """
    now, sent = start, list[tuple[float, str]]()
    flying: list[tuple[float, float, str]] = []
    while now < start + seconds:
        wait = limiter.try_acquire(now)
        if wait:
            now = min([now + wait, *(when for when, _, _ in flying[:1])])
        else:
            what, delay = answer(now)
            sent.append((now, what))
            heapq.heappush(flying, (now + delay, now, what))
            now += 1e-6
        while flying and flying[0][0] <= now:
            when, left, what = heapq.heappop(flying)
            if what == "ok":
                limiter.record_response(left)
            elif what == "throttled":
                limiter.record_throttle(when, left)
    return sent


def test_a_service_that_gives_half_is_followed_without_starving() -> None:
    """Requests beyond 500 in a second of the clock are throttled, although the rate is 1,000."""
    second, count = 0, 0

    def answer(now: float) -> tuple[str, float]:
        nonlocal second, count
        if int(now) != second:
            second, count = int(now), 0
        count += 1
        return "throttled" if count > 500 else "ok", 0.02

    answers = [what for _, what in played(RateLimiter(1000), answer, seconds=60)]
    assert answers.count("ok") > 0.6 * 500 * 60
    assert answers.count("throttled") < 0.02 * answers.count("ok")


@pytest.mark.parametrize("given_per_second", [150, 270])
def test_a_service_that_counts_any_second_is_followed_closely(given_per_second: int) -> None:
    admitted: deque[float] = deque()

    def answer(now: float) -> tuple[str, float]:
        while admitted and admitted[0] <= now - 1:
            admitted.popleft()
        if len(admitted) >= given_per_second:
            return "throttled", 0.02
        admitted.append(now)
        return "ok", 0.02

    answers = [what for _, what in played(RateLimiter(300), answer, seconds=60)]
    assert answers.count("ok") > 0.85 * given_per_second * 60
    assert answers.count("throttled") < 0.02 * answers.count("ok")


def test_a_stray_refusal_costs_little() -> None:
    """Requests that were evenly spaced arrive in a bunch now and then."""
    arrivals = itertools.count(1)

    def answer(_: float) -> tuple[str, float]:
        return "ok" if next(arrivals) % 2000 else "throttled", 0.02

    assert len(played(RateLimiter(300), answer, seconds=60)) > 0.97 * 0.96 * 300 * 60


@pytest.mark.parametrize("start", [100.0, 100.3, 100.9, 100.985, 100.999, 101.0, 101.5, 101.98, 101.985, 101.999])
@pytest.mark.parametrize("per_second", [120, 300, 5000])
def test_a_service_that_refuses_everything_in_every_other_second_gets_few_useless_requests(
    per_second: int, start: float
) -> None:
    def answer(now: float) -> tuple[str, float]:
        return "throttled" if int(now) % 2 else "ok", 0.02

    sent = played(RateLimiter(per_second), answer, seconds=60, start=start)
    let_through = [left for left, what in sent if what == "ok"]
    assert len(sent) <= 1.1 * len(let_through)
    assert max(later - earlier for earlier, later in itertools.pairwise(let_through)) < 3  # it never starves


@pytest.mark.parametrize(("wish", "pause"), [(2.0, 2.0), (0.0, INITIAL_PAUSE), (-1.0, INITIAL_PAUSE), (1e9, MAX_PAUSE)])
def test_the_services_wish_is_followed_within_reason(wish: float, pause: float) -> None:
    limiter = RateLimiter(1000)
    limiter.record_throttle(0.0, -0.1, wish)
    assert next_grant(limiter, 0.0) == pytest.approx(pause)


def test_a_budget_belongs_to_the_identity_and_the_action() -> None:
    login = uuid.uuid4().hex  # budgets are the process's
    one = shared_rate_limiter("host", login, "QueryMessage", 10)
    assert one.per_second == 10
    assert shared_rate_limiter("host", login, "QueryMessage", 10) is one
    assert shared_rate_limiter("host", login, "QuerySendDetails", 10) is not one
    assert shared_rate_limiter("other", login, "QueryMessage", 10) is not one
    assert shared_rate_limiter("host", f"{login}2", "QueryMessage", 10) is not one
    assert shared_rate_limiter("host", login, "QueryMessage", 20) is one
    assert one.per_second == 20
