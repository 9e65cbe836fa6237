"""The connection form in a browser: every field has its help, secrets are masked and kept, and the test answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest
from airflow import __version__ as airflow_version
from packaging.version import Version
from playwright.sync_api import Page, expect
from support.airflow.running_airflow import RunningAirflow

from airflow_provider_dysms.get_provider_info import FIELDS
from airflow_provider_dysms.hooks.dysms import DysmsHook

#: The form of Airflow 3.2 shows an extra while it is typed; docs/connection.md says so.
IS_HIDDEN_WHILE_TYPED = Version(airflow_version) >= Version("3.3")

SECRETS = [name for name, field in FIELDS.items() if field["schema"].get("format") == "password"]


def open_form(page: Page, conn_id: str) -> None:
    """Open the form of a new connection of our type."""
    page.goto("/connections")
    page.get_by_role("button", name="Add Connection").click()
    page.get_by_label("Connection ID").fill(conn_id)
    page.get_by_role("combobox").click()
    page.keyboard.type(DysmsHook.hook_name)
    page.keyboard.press("Enter")


def open_section(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_every_field_has_its_help_and_secrets_are_masked(page: Page, screenshot: Callable[[str], None]) -> None:
    open_form(page, "looked_at")
    for label in ("AccessKey ID", "AccessKey secret", "Endpoint", "Endpoint scheme", "Endpoint port"):
        expect(page.get_by_text(label, exact=True)).to_be_visible()
    expect(page.locator("[name=password]")).to_have_attribute("type", "password")
    screenshot("connection-form")
    open_section(page, "Extra Fields")
    page.set_viewport_size({"width": 1280, "height": 2600})
    for name, field in FIELDS.items():
        expect(page.get_by_text(field["label"], exact=True)).to_be_visible()
        expect(page.get_by_text(field["description"], exact=True)).to_be_visible()
        if name in SECRETS:
            is_hidden = page.locator(f"[name=element_{name}][type=password]")
            expect(is_hidden).to_have_count(1 if IS_HIDDEN_WHILE_TYPED else 0)
    screenshot("connection-form-extras")


def test_saving_and_editing_keep_the_secrets(page: Page, airflow: RunningAirflow) -> None:
    open_form(page, "saved")
    page.locator("[name=login]").fill("LTAIx")
    page.locator("[name=password]").fill("the secret of the key")
    open_section(page, "Extra Fields")
    page.locator("[name=element_region_id]").fill("cn-shenzhen")
    page.locator("[name=element_privacy_secret]").fill("sixteen characters and more")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="saved", exact=True)).to_be_visible()
    page.get_by_role("row", name="saved").get_by_role("button", name="Edit Connection").click()
    expect(page.locator("[name=password]")).not_to_have_value("the secret of the key")
    page.locator("[name=description]").fill("edited")
    open_section(page, "Extra Fields")
    expect(page.locator("[name=element_privacy_secret]")).not_to_have_value("sixteen characters and more")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    stored = airflow.connection("saved")
    extra = json.loads(stored["extra"])
    assert (stored["description"], stored["password"]) == ("edited", "the secret of the key")
    assert (extra["region_id"], extra["privacy_secret"]) == ("cn-shenzhen", "sixteen characters and more")
    shown = page.content() + json.dumps(airflow.get("connections/saved"))
    assert "the secret of the key" not in shown
    assert "sixteen characters" not in shown


@pytest.mark.parametrize("case", ["good", "wrong_secret", "unreachable"])
def test_the_test_button_answers_in_plain_sentences(
    page: Page, add_connection: Callable[..., None], screenshot: Callable[[str], None], case: str
) -> None:
    with socket.socket() as closed:  # bound and not listening: it refuses connections
        closed.bind(("127.0.0.1", 0))
        changed: dict[str, dict[str, object]] = {
            "good": {},
            "wrong_secret": {"password": "NotTheSecret"},
            "unreachable": {"port": closed.getsockname()[1]},
        }
        add_connection(case, **changed[case])
        page.goto("/connections")
        page.get_by_role("row", name=case).get_by_role("button", name="Test Connection").click()
        toast = page.get_by_role("region", name="Notifications").get_by_role("status")
        expect(toast).to_be_visible()
        screenshot(f"test-{case}")
        answer = toast.inner_text()
    print(answer)
    expected = {
        "good": "Every query is allowed: QuerySendDetails, QuerySendStatistics and QueryMessage.",
        "wrong_secret": "The connection does not work, because QuerySendDetails, QuerySendStatistics and ",
        "unreachable": "The connection does not work, because QuerySendDetails, QuerySendStatistics and ",
    }
    assert expected[case] in answer
    assert answer.count("QuerySendDetails") == 1
    assert ".;" not in answer
