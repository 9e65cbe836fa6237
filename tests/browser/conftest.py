"""A whole Airflow, an emulator with a day of messages, and a Chromium that looks at them.

Screenshots go to ``.artifacts/``, for people to look at.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from support.airflow.running_airflow import RunningAirflow
from support.airflow.servers import SCRIPTS

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model.dates import beijing_day

ARTIFACTS = SCRIPTS.parent / ".artifacts"
DAGS = Path(__file__).parent / "dags"
PRIVACY_SECRET = "a privacy secret of this test alone"

#: How long the page may take to show something (ms), on a machine that is slow.
TIMEOUT = 60_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def day(dysms_process: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the send log of yesterday, and three of its numbers in ``numbers.txt``."""
    folder = tmp_path_factory.mktemp("day")
    yesterday = beijing_day(datetime.now(UTC)) - timedelta(days=1)
    log = folder / f"{yesterday:%Y%m%d}.csv"
    dysms_process.generate(send_date=yesterday, messages=400, seed=3, log=log)
    with log.open() as lines:
        numbers = [line["phone_number"] for line in csv.DictReader(lines) if len(line["phone_number"]) == 11]
    (folder / "numbers.txt").write_text("\n".join(numbers[:3]))
    return folder


@pytest.fixture(scope="session")
def airflow(dysms_process: Emulator, day: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAirflow]:
    """Airflow, whose connection ``dysms_default`` leads to the emulator."""
    environment = {
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW_CONN_DYSMS_DEFAULT": dysms_process.connection_json(privacy_secret=PRIVACY_SECRET),
        "AIRFLOW_VAR_DYSMS_SENT_URI": f"file://{day}/{{send_date:%Y%m%d}}.csv",
        "AIRFLOW_VAR_DYSMS_OUTPUT_URI": f"file://{day}/output",
        "AIRFLOW_VAR_DYSMS_NUMBERS_URI": f"file://{day}/numbers.txt",
    }
    home = tmp_path_factory.mktemp("airflow") / "home"
    with RunningAirflow(home, dags=DAGS.glob("*.py"), environment=environment) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    found = subprocess.run([sys.executable, SCRIPTS / "chromium.py"], stdout=subprocess.PIPE, text=True, check=True)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # which Chromium needs to run as root
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found.stdout.strip(), args=sandbox)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, airflow: RunningAirflow) -> Iterator[Page]:
    """A new page; paths are relative to Airflow's address."""
    context = browser.new_context(base_url=airflow.url, viewport={"width": 1280, "height": 1400})
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    context.close()


@pytest.fixture
def screenshot(page: Page) -> Callable[[str], None]:
    """Keep a picture of the page under a name."""
    ARTIFACTS.mkdir(exist_ok=True)
    return lambda name: page.screenshot(path=ARTIFACTS / f"{name}.png") and None


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a picture of a whole page under a name."""
    ARTIFACTS.mkdir(exist_ok=True)
    return lambda page, name: page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True) and None


@pytest.fixture
def add_connection(airflow: RunningAirflow, dysms_process: Emulator) -> Callable[..., None]:
    """Add a connection to the emulator through Airflow's API; what is given replaces a field or adds an extra."""

    def add(conn_id: str, **changed: object) -> None:
        fields = json.loads(dysms_process.connection_json(privacy_secret=PRIVACY_SECRET))
        fields["extra"] = json.dumps(fields["extra"])
        airflow.post("connections", {"connection_id": conn_id, **fields, **changed})

    return add
