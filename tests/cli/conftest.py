"""Runs ``airflow dysms ...`` through Airflow's own parser, in this process: starting ``airflow`` takes seconds."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.command_line import CONNECTION, Ended

from airflow_provider_dysms.emulator import Emulator


@pytest.fixture
def airflow_dysms(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command; its standard input is a terminal only if that is said."""
    from airflow.cli.cli_parser import get_parser

    def run(*arguments: object, stdin: str | bytes = b"", terminal: bool = False) -> Ended:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal, raising=False)
        capsys.readouterr()
        code: Any = 0
        try:
            args = get_parser().parse_args(["dysms", *map(str, arguments)])
            args.func(args)
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return Ended(int(code), out, err)

    return run


@pytest.fixture
def connection(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, with the connection ``dysms_default`` to it."""
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(**CONNECTION))
    return emulator
