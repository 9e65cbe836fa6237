"""People erased by a command: numbers come from the standard input, and nothing prints one."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_line import DAY, NUMBER, OTHER_NUMBER
from support.known_archives import SECRET, Archive, put_day, rows_of, verdict

Run = Callable[..., Any]


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    connection = {"conn_type": "dysms", "login": "LTAIexample", "password": "a", "extra": {"privacy_secret": SECRET}}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    archive = Archive(tmp_path / "out")
    put_day(archive.uri, DAY, [verdict(DAY, number) for number in (NUMBER, OTHER_NUMBER)])
    return archive


def test_people_of_the_standard_input_are_erased(airflow_dysms: Run, archive: Archive) -> None:
    ended = airflow_dysms("erase", "--output-uri", archive.path, "-o", "json", stdin=f"+86 {NUMBER}\n")
    facts = json.loads(ended.out)
    assert (ended.code, facts["people"], facts["rows"], facts["mode"]) == (0, 1, 1, "remove")
    assert [row["phone_number"] for row in rows_of(archive.path, DAY)] == [OTHER_NUMBER]
    assert NUMBER not in ended.out + ended.err


def test_at_a_terminal_it_asks_and_the_rows_can_stay(
    airflow_dysms: Run, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: NUMBER)
    ended = airflow_dysms("erase", "--output-uri", archive.path, "--mode", "hash", terminal=True)
    assert ended.code == 0, ended.err
    assert len(rows_of(archive.path, DAY)) == 2
    assert NUMBER.encode() not in archive.everything()


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"), [([NUMBER], "", 2), ([], "12", 2), ([], "", 2), (["--mode", "burn"], NUMBER, 2)]
)
def test_a_wrong_input_erases_nobody(
    airflow_dysms: Run, archive: Archive, arguments: list[str], stdin: str, code: int
) -> None:
    ended = airflow_dysms("erase", "--output-uri", archive.path, *arguments, stdin=stdin)
    assert ended.code == code
    assert NUMBER not in ended.out + ended.err
    assert len(rows_of(archive.path, DAY)) == 2


def test_a_day_that_cannot_be_searched_is_code_4(airflow_dysms: Run, archive: Archive) -> None:
    (archive.path / f"send_date={DAY}/part-0.jsonl").write_text("")
    ended = airflow_dysms("erase", "--output-uri", archive.path, stdin=NUMBER)
    assert ended.code == 4
    assert "1 of 1 partitions could not be searched" in ended.err
