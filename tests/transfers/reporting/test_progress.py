"""The rate in the log is one that the service saw."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from airflow_provider_dysms.api.counters import Counters
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.transfers.reporting import progress
from airflow_provider_dysms.transfers.reporting.progress import Progress


def say(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, seconds: float, requests: int) -> list[str]:
    """Let requests leave at once, and the time pass; return what was logged."""
    monkeypatch.setattr(progress, "INTERVAL", 0.001)
    now, counters, tally = 0.0, Counters(), Tally()

    async def work() -> None:
        nonlocal now
        log = logging.getLogger("progress")
        with Progress(log, "Audit", requests, tally, counters, clock=lambda: now):
            counters.requests, tally.lines, now = requests, requests, seconds
            await asyncio.sleep(0.05)

    with caplog.at_level(logging.INFO, "progress"):
        asyncio.run(work())
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(("seconds", "rate"), [(0.3, 500), (0.001, 500), (1.0, 500), (5.0, 100)])
def test_a_rate_is_not_above_the_requests_that_there_were(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, seconds: float, rate: int
) -> None:
    begin, first, *_, end, last = say(caplog, monkeypatch, seconds, 500)
    assert (begin, end) == ("::group::Audit: progress", "::endgroup::")
    assert f"{rate} requests/s" in first
    assert "time left: about 0 s" in first
    assert f"500 requests in {seconds:.1f} s" in last
    assert re.findall(r"([\d,]+) requests/s", last) == ([str(rate)] if seconds >= 1 else [])


def test_a_short_audit_has_no_group(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        with Progress(logging.getLogger("progress"), "Audit", 1, Tally(), Counters()):
            pass

    with caplog.at_level(logging.INFO, "progress"):
        asyncio.run(work())
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("Audit: 0 of 1 lines")
