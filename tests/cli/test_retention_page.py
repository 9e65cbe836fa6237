"""Every snippet of docs/retention.md runs, and its command prints what the page says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_line import DAY, NUMBER, OTHER_NUMBER
from support.known_archives import SECRET, Archive, put_day, rows_of, verdict

PAGE = (Path(__file__).parents[2] / "docs/retention.md").read_text("utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    connection = {"conn_type": "dysms", "login": "LTAIexample", "password": "a", "extra": {"privacy_secret": SECRET}}
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps(connection))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers.txt").write_text(f"{NUMBER}\n+86 139 0000 5555\n+86 139 0000 6666\n")
    archive = Archive(tmp_path / "audits")
    put_day(archive.uri, DAY, [verdict(DAY, number) for number in (NUMBER, OTHER_NUMBER, NUMBER)])
    return archive


def test_the_snippets_run(here: Archive, run_dag: Callable[..., Any]) -> None:
    for snippet in SNIPPETS:
        names: dict[str, Any] = {}
        exec(snippet.replace("s3://aws_default@audits/dysms", here.uri), names)
        tasks = run_dag(names["dag"]).get_task_instances()
        assert {task.state for task in tasks} == {"success"}
    assert [row["phone_number"] for row in rows_of(here.path, DAY)] == [OTHER_NUMBER]
    assert len(SNIPPETS) == 2


def test_the_command_prints_what_the_page_shows(
    here: Archive, airflow_dysms: Callable[..., Any], tmp_path: Path
) -> None:
    (shown,) = re.findall(r"```shell\nairflow dysms erase.*?```text\n(.*?)^```", PAGE, re.M | re.S)
    ended = airflow_dysms("erase", "--output-uri", "audits", stdin=(tmp_path / "numbers.txt").read_text())
    assert ended.code == 0, ended.err

    def words(text: str) -> list[str]:
        return re.findall(r"[a-z_]{3,}", re.sub(r"[0-9a-f]{16}", "", text))

    assert words(ended.out) == words(shown)
    assert re.search(r"^rows +\| 2 *$", ended.out, re.M)
    assert NUMBER not in ended.out + ended.err
    assert [row["phone_number"] for row in rows_of(here.path, DAY)] == [OTHER_NUMBER]
