"""One emulator, one S3 server and one process that forks victims, for all tests of this folder."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.crash.lanes import Lane
from support.crash.places import Folder, S3Server
from support.crash.reports import Report
from support.crash.trials import Trials


@pytest.fixture(scope="session")
def s3_and_lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[S3Server, Lane]]:
    with S3Server() as s3, Lane(tmp_path_factory.mktemp("crash") / "lane", s3.connection) as lane:
        yield s3, lane


@pytest.fixture
def report() -> Report:
    return Report()


@pytest.fixture
def on_disk(s3_and_lane: tuple[S3Server, Lane], report: Report, tmp_path: Path) -> Trials:
    """Trials in folders."""
    lane, places = s3_and_lane[1], itertools.count()
    # Below the lane's folder: only there calls are boundaries.
    root = lane.folder / tmp_path.name
    return Trials(lane, lambda: Folder(root / f"out-{next(places)}"), report)


@pytest.fixture
def on_s3(s3_and_lane: tuple[S3Server, Lane], report: Report) -> Trials:
    """Trials in a bucket."""
    s3, lane = s3_and_lane
    return Trials(lane, s3.new_bucket, report)


@pytest.fixture
def kills(report: Report) -> Callable[[int], Callable[[], bool]]:
    """Says whether more kills are wanted."""
    return lambda many: lambda: report.counts["kills"] < many
