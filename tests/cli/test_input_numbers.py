"""Numbers from the standard input: how they may be written, and the bounds. The prompt is tried at a real terminal."""

from __future__ import annotations

import getpass
import io
import sys

import pytest
from support.command_line import NUMBER, OTHER_NUMBER

from airflow_provider_dysms.cli import input_numbers
from airflow_provider_dysms.model.errors import DysmsInputError


def read(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[str]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    return input_numbers.read_numbers()


@pytest.mark.parametrize(
    "content",
    [
        f"{NUMBER}\n{OTHER_NUMBER}",
        f"\ufeff+86 {NUMBER}\r\n\r\n0086{OTHER_NUMBER}\r\n",
        f"{NUMBER},{OTHER_NUMBER}\n",
        f"{NUMBER}；{OTHER_NUMBER}",
        f'["{NUMBER}", "{OTHER_NUMBER}"]',
    ],
)
def test_numbers_are_separated_by_commas_or_line_ends(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    assert read(monkeypatch, content.encode()) == [NUMBER, OTHER_NUMBER]


def test_more_numbers_than_a_look_up_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(read(monkeypatch, f"{NUMBER}\n".encode() * 1_000)) == 1_000
    with pytest.raises(DysmsInputError, match="has 1,001 numbers; a command takes at most 1,000"):
        read(monkeypatch, f"{NUMBER}\n".encode() * 1_001)
    with pytest.raises(DysmsInputError, match="is longer than 65,536 bytes; use airflow dysms audit"):
        read(monkeypatch, b"\n" * 65_537)


def test_an_input_that_is_closed_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DysmsInputError, match="the input is empty"):
        input_numbers.read_numbers()


def test_a_prompt_that_is_closed_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", closed)
    with pytest.raises(DysmsInputError, match="the input is empty"):
        input_numbers.read_numbers()
