"""The short form of `make chaos`: one seed, few days, waits and sends, and each kind of disturbance at least once."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.chaos.monkey import PROCESS_KINDS
from support.chaos.run import run
from support.chaos.scenario import Scenario

pytestmark = pytest.mark.chaos

SCENARIO = Scenario(seed=1, minutes=6, days=5, messages=600, waits=24, sends=10)


def test_nothing_is_wrong_lost_or_sent_twice_under_fire(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with capfd.disabled():
        report = run(SCENARIO, tmp_path / "chaos", print)
        print("\n".join(["", *report.lines()]))
    assert report.problems == []
    assert {f"{what} {part}" for what, part in PROCESS_KINDS} <= set(report.disturbances)
    assert report.faults.total() > 0
    assert report.triggerers >= 2
