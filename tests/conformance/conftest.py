"""Plays the selected cases side by side, and counts how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from cases import Case, Play
from outcomes import End

PLAY = pytest.StashKey[Play]()


@pytest.fixture(scope="session")
def play(request: pytest.FixtureRequest) -> Iterator[Play]:
    """Every case that is selected, being played."""
    selected = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    with Play([case for case in selected if isinstance(case, Case)]) as playing:
        request.config.stash[PLAY] = playing
        yield playing


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say the counts last, behind pytest's own."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or (playing := config.stash.get(PLAY, None)) is None:
        return
    counts = Counter(each.end for each in playing.played.values())
    always = (End.EXACT, End.REFUSED, End.SILENT, End.HUNG, End.SPUN, End.TWICE)
    said = [f"{counts[end]} {end}" for end in End if end in always or counts[end]]
    terminal.write_line(f"conformance: {len(playing.played)} cases: {', '.join(said)}")
