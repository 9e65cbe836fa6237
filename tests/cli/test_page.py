"""Every command of docs/command-line.md runs, ends with the code and prints what the page says."""

from __future__ import annotations

import getpass
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.command_line import DAY, NOON, NUMBER, OTHER_NUMBER

from airflow_provider_dysms.cli.exit_codes import ExitCode
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

PAGE = (Path(__file__).parents[2] / "docs/command-line.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"^```shell\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines()]


@dataclass
class Example:
    """A command of the page, with what it prints."""

    command: str
    code: int
    output: str


EXAMPLES = [
    Example(command, int(code), output)
    for command, code, output in re.findall(
        r"^```shell\n([^\n]*)\n```\n\n<!-- exit code (\d+) -->\n```text\n(.*?)^```", PAGE, re.M | re.S
    )
]


def without_figures(text: str) -> list[str]:
    """Return lines without what differs between times, days and machines."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("The day is not settled")]
    lines = [re.sub(r"file://\S*/(?=audits/)", "file://", line) for line in lines]
    lines = [re.sub(r"[0-9a-f]{64}|[\d,]+", "#", line) for line in lines]
    return [" ".join(re.sub(r"[-\s|=+]+", " ", line).split()) for line in lines]


@pytest.fixture
def run_example(
    airflow_dysms: Callable[..., Any],
    connection: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[str], Any]:
    """Run a command of the page, with the files that the page names."""
    states = {
        NUMBER: "delivered",
        OTHER_NUMBER: "failed",
        "139" + "00003333": "delivered",
        "139" + "00004444": "waiting",
    }
    for place, (number, state) in enumerate(states.items(), 1):
        connection.add_message(phone_number=number, sent_at=NOON, out_id=f"order-{place}", state=state)
    earlier = (dates.day_start(DAY) - timedelta(hours=12)).isoformat()
    connection.add_message(phone_number="49151" + "12345678", sent_at=earlier, message_id="1732838400000001")
    lines = [f"{number},order-{place}" for place, number in enumerate(states, 1)]
    (tmp_path / "sent").mkdir()
    (tmp_path / f"sent/{DAY:%Y%m%d}.csv").write_text("\n".join(["mobile,order_id", *lines, ""]))
    (tmp_path / "numbers.txt").write_text(f"{NUMBER}\n{OTHER_NUMBER}\n+86 139 0000 5555\n")
    monkeypatch.chdir(tmp_path)

    def ask(prompt: str) -> str:
        print(prompt)
        return NUMBER

    def run(line: str) -> Any:
        line, _, file = re.sub(r"\d{4}-\d\d-\d\d", DAY.isoformat(), line).partition(" < ")
        assert line.startswith("airflow dysms ")
        if line == "airflow dysms lookup":
            monkeypatch.setattr(getpass, "getpass", ask)
        stdin = (tmp_path / file).read_text() if file else b""
        return airflow_dysms(*shlex.split(line)[2:], stdin=stdin, terminal=line == "airflow dysms lookup")

    return run


def test_every_command_of_the_page_is_an_example_or_the_emulator() -> None:
    assert len(EXAMPLES) == 8
    assert [line for line in COMMANDS if line not in {example.command for example in EXAMPLES}] == [
        "airflow dysms emulator --port 8085"  # test_airflow_command.py runs it
    ]


def test_every_example_prints_what_the_page_shows(run_example: Callable[[str], Any]) -> None:
    for example in EXAMPLES:
        ended = run_example(example.command)
        assert ended.code == example.code, ended.err
        assert without_figures(ended.out + ended.err) == without_figures(example.output), example.command


def test_the_page_names_every_exit_code() -> None:
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.M)}
    assert named == set(ExitCode) - {ExitCode.CLOSED}
