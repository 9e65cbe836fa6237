"""The delivery report in Chromium: in both languages, light and dark, on a phone and on paper; nothing is loaded.

Screenshots go to ``.artifacts/``, for people to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.airflow.servers import SCRIPTS
from support.simulated_archive import SimulatedArchive, month_with_incidents

from airflow_provider_dysms.archive.figures.day_figures import figures_of
from airflow_provider_dysms.archive.figures.read_figures import days_through
from airflow_provider_dysms.model.dates import day_start
from airflow_provider_dysms.reports.delivery_report import render
from airflow_provider_dysms.reports.report import build_report
from airflow_provider_dysms.storage.audited_days.audited_day import judge_manifest

ARTIFACTS = SCRIPTS.parent / ".artifacts"
LAST = date(2026, 11, 27)

#: Widths of a desktop and of a phone.
DESKTOP, PHONE = 1180, 390


@pytest.fixture
def page_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write the report of a month with incidents, and a day that was not audited, to a file."""
    now = day_start(LAST) + timedelta(days=1, hours=9, minutes=30)
    manifests = SimulatedArchive(incidents=month_with_incidents(LAST)).manifests(days_through(LAST, 30), now=now)
    figures = {
        day: figures_of(judge_manifest(day, manifest, "file:///x", datetime.now(UTC))) for day, manifest in manifests
    }
    del figures[LAST - timedelta(days=15)]

    def write(language: str) -> Path:
        path = tmp_path / f"{language}.html"
        report = build_report(figures, LAST)
        path.write_text(render(report, language=language, stopped={"invalid_number": 412}), "utf-8")  # type: ignore[arg-type]
        return path

    return write


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_it_is_readable_and_nothing_is_loaded(
    browser: Browser, page_file: Callable[[str], Path], language: str, scheme: str, width: int
) -> None:
    path = page_file(language)
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"delivery-report-{language}-{scheme}-{width}.png", full_page=True)
    assert told == []
    assert asked == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.locator(".wide svg.chart" if width == DESKTOP else ".narrow svg.chart")
    assert [shown.nth(place).is_visible() for place in range(shown.count())] == [True, True]
    background = page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")
    assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(18, 24, 30)")
    context.close()


def test_a_script_that_gets_into_the_page_does_not_run(browser: Browser, page_file: Callable[[str], Path]) -> None:
    path = page_file("en")
    path.write_text(path.read_text("utf-8").replace("</main>", "<script>window.ran = 1</script></main>"), "utf-8")
    page = browser.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.goto(path.as_uri())
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in told)
    page.close()


def test_it_fits_on_paper_in_light_colours(browser: Browser, page_file: Callable[[str], Path]) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(page_file("en").as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor") == "rgb(255, 255, 255)"
    ARTIFACTS.mkdir(exist_ok=True)
    page.pdf(path=ARTIFACTS / "delivery-report.pdf", format="A4", print_background=True)
    context.close()
