"""An audit without a DAG: what it writes and prints, its arguments, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_line import DAY, NOON, NUMBER, OTHER_NUMBER

from airflow_provider_dysms.emulator import Emulator

Run = Callable[..., Any]


@pytest.fixture
def log(connection: Emulator, tmp_path: Path) -> Path:
    """A send log of two messages; the folder of the output is ``out`` next to it."""
    connection.add_message(phone_number=NUMBER, sent_at=NOON, out_id="o-1")
    connection.add_message(phone_number=OTHER_NUMBER, sent_at=NOON, out_id="o-2", state="failed")
    path = tmp_path / f"{DAY:%Y%m%d}.csv"
    path.write_text(f"mobile,order,campaign\n{NUMBER},o-1,spring\n{OTHER_NUMBER},o-2,spring\n")
    return path


def stored_manifest(folder: Path) -> Any:
    return json.loads((folder / f"out/_manifests/send_date={DAY}.json").read_text("utf-8"))


def test_it_writes_yesterday_and_prints_the_figures(airflow_dysms: Run, log: Path) -> None:
    uris = ("--sent-uri", f"{log.parent}/{{send_date:%Y%m%d}}.csv", "--output-uri", f"file://{log.parent}/out")
    columns = ("--columns", "phone_number=mobile", "--columns", "out_id=order", "--carry", "campaign")
    ended = airflow_dysms("audit", *uris, *columns)
    assert ended.code == 0, ended.err
    rows = [json.loads(line) for line in (log.parent / f"out/send_date={DAY}/part-0.jsonl").read_text().splitlines()]
    assert [(row["phone_number"], row["state"], row["campaign"]) for row in rows] == [
        (NUMBER, "delivered", "spring"),
        (OTHER_NUMBER, "failed", "spring"),
    ]
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0].startswith(f"The audit of {DAY}, as of ")
    assert {"lines in the log 2", "delivered 1 50.0%", "failed 1 50.0%"} <= set(lines)
    assert f"Rows: file://{log.parent}/out/send_date={DAY}/part-0.jsonl" in lines
    assert f"Manifest: file://{log.parent}/out/_manifests/send_date={DAY}.json" in lines
    assert lines[-1].startswith("The day is ")
    assert not any(number in ended.out + ended.err for number in (NUMBER, OTHER_NUMBER))


def test_json_is_the_manifest(airflow_dysms: Run, log: Path) -> None:
    arguments = ("--sent-uri", log, "--output-uri", log.parent / "out", "--columns", "phone_number=mobile")
    ended = airflow_dysms("audit", *arguments, "--file-format", "csv", "--compression", "gzip", "-o", "json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == stored_manifest(log.parent)
    assert (log.parent / f"out/send_date={DAY}/part-0.csv.gz").exists()


def test_verbose_logs_what_a_task_logs_on_the_standard_error(airflow_dysms: Run, log: Path) -> None:
    arguments = ("--sent-uri", log, "--output-uri", log.parent / "out", "--columns", "phone_number=mobile", "-v")
    ended = airflow_dysms("audit", *arguments, "-o", "json")
    assert json.loads(ended.out)
    assert f"info: The send log of {DAY} has 2 lines" in ended.err


def test_a_refused_audit_is_code_1_and_writes_nothing(airflow_dysms: Run, log: Path, connection: Emulator) -> None:
    connection.reset()  # forgets every message
    columns = ("--columns", "phone_number=mobile", "--columns", "out_id=order")
    ended = airflow_dysms("audit", "--sent-uri", log, "--output-uri", log.parent / "out", *columns)
    assert ended.code == 1
    assert ended.err.startswith("The audit is refused, and nothing is written: 2 of 2 lines")
    assert not list(log.parent.glob("out/send_date=*"))


def test_a_day_outside_the_window_can_be_skipped(airflow_dysms: Run, log: Path) -> None:
    arguments = ("--sent-uri", log, "--output-uri", log.parent / "out", "--send-date", "2020-01-01")
    assert airflow_dysms("audit", *arguments).code == 2
    ended = airflow_dysms("audit", *arguments, "--outside-window", "skip")
    assert (ended.code, ended.out) == (0, "")
    assert "outside the 30 days" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--file-format", "exel"), "argument --file-format: invalid choice: 'exel'"),
        (("--max-missing-rate", "2"), "--max-missing-rate must be a share from 0 to 1, not 2.0"),
        (("--max-file-bytes", "15000000000", "--send-date", "soon"), "--send-date is not a date"),
        (("--columns", "mobile"), "--columns must be OURS=YOURS"),
        (("--columns", "phone_number=a", "--columns", "phone_number=b"), "--columns names phone_number twice"),
        (("--compression", "snappy"), "--compression "),
        (("--partition", "{date}"), "--partition "),
        (("--sent-uri", "nowhere.csv"), "--sent-uri cannot be read"),
        (("--send-date", NUMBER), "a phone number is never taken as an argument"),
        (("--columns", f"phone_number={NUMBER}"), "a phone number is never taken as an argument"),
    ],
)
def test_a_wrong_argument_is_named_as_it_was_typed(
    airflow_dysms: Run, log: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = airflow_dysms("audit", "--sent-uri", log, "--output-uri", log.parent / "out", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert NUMBER not in ended.err
    assert not (log.parent / "out").exists()
