"""A part of what `make crash` does: erasures and expiries that are killed, under the eyes of two readers."""

from __future__ import annotations

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
def test_work_on_s3_that_is_killed_is_finished_by_a_second_run(
    s3_and_lane: tuple[S3Server, Lane], report: Report, kind: str
) -> None:
    s3, lane = s3_and_lane
    on_s3 = Forgetting(lane, s3.new_bucket, report, days=2)
    enumeration = on_s3.enumerated(kind)
    on_s3.disturb(enumeration, some(enumeration, 4))
    assert report.problems == [], "\n".join(sentence for _, sentence in report.problems)
    assert report.counts[f"kills of {kind}"] >= 4
