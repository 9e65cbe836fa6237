"""A part of what `make crash` does: erasures and expiries that are killed, under the eyes of two readers."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest
from support.crash.forgetting import KINDS, Forgetting, ForgettingEnumeration
from support.crash.lanes import Lane
from support.crash.places import Folder, S3Server
from support.crash.reports import Report


@pytest.fixture
def on_disk(s3_and_lane: tuple[S3Server, Lane], report: Report, tmp_path: Path) -> Forgetting:
    lane, places = s3_and_lane[1], itertools.count()
    root = lane.folder / tmp_path.name
    return Forgetting(lane, lambda: Folder(root / f"forget-{next(places)}"), report, days=4)


def some(enumeration: ForgettingEnumeration, count: int) -> list[Any]:
    """Return some of the kills, evenly spread."""
    faults = enumeration.faults()
    return faults[:: max(1, len(faults) // count)]


@pytest.mark.parametrize("kind", KINDS)
def test_work_that_is_killed_at_a_call_is_finished_by_a_second_run(
    on_disk: Forgetting, report: Report, kind: str
) -> None:
    enumeration = on_disk.enumerated(kind)
    on_disk.disturb(enumeration, some(enumeration, 12))
    assert report.problems == [], "\n".join(sentence for _, sentence in report.problems)
    assert report.counts[f"kills of {kind}"] >= 12
    assert report.counts["looks"] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_run_goes_on_from_what_a_kill_leaves(on_disk: Forgetting, report: Report, kind: str) -> None:
    enumeration = on_disk.enumerated(kind, with_states=True)
    on_disk.compare(enumeration, some(enumeration, 12))
    on_disk.resume(enumeration, enumeration.states[:: max(1, len(enumeration.states) // 12)])
    assert report.problems == [], "\n".join(sentence for _, sentence in report.problems)
    assert report.counts[f"states of {enumeration.title}"] >= 7
    assert report.counts[f"states of {enumeration.title} that real kills left"] >= 12


def test_null_control_a_state_that_a_kill_does_not_leave_is_found(on_disk: Forgetting, report: Report) -> None:
    enumeration = on_disk.enumerated("erase", with_states=True)
    last = len(enumeration.states) - 1
    wrong = [(at, enumeration.states[last - place][1]) for place, (at, _) in enumerate(enumeration.states)]
    on_disk.compare(dataclasses.replace(enumeration, states=[enumeration.states[0], *wrong]), some(enumeration, 3))
    assert "different" in report.counts


@pytest.mark.parametrize("kind", KINDS)
def test_work_on_s3_that_is_killed_is_finished_by_a_second_run(
    s3_and_lane: tuple[S3Server, Lane], report: Report, kind: str
) -> None:
    s3, lane = s3_and_lane
    on_s3 = Forgetting(lane, s3.new_bucket, report, days=2)
    enumeration = on_s3.enumerated(kind)
    on_s3.disturb(enumeration, some(enumeration, 4))
    assert report.problems == [], "\n".join(sentence for _, sentence in report.problems)
    assert report.counts[f"kills of {kind}"] >= 4
