"""The work of polls is added up, and reported at most once in an interval."""

from __future__ import annotations

import asyncio

import pytest

from airflow_provider_dysms.api.counters import Counters
from airflow_provider_dysms.waits.polling import activity
from airflow_provider_dysms.waits.polling.activity import Activity, ActivityMeter


def test_polls_within_an_interval_are_one_report_with_the_largest_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> list[Activity]:
        reports: list[Activity] = []
        counters = Counters()
        meter = ActivityMeter(counters, lambda: 7, reports.append)
        meter.add_poll(0.5)
        for lag in (2.0, 9.0, 0.0):
            counters.requests += 2
            meter.add_poll(lag)
        counters.throttled += 1
        assert len(reports) == 1
        meter.report()
        meter.report()
        return reports

    assert asyncio.run(story()) == [
        Activity(open_waits=7, requests=0, throttled=0, max_lag=0.5),
        Activity(open_waits=7, requests=6, throttled=1, max_lag=9.0),
        Activity(open_waits=7, requests=0, throttled=0, max_lag=None),
    ]
    monkeypatch.setattr(activity, "INTERVAL", 0.0)

    async def always() -> int:
        reports: list[Activity] = []
        meter = ActivityMeter(Counters(), lambda: 1, reports.append)
        for _ in range(3):
            meter.report_if_due()
        return len(reports)

    assert asyncio.run(always()) == 3
