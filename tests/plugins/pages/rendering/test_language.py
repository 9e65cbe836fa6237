"""The language of a page is the one that the browser prefers of the two."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.plugins.pages.rendering.language import choose_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.5, zh;q=0.9", "zh"),
        ("de-DE,de;q=0.9,en;q=0.5,zh;q=0.6", "zh"),
        ("de-DE", "en"),
        ("*", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nonsense", "en"),
        (",;=,;q", "en"),
    ],
)
def test_the_browser_chooses(header: str | None, language: str) -> None:
    assert choose_language(header) == language
