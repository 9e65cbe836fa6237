"""No number, text or secret is told by what reads an archive or receipts, in a whole Airflow at level DEBUG."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from support.privacy.canary_run import Traces
from support.privacy.expected_finds import ALLOWED, ALLOWED_MORE, told, unfound

pytestmark = pytest.mark.canary

#: Where the canaries of this DAG have to be found: (canary, place), both regular expressions.
ALLOWED_ARCHIVE = [
    ("(number (found|free|blocked|also_blocked|bulk_.*)|text archived)", r"out: archive/send_date=.*/part-0\.jsonl"),
    ("(number found|text archived)", r"out: found/details\.jsonl"),
    ("number (blocked|also_blocked)", r"out: stop/suppression_list/part-0\.jsonl"),
    ("number (pushed.*|unmatched)", r"out: receipts/send_date=.*/part-0\.jsonl"),
]

#: Places of earlier DAGs, which are empty if these have not run.
EARLIER = [*ALLOWED, *ALLOWED_MORE]

ENDS_BADLY = {"find_refused", "check", "erase_refused", "receipts_refused", "receipts_contradicted"}


def test_the_tasks_ended_as_they_were_meant_to(archive_traces: Traces) -> None:
    states = archive_traces.states
    assert {task for task, state in states.items() if state == "failed"} == ENDS_BADLY
    assert {task for task, state in states.items() if state == "skipped"} == {"send_to_nobody"}
    assert set(states.values()) == {"success", "failed", "skipped"}


def test_nothing_is_told_outside_of_the_files_that_are_written(
    archive_traces: Traces, say_last: Callable[[str], None]
) -> None:
    found = list(told(archive_traces, [*ALLOWED_ARCHIVE, *EARLIER]))
    say_last("canary: " + archive_traces.counted(len(found)))
    assert found == []


def test_what_may_be_there_is_found_there(archive_traces: Traces) -> None:
    assert list(unfound(archive_traces, ALLOWED_ARCHIVE)) == []


def test_who_was_erased_or_is_past_his_time_is_nowhere(archive_traces: Traces) -> None:
    gone = {"number erased", "number erased_hashed", "number expired", "text erased"}
    assert gone <= archive_traces.scene.canaries.values.keys()
    assert [place for place, hits in archive_traces.canaries.items() if gone & hits.keys()] == []


def test_a_body_that_cannot_be_read_is_named_by_its_file_and_line(archive_traces: Traces) -> None:
    said = archive_traces.log_of("receipts_refused")
    for line in (1, 2):
        assert re.search(rf"unusable\.jsonl:{line} ", said)
    assert "unusable.jsonl:3 has a signature that is not of the key of push authentication" in said


def test_openlineage_was_told_of_every_task(archive_traces: Traces) -> None:
    assert archive_traces.untold == set()


def test_the_event_of_new_receipts_was_stored(archive_traces: Traces) -> None:
    assert b'"new_files"' in archive_traces.texts["table asset_event.extra"]
