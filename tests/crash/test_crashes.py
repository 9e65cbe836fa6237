"""A part of what `make crash` does: exports that die, fail and meet, under the eyes of a reader.

Every trial ends with a try that is left alone, and holds bytes and manifest against what nobody disturbed.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from support.crash.reports import Report
from support.crash.trials import SCENARIOS, Trials

Kills = Callable[[int], Callable[[], bool]]


def break_some(trials: Trials, scenario: str, kind: str, count: int) -> None:
    """Let some of the faults of a kind happen, evenly spread; an odd step has those before and those after a call."""
    enumeration = trials.enumerated(scenario)
    faults = [fault for fault in enumeration.faults if fault.kind == kind]
    trials.boundaries(enumeration, faults[len(faults) // (2 * count) :: len(faults) // count | 1])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_export_that_is_killed_at_a_call_is_finished_by_its_retry(
    on_disk: Trials, report: Report, scenario: str
) -> None:
    break_some(on_disk, scenario, "kill", 3)
    assert report.problems == []
    assert report.counts["kill at a boundary"] >= 3


@pytest.mark.parametrize("kind", ["error", "full"])
def test_an_export_whose_disk_fails_or_is_full_changes_nothing_or_all_and_may_be_tried_again(
    on_disk: Trials, report: Report, kind: str
) -> None:
    break_some(on_disk, "a new file for an old one", kind, 5)
    assert report.problems == []
    assert report.counts["failed"] >= 2


@pytest.mark.parametrize("kind", ["kill", "error", "full"])
def test_an_export_to_s3_that_is_killed_or_cut_off_is_finished_by_its_retry(
    on_s3: Trials, report: Report, kind: str
) -> None:
    break_some(on_s3, "a new file for an old one", kind, 2 if kind == "kill" else 1)
    assert report.problems == []
    assert report.counts[f"{kind} at a boundary"] >= 1


def test_exports_that_are_killed_at_any_time_are_finished_by_their_retries(
    on_disk: Trials, report: Report, kills: Kills
) -> None:
    on_disk.timed(Random(1), kills(4))
    assert report.problems == []


def test_four_that_write_one_partition_at_once_leave_one_file_and_its_manifest(on_disk: Trials, report: Report) -> None:
    on_disk.at_once(1, logs=range(4))
    assert report.problems == []
    assert report.counts["ended"] == 4


def test_tries_of_one_task_that_run_at_once_do_not_harm_each_other(on_disk: Trials, report: Report) -> None:
    on_disk.at_once(1, logs=(0, 0, 1, 1))
    assert report.problems == []
    assert report.counts["ended"] == 4


def test_null_control_a_writer_in_place_is_found_out(on_disk: Trials, report: Report, kills: Kills) -> None:
    for seed in range(40):  # a moment in which half a file can be seen is short; of two kills none may meet it
        on_disk.timed(Random(seed), kills(2 * seed + 2), naive=True)
        if report.counts["torn"]:
            break
    assert report.counts["torn"] > 0
    assert report.counts["different"] > 0
