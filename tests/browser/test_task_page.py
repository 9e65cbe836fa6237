"""A task's page in a browser: rendered templates and logs show no phone number, and the links open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.airflow.running_airflow import RunningAirflow


@pytest.fixture(scope="module")
def run(airflow: RunningAirflow) -> str:
    """The id of a run that has ended."""
    run_id = airflow.trigger("looked_at")
    assert set(airflow.wait("looked_at", run_id).values()) == {"success"}
    return run_id


@pytest.mark.parametrize(("task", "field"), [("audit", "sent_uri"), ("query", "phone_numbers")])
def test_rendered_templates_show_no_number(
    page: Page, run: str, day: Path, screenshot: Callable[[str], None], task: str, field: str
) -> None:
    page.goto(f"/dags/looked_at/runs/{run}/tasks/{task}/rendered_templates")
    expect(page.get_by_text("send_date", exact=True)).to_be_visible()
    expect(page.get_by_text(field, exact=True)).to_be_visible()
    page.set_viewport_size({"width": 1000, "height": 560})
    screenshot(f"rendered-{task}")
    shown = page.content()
    assert not [number for number in (day / "numbers.txt").read_text().split() if number in shown]


def test_the_log_shows_the_figures_of_the_day_and_no_number(
    page: Page, run: str, day: Path, screenshot: Callable[[str], None]
) -> None:
    page.goto(f"/dags/looked_at/runs/{run}/tasks/audit")
    expect(page.get_by_text("The manifest is")).to_be_visible()
    expect(page.get_by_text("delivered", exact=False).first).to_be_visible()
    page.set_viewport_size({"width": 1000, "height": 800})
    screenshot("log-audit")
    shown = page.content()
    assert not [number for number in (day / "numbers.txt").read_text().split() if number in shown]


def test_the_links_lead_to_the_manifest_and_the_console(
    page: Page, run: str, day: Path, screenshot: Callable[[str], None]
) -> None:
    page.goto(f"/dags/looked_at/runs/{run}/tasks/audit/details")
    console = page.get_by_role("link", name="Alibaba Cloud SMS console")
    expect(console).to_have_attribute("href", "https://dysms.console.aliyun.com/overview")
    manifest = page.get_by_role("link", name="Manifest of the day")
    screenshot("links")
    href = manifest.get_attribute("href")
    assert href is not None
    page.goto(href)
    expect(page.get_by_role("row", name="return_value")).to_be_visible()
    screenshot("manifest")
    shown = page.content()
    assert not [number for number in (day / "numbers.txt").read_text().split() if number in shown]
