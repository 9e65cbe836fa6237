"""Names of columns and files, and cells, come from outside: in the log they are one line, without escape codes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Audit = Callable[..., dict[str, Any]]

FORGED = "x\n2026-11-28 ERROR forged \x1b[31m"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.DEBUG)
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("name", "text", "arguments"),
    [
        ("log.csv", f'phone_number,"{FORGED} id"\n13900000001,1\n', {}),
        ("log.csv", f'phone_number,"Out{FORGED}Id"\n13900000001,1\n', {"multiline": True}),
        ("log.csv", f'phone_number,out_id\n"{FORGED}",1\n', {"max_rejected_rate": 1}),
        ("log.csv", f'phone_number,out_id\n13900000001,"{FORGED}"\n', {"max_rejected_rate": 1}),
        ("log.csv", f'"{FORGED}",b\n1,2\n', {}),
        ("log.jsonl", '{"phone_number": "1\\n\\u001b[31m", "Out\\n\\u001b[31mId": "a"}\n', {"max_rejected_rate": 1}),
        ("log.csv", "phone_number\n13900000001\n", {"carry": [FORGED]}),
        ("log.csv", "phone_number\n13900000001\n", {"columns": {"phone_number": FORGED}}),
        ("log.csv", "phone_number\n13900000001\n", {"columns": {FORGED: "a"}}),
        (f"{FORGED.replace('/', '')}.csv", "phone_number\nnone\n", {"max_rejected_rate": 1}),
        ("log.csv", "phone_number\n13900000001\n", {"partition": f"a={FORGED}"}),
        ("log.csv", "phone_number\n13900000001\n", {"match": FORGED}),
    ],
)
def test_nothing_from_outside_begins_a_line_of_the_log_or_of_an_error(
    audit: Audit, tmp_path: Path, said: Callable[[], list[str]], name: str, text: str, arguments: dict[str, Any]
) -> None:
    (tmp_path / name).write_text(text)
    error = ""
    try:
        audit(name, statistics="skip", max_missing_rate=1, **arguments)
    except Exception as refused:
        error = str(refused)
    lines = [line for message in (*said(), error) for line in message.splitlines()]
    assert lines
    assert not any("\x1b" in line for line in lines)
    assert not any(line.startswith("2026-11-28 ERROR") for line in lines)
