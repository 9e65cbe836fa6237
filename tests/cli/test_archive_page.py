"""Everything that docs/archive.md shows runs: its commands at the command line, its Python next to an archive."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from airflow.sdk import DAG
from support.archives import NUMBERS, write_archive

from airflow_provider_dysms.archive.sending_details.filters.search_limits import LIMITS
from airflow_provider_dysms.archive.sending_details.filters.sending_results import RESULT_OF_STATE, RESULTS
from airflow_provider_dysms.model.choices import MessageState, SearchLimit, SendingResult

PAGE = (Path(__file__).parents[2] / "docs/archive.md").read_text("utf-8")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_archive(f"file://{tmp_path}/archive", [("parquet", None), ("csv", "gzip"), ("jsonl", None)])
    (tmp_path / "number.txt").write_text(f"+86 {NUMBERS[3]}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "archive"


@pytest.mark.parametrize("line", re.findall(r"^```shell\n([^\n]*)\n```", PAGE, re.M))
def test_every_command_runs(airflow_dysms: Callable[..., Any], archive: Path, line: str) -> None:
    command, _, file = line.partition(" < ")
    ended = airflow_dysms(*shlex.split(command)[2:], stdin=Path(file).read_text() if file else "")
    assert ended.code == 0, ended.err
    assert ended.out
    assert not any(number in ended.out for number in NUMBERS)


def test_every_example_in_python_runs(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"ARCHIVE": f"file://{archive}"}
    with DAG("page", schedule=None):
        for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S):
            exec(block, names)
    assert len(names["page"].records) == 10
    assert names["following"].first == 11
    assert names["failed"].execute({})["rows"] >= names["page"].total.count
    assert "139****" in capsys.readouterr().out


def test_the_words_of_the_page_the_command_line_and_the_operator_are_those_of_the_search() -> None:
    rows = re.findall(r"^\| (\w+) \| (`\w+`(?:, `\w+`)*) \|", PAGE, re.M)
    assert {result: set(re.findall(r"\w+", states)) for result, states in rows if result in RESULTS} == {
        result: {state for state, known in RESULT_OF_STATE.items() if known == result} for result in RESULTS
    }
    assert get_args(SendingResult) == RESULTS
    assert set(get_args(MessageState)) == RESULT_OF_STATE.keys()
    assert get_args(SearchLimit) == tuple(LIMITS)
