"""A part of what `make crash` does: tries of sends that are paused or killed, while later ones run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.crash.reports import Report
from support.crash.sends import KINDS, Sends

#: The step after which a try has made up its mind, and not sent yet.
SIGNED = "after signing"


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sends]:
    """An emulator and a process that holds Airflow, for all tests of this file; each send is a run of its own."""
    with Sends(tmp_path_factory.mktemp("crash") / "sends", Report()) as running:
        yield running


@pytest.fixture
def sends(sending: Sends, report: Report) -> Sends:
    sending.report = report
    return sending


def at(names: list[str], *steps: str) -> list[int]:
    """Return the last place of each step."""
    return [len(names) - 1 - names[::-1].index(step) for step in steps]


def faults(kind: str, places: list[int]) -> list[dict[str, Any]]:
    return [{"at": place, "kind": kind} for place in places]


@pytest.mark.parametrize("kind", KINDS)
def test_a_send_that_is_paused_before_it_leaves_reaches_nobody_twice(sends: Sends, report: Report, kind: str) -> None:
    enumeration = sends.enumerated(kind)
    sends.disturb(enumeration, faults("pause", at(enumeration.names, SIGNED)))
    assert report.problems == []
    assert report.counts["pauses of sends"] == 1


def test_a_send_that_is_paused_anywhere_else_or_killed_reaches_everybody_once(sends: Sends, report: Report) -> None:
    enumeration = sends.enumerated("an SMS")
    steps = ("after reading the note", "before taking a connection", "after writing to the socket")
    sends.disturb(enumeration, faults("pause", at(enumeration.names, *steps)))
    sends.disturb(enumeration, faults("kill", at(enumeration.names, SIGNED)))
    assert report.problems == []


def test_null_control_one_look_without_a_wait_sends_twice(sends: Sends, report: Report) -> None:
    enumeration = sends.enumerated("an SMS")
    sends.disturb(enumeration, faults("pause", at(enumeration.names, SIGNED)), naive=True)
    assert [kind for kind, _ in report.problems] == ["twice"]
