"""Whatever comes over the wire: the rows of an honest service, or the right error; in time, and without a spin."""

from __future__ import annotations

import pytest
from support.conformance.cases import Case, Play, table
from support.conformance.outcomes import End

CASES = list(table())
#: Number of them that every run of the tests plays.
FEW = 64
QUICK = [case for case in CASES if case.is_quick]
SAMPLE = {case.name for case in QUICK[:: max(1, len(QUICK) // FEW)]}


def marked(case: Case) -> object:
    return pytest.param(case, id=case.name, marks=() if case.name in SAMPLE else pytest.mark.conformance)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_an_answer_is_right_or_refused(play: Play, case: Case) -> None:
    played = play.played[case.name]
    assert played.wait() in (End.EXACT, End.REFUSED, End.BELIEVED), played.why


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 300
