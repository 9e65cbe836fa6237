"""An audit leads to the report of its day if a page shows the folder that it wrote to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.links.report import DysmsReportLink


def link(*, has_committed: bool = True, output_uri: str = "s3://conn@bucket/x", send_date: str = "20260105") -> str:
    operator: Any = SimpleNamespace(has_committed=has_committed, output_uri=output_uri, send_date=send_date)
    return DysmsReportLink().get_link(operator, ti_key=None)


@pytest.fixture(autouse=True)
def _archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DYSMS__ARCHIVES", '{"main archive": "s3://bucket/x"}')


def test_it_names_the_archive_and_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    assert link() == "/dysms/report?archive=main+archive&day=2026-01-05"
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/airflow")
    assert link() == "/airflow/dysms/report?archive=main+archive&day=2026-01-05"


def test_there_is_none_for_a_folder_that_no_page_shows_or_a_task_that_wrote_nothing() -> None:
    assert link(output_uri="s3://bucket/y") == link(has_committed=False) == link(send_date="soon") == ""


def test_there_is_none_when_the_pages_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DYSMS__PAGES", "False")
    assert link() == ""
