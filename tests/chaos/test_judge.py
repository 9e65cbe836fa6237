"""The judge of `make chaos` finds one altered row, one message that was sent twice, one wait that ended wrongly."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.chaos.judge import (
    EndedSend,
    EndedWait,
    wrong_days,
    wrong_leftovers,
    wrong_processes,
    wrong_quotas,
    wrong_sends,
    wrong_waits,
)

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import beijing_day

NUMBERS = ["1990000" + "0000", "1990000" + "0001"]
MESSAGES = [{"phone_number": number, "out_id": f"id {number[-1]}"} for number in NUMBERS]
SENDS = [EndedSend(number, "success", f"id {number[-1]}") for number in NUMBERS]


@pytest.fixture
def day() -> date:
    return beijing_day(datetime.now(UTC)) - timedelta(days=9)


@pytest.fixture
def folder(emulator: Emulator, tmp_path: Path, day: date, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the audit of a day, and the truth about it."""
    from airflow_provider_dysms.transfers.export import export
    from airflow_provider_dysms.transfers.export_options import ExportOptions

    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json())
    (tmp_path / "truth").mkdir()
    emulator.generate(send_date=day, messages=40, log=tmp_path / "sent.csv", truth=tmp_path / f"truth/{day}.jsonl")
    sent_uri, output_uri = f"file://{tmp_path}/sent.csv", f"file://{tmp_path}/output"
    export(ExportOptions(sent_uri=sent_uri, output_uri=output_uri, send_date=day), log=logging.getLogger(__name__))
    return tmp_path


def alter(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))


def data_of(folder: Path, day: date) -> Path:
    return folder / f"output/send_date={day}/part-0.jsonl"


def test_a_day_that_nobody_touched_is_right(folder: Path, day: date) -> None:
    assert wrong_days(folder, [day]) == []
    assert wrong_leftovers(folder, [day]) == []


def test_one_altered_row_is_found_in_the_rows_and_in_the_manifest(folder: Path, day: date) -> None:
    def change(lines: list[str]) -> list[str]:
        row: dict[str, Any] = json.loads(lines[0])
        return [json.dumps({**row, "segments": row["segments"] + 1}) + "\n", *lines[1:]]

    alter(data_of(folder, day), change)
    rows, manifest = wrong_days(folder, [day])
    assert rows == f"{day}: 1 of 40 rows are not what the truth has, and 1 rows are not in it"
    assert "sha256" in manifest


def test_a_row_that_is_lost_or_written_twice_is_found(folder: Path, day: date) -> None:
    alter(data_of(folder, day), lambda lines: lines[1:])
    assert "1 of 40 rows are not what the truth has, and 0 rows" in wrong_days(folder, [day])[0]
    alter(data_of(folder, day), lambda lines: [lines[0], lines[0], *lines[1:]])
    assert "1 of 40 rows are not what the truth has, and 1 rows" in wrong_days(folder, [day])[0]


def test_a_truth_that_the_service_does_not_have_is_found_although_the_manifest_fits(folder: Path, day: date) -> None:
    alter(folder / f"truth/{day}.jsonl", lambda lines: lines[:-1])
    assert len(wrong_days(folder, [day])) == 1


def test_a_day_without_data_or_manifest_is_found(folder: Path, day: date) -> None:
    data_of(folder, day).unlink()
    assert f"{day}: it has no data file" in wrong_days(folder, [day])
    assert f"{day - timedelta(days=1)}: it has no data file" in wrong_days(folder, [day - timedelta(days=1)])


def test_a_second_data_file_and_checkpoints_that_are_left_are_found(folder: Path, day: date) -> None:
    (folder / "output/_spool").mkdir(exist_ok=True)
    for name in (f"send_date={day}/part-1.jsonl", "_spool/x.segment", f"send_date={day}/.hidden"):
        (folder / "output" / name).touch()
    assert wrong_leftovers(folder, [day]) == [
        "left in the output: _spool/x.segment",
        f"left in the output: send_date={day}/part-1.jsonl",
    ]


@pytest.mark.parametrize(
    ("sends", "messages", "wrong"),
    [
        (SENDS, MESSAGES, []),
        (SENDS, [*MESSAGES, MESSAGES[1]], ["send 1 was sent 2 times"]),
        (SENDS, MESSAGES[:1], ["send 1 is lost: the task is success, and the service has no message"]),
        (
            [SENDS[0], EndedSend(NUMBERS[1], "failed", None)],
            MESSAGES,
            ["send 1 was sent, and its task does not say so: it is failed"],
        ),
        (
            [EndedSend(NUMBERS[0], "success", "another"), SENDS[1]],
            MESSAGES,
            ["send 0 was sent, and its task does not say so: it is success"],
        ),
    ],
    ids=["right", "twice", "lost", "not told", "another id"],
)
def test_a_message_that_was_not_sent_exactly_once_is_found(
    sends: list[EndedSend], messages: list[dict[str, Any]], wrong: list[str]
) -> None:
    assert wrong_sends(sends, messages) == wrong


@pytest.mark.parametrize(
    ("wait", "is_right"),
    [
        (EndedWait("wait 1", "delivered", "success", "delivered", "success"), True),
        (EndedWait("wait 1", "failed", "failed", "failed", "failed"), True),
        (EndedWait("wait 1", "expired", "failed", "failed", "failed"), False),
        (EndedWait("wait 1", "delivered", "success", "delivered", "failed"), False),
        (EndedWait("wait 1", "delivered", "success", None, "deferred"), False),
    ],
)
def test_a_wait_that_ended_otherwise_than_its_message_is_found(wait: EndedWait, is_right: bool) -> None:
    assert (wrong_waits([wait]) == []) == is_right


def test_a_second_above_the_quota_is_found() -> None:
    counts = {"SendSms": {"worst_second": 7}, "QueryMessage": {"worst_second": 8}, "other": {"worst_second": 9}}
    assert wrong_quotas(counts, {"SendSms": 7, "QueryMessage": 7}) == [
        "QueryMessage: 8 requests within a second, and 7 are allowed"
    ]


def test_processes_that_are_left_are_found() -> None:
    assert wrong_processes([]) == []
    assert wrong_processes(["airflow worker", "airflow worker"]) == ["2 processes are left: airflow worker"]
