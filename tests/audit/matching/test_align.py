"""Two series of instants pair in order: most pairs first, least time second."""

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_dysms.audit.matching.align import align as align_lines
from airflow_provider_dysms.model.errors import DysmsInputError

align = partial(align_lines, where="sent.csv, line 2")
series = st.lists(st.integers(0, 20), max_size=5).map(sorted)


def test_the_nearest_one_by_one_would_be_wrong():
    # Greedily 60 takes 65, which is the nearest, and 100 has nothing left within 10.
    assert align([60, 70], [50, 65], 10) == [(0, 0), (1, 1)]
    assert align([60, 100], [65, 108], 40) == [(0, 0), (1, 1)]
    assert align([0, 9], [8, 18], 10) == [(0, 0), (1, 1)]


def test_of_equally_good_solutions_the_last_stay_alone():
    assert align([5, 5, 5], [5, 5]) == [(0, 0), (1, 1)]
    assert align([5], [5, 5, 5]) == [(0, 0)]
    assert align([5], [4, 6]) == [(0, 0)]


def test_without_a_limit_all_of_the_shorter_series_pair():
    assert align([0, 1000], [990], None) == [(1, 0)]
    assert align([0, 1], [500, 900], None) == [(0, 0), (1, 1)]
    assert align([], [1]) == align([1], []) == []


@given(series, series, st.sampled_from([None, 0, 1, 3, 10]))
@example([0, 9], [8, 18], 10)
@example([0, 5], [0, 4, 5], 1)
def test_no_other_pairing_is_better(ours, theirs, tolerance):
    pairs = align(ours, theirs, tolerance)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    found = (len(pairs), -sum(abs(ours[a] - theirs[b]) for a, b in pairs))
    assert found == best(ours, theirs, tolerance)


def best(ours, theirs, tolerance):
    if not ours or not theirs:
        return 0, 0
    solutions = [best(ours[1:], theirs, tolerance), best(ours, theirs[1:], tolerance)]
    apart = abs(ours[0] - theirs[0])
    if tolerance is None or apart <= tolerance:
        pairs, worth = best(ours[1:], theirs[1:], tolerance)
        solutions.append((pairs + 1, worth - apart))
    return max(solutions)


def test_thousands_of_messages_to_one_number_are_no_trouble():
    ours = list(range(0, 86_400, 18))
    theirs = [second + 3 for second in ours[:-7]]
    assert align(ours, theirs, 600) == [(index, index) for index in range(len(theirs))]


@pytest.mark.parametrize("tolerance", [None, 600])
def test_pairs_that_would_need_gigabytes_are_refused_at_once(tolerance):
    with pytest.raises(DysmsInputError, match=r"10,001 lines with the number and the keys of sent\.csv, line 2"):
        align([0] * 10_001, [0] * 10_000, tolerance)
