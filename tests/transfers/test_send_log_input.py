"""The input of an export is read whole, and the task log tells what was found in it."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.audit.send_log.log import SendLog
from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError
from airflow_provider_dysms.storage.overlap import OutputLayout
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.transfers.export_options import ExportOptions
from airflow_provider_dysms.transfers.send_log_input import MAX_NAMED, read_input

DAY = date(2025, 6, 1)
NUMBER = "139" + "00001111"


@pytest.fixture
def read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Any:
    """Read a log of these lines; the records of the task log are in ``caplog``."""
    caplog.set_level(logging.INFO, "input")

    def run(*lines: str, **arguments: Any) -> SendLog:
        if lines:
            (tmp_path / "20250601.csv").write_text("\n".join([*lines, ""]), "utf-8")
            arguments["sent_uri"] = f"file://{tmp_path}/{{send_date:%Y%m%d}}.csv"
        options = ExportOptions(output_uri=f"file://{tmp_path}/out", send_date=DAY, **arguments)
        partition = Partition.resolve(options.output_uri, partition=f"send_date={DAY}")
        layout = OutputLayout(partition.root, options.partition, partition.extension, DAY)
        return read_input(options, options.log_options(), DAY, layout, logging.getLogger("input"))

    return run


def test_a_log_is_found_by_its_day_and_counted(read: Any, caplog: pytest.LogCaptureFixture) -> None:
    send_log = read("phone_number,out_id", f"{NUMBER},order-1", f"{NUMBER},order-2")
    assert len(send_log.lines) == 2
    assert caplog.messages[0].startswith(f"The send log of {DAY} has 2 lines in 1 file")
    assert NUMBER not in caplog.text


def test_a_list_of_numbers_is_counted(read: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert len(read(phone_numbers=[NUMBER]).lines) == 1
    assert caplog.messages == [f"The service is asked about 1 phone number on {DAY}"]


def test_a_log_without_keys_is_a_list_of_questions_and_warns(read: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert not read("phone_number,OrderNo", f"{NUMBER},7").has_match_keys
    assert "missing and unlogged messages are not judged" in caplog.text


def test_a_mapped_key_that_no_line_has_is_an_error(read: Any) -> None:
    with pytest.raises(DysmsInputError, match="columns names out_id, and no line of the log has one"):
        read("phone_number,out_id", f"{NUMBER},", columns={"phone_number": "phone_number", "out_id": "out_id"})


def test_rejected_lines_are_named_up_to_a_bound_and_limited_by_their_share(
    read: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lines = ["phone_number,out_id", *[f"nobody,order-{line}" for line in range(MAX_NAMED + 2)]]
    read(*lines, max_rejected_rate=1)
    assert sum("is rejected" in message for message in caplog.messages) == MAX_NAMED
    assert caplog.messages[-1] == "... and 2 more lines are rejected"
    with pytest.raises(DysmsError, match="max_rejected_rate"):
        read(*lines)
