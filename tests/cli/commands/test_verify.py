"""A file compared with its manifest: the facts, each difference, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_line import DAY, NOON, NUMBER

from airflow_provider_dysms.emulator import Emulator

Run = Callable[..., Any]


@pytest.fixture
def out(airflow_dysms: Run, connection: Emulator, tmp_path: Path) -> Path:
    """The output of an audit of one message."""
    connection.add_message(phone_number=NUMBER, sent_at=NOON, out_id="o-1")
    (tmp_path / "sent.csv").write_text(f"phone_number,out_id\n{NUMBER},o-1\n")
    ended = airflow_dysms("audit", "--sent-uri", tmp_path / "sent.csv", "--output-uri", tmp_path / "out")
    assert ended.code == 0, ended.err
    return tmp_path / "out"


def test_a_file_that_fits_is_code_0(airflow_dysms: Run, out: Path) -> None:
    ended = airflow_dysms("verify", "--output-uri", out, "-o", "json")
    facts = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (facts["partition"], facts["matches"], facts["differences"]) == (f"send_date={DAY}", True, [])
    assert (facts["rows"], facts["by_state"]) == (1, {"delivered": 1})
    shown = airflow_dysms("verify", "--output-uri", out, "-o", "plain").out.splitlines()
    assert shown[0].split() == ["property_name", "property_value"]
    assert ["rows", "1"] in [line.split() for line in shown]


def test_a_file_that_was_edited_is_code_1_and_each_difference_is_named(airflow_dysms: Run, out: Path) -> None:
    (out / f"send_date={DAY}/part-0.jsonl").write_text("")
    ended = airflow_dysms("verify", "--output-uri", out, "-o", "json")
    assert ended.code == 1
    facts = json.loads(ended.out)
    assert facts["matches"] is False
    assert any(difference.startswith("rows 0, in the manifest 1") for difference in facts["differences"])
    assert "is not what its manifest says" in ended.err
    assert ended.err.count("\n") == 1


def test_a_day_that_was_never_audited_is_code_1(airflow_dysms: Run, tmp_path: Path) -> None:
    ended = airflow_dysms("verify", "--output-uri", tmp_path, "--send-date", "2020-01-02")
    assert ended.code == 1
    assert "the manifest is missing at _manifests/send_date=2020-01-02.json" in ended.err


def test_a_wrong_argument_is_code_2(airflow_dysms: Run, tmp_path: Path) -> None:
    ended = airflow_dysms("verify", "--output-uri", tmp_path, "--partition", "../elsewhere")
    assert ended.code == 2
    assert ended.err.startswith("--partition is not a folder name")
    assert airflow_dysms("verify").code == 2
    assert airflow_dysms("verify", "--output-uri", "").err.startswith("--output-uri ")
