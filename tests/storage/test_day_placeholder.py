"""The day in the name of a file: codes of a day, and nothing else that Python's format takes."""

from __future__ import annotations

from datetime import date

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.day_placeholder import render_day

DAY = date(2026, 11, 8)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("{send_date}", "2026-11-08"),
        ("a/{send_date:%Y}/{send_date:%m-%d}.csv", "a/2026/11-08.csv"),
        ("{send_date:%Y%m%d}-{{x}}", "20261108-{x}"),
        ("{send_date:%G-W%V-%u}", "2026-W45-7"),
        ("{send_date:y%Y/m%m}", "y2026/m11"),
        ("year={send_date:%Y}/{send_date:%Y年%m月}", "year=2026/2026年11月"),
    ],
)
def test_the_day_is_filled_in(text: str, filled: str) -> None:
    assert render_day(text, DAY, "sent_uri") == filled


@pytest.mark.parametrize(
    "text",
    [
        "{send_date!r:>1000000000}",
        "{send_date!s}",
        "{send_date:>1000000000}",
        "{send_date:=1000000000}",
        "{send_date:%1000000000Y}",
        "{send_date:%H}",
        "{send_date:%c}",
        "{send_date:%}",
        "{send_date:x}",
        "{send_date:%Y\n}",
        "{send_date:{send_date}}",
        "{send_date.year}",
        "{send_date[0]}",
        "{send_date.__class__.__mro__}",
        "{other}",
        "{}",
        "{0}",
        "{",
        "}",
        "{send_date:" + "%Y" * 100 + "}",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(DysmsInputError, match="sent_uri may have only the placeholder"):
        render_day(text, DAY, "sent_uri")
