"""The bar at a terminal, and log lines everywhere else."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.cli import progress_bar
from airflow_provider_dysms.transfers.reporting.progress import Progress


class Terminal(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


def test_the_bar_shows_lines_and_requests_on_the_standard_error_and_vanishes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(progress_bar, "INTERVAL", 0.01)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    tally: Any = SimpleNamespace(lines=0, rows=0)
    counters: Any = SimpleNamespace(requests=7, throttled=0)

    async def audit() -> None:
        bar = progress_bar.progress_at(terminal=True)
        with bar(logging.getLogger("test"), "Audit of 2026-11-29", 1_000_000, tally, counters):
            tally.lines, counters.requests = 998_877, 1_500_007
            while "998,877" not in terminal.getvalue():  # noqa: ASYNC110 - rich draws in a thread
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(audit(), 20))
    shown = terminal.getvalue()
    assert "Audit of 2026-11-29" in shown
    assert "998,877/1,000,000 lines, 1,500,000 requests" in shown
    assert shown.rstrip("\x1b[?25h").endswith(("\x1b[2K", "\x1b[1A\x1b[2K"))  # the line is erased
    assert capsys.readouterr().out == ""


def test_without_a_terminal_progress_is_logged() -> None:
    assert progress_bar.progress_at(terminal=False) is Progress
