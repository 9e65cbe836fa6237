"""Rows as tables, JSON and YAML: values keep their types, and nothing in them reaches the terminal as a command."""

from __future__ import annotations

import json

import pytest
from airflow.utils import yaml

from airflow_provider_dysms.cli.output import print_facts, print_rows
from airflow_provider_dysms.model.phone_numbers.redaction import mask_number

ROWS = [
    {"state": "failed", "out_id": "007", "code": "[red]MK:0001[/nothing]", "rows": 5, "ok": True, "none": None},
    {"state": "delivered", "out_id": "1e5", "code": "\x1b[31mred\nline", "rows": 12, "ok": False, "none": ""},
]


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_json_and_yaml_keep_every_value(output: str, read: object, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, output)
    assert read(capsys.readouterr().out) == ROWS  # type: ignore[operator]
    print_rows([], output)
    assert read(capsys.readouterr().out) == []  # type: ignore[operator]


def test_plain_has_one_line_per_row_and_a_cell_per_column(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, "plain")
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["state", "out_id", "code", "rows", "ok", "none"],
        ["failed", "007", "[red]MK:0001[/nothing]", "5", "True", "-"],
        ["delivered", "1e5", r"\x1b[31mred\nline", "12", "False", "-"],
    ]


def test_a_table_has_a_header_and_shows_markup_and_escape_codes_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, "table")
    lines = [[cell.strip() for cell in line.split("|")] for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["state", "out_id", "code", "rows", "ok"]
    assert lines[2] == ["failed", "007", "[red]MK:0001[/nothing]", "5", "True"]
    assert lines[3] == ["delivered", "1e5", r"\x1b[31mred\nline", "12", "False"]


def test_a_table_leaves_out_columns_that_are_empty(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"state": "failed", "fault": None}, {"state": "waiting", "fault": ""}], "table")
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == ["state", "=======", "failed", "waiting"]


def test_a_narrow_terminal_breaks_no_cell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.cli.simple_table.is_tty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    row = {name: "2026-11-29T04:00:00Z" for name in ("sent_at", "received_at", "as_of")}
    print_rows([row], "table")
    assert capsys.readouterr().out.count("2026-11-29T04:00:00Z") == 3


@pytest.mark.parametrize("output", ["table", "plain"])
def test_no_rows_are_a_sentence(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], output, none="Every day is settled.")
    assert capsys.readouterr().out == "Every day is settled.\n"


def test_facts_are_an_object_or_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"rows": 5, "by_state": {"failed": 2, "delivered": 3}, "differences": ["bytes", "rows"], "none": []}
    print_facts(facts, "json")
    assert json.loads(capsys.readouterr().out) == facts
    print_facts(facts, "plain")
    assert [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()] == [
        ["property_name", "property_value"],
        ["rows", "5"],
        ["by_state", "failed: 2, delivered: 3"],
        ["differences", "bytes; rows"],
        ["none", "-"],
    ]


@pytest.mark.parametrize(
    ("number", "masked"),
    [("139" + "00001111", "139****1111"), ("49151" + "12345678", "491******5678"), ("1234567", "*******")],
)
def test_a_masked_number_shows_its_beginning_and_its_end(number: str, masked: str) -> None:
    assert mask_number(number) == masked
