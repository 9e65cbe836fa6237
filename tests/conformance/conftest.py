"""Plays the selected cases side by side, and counts how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from support.conformance.cases import Case, Play
from support.conformance.outcomes import End


@pytest.fixture(scope="session")
def play(request: pytest.FixtureRequest, say_last: Callable[[str], None]) -> Iterator[Play]:
    """Every case that is selected, being played."""
    selected = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    with Play([case for case in selected if isinstance(case, Case)]) as playing:
        yield playing
    counts = Counter(each.end for each in playing.played.values())
    always = (End.EXACT, End.REFUSED, End.SILENT, End.HUNG, End.SPUN, End.TWICE)
    said = [f"{counts[end]} {end}" for end in End if end in always or counts[end]]
    say_last(f"conformance: {len(playing.played)} cases: {', '.join(said)}")
