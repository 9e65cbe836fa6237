"""A connection in a real API server: its secrets nowhere, its form in order, and its test in sentences."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.airflow.running_airflow import RunningAirflow
from support.features import keeps_task_state

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.get_provider_info import FIELDS

#: Extras that nobody may read, each with a text of its own.
SECRET = {
    "security_token": "CANARY-security-token",
    "privacy_secret": "CANARY-privacy-secret",
    "privacy_secret_previous": "CANARY-previous-secret",
    "external_id_secret": "CANARY-external-id",
    "credentials_uri_secret": "http://localhost:7002/keys?CANARY-uri",
    "proxy": "http://user:CANARY-proxy-password@proxy:3128",
    "access_key_secret": "CANARY-access-key-secret",
}
OTHERS = {name: "shown" for name in FIELDS if name not in SECRET}


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAirflow]:
    environment = {"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
    home: Path = tmp_path_factory.mktemp("airflow") / "home"
    with RunningAirflow(home, parts=("api-server",), environment=environment) as running:
        yield running


def test_every_password_field_of_the_form_is_a_secret_here() -> None:
    assert {name for name, field in FIELDS.items() if field["schema"].get("format") == "password"} <= SECRET.keys()


def test_a_connection_with_every_extra_shows_no_secret(api_server: RunningAirflow) -> None:
    extra = json.dumps({**OTHERS, **SECRET})
    given = {"connection_id": "every", "conn_type": "dysms", "login": "LTAIx", "password": "CANARY-pw", "extra": extra}
    answers = [
        api_server._ask("POST", "connections", given),
        api_server.get("connections/every"),
        api_server.get("connections"),
    ]
    assert "CANARY" not in json.dumps(answers)
    shown = json.loads(answers[1]["extra"])
    assert shown.keys() == OTHERS.keys() | SECRET.keys()
    assert {name for name, value in shown.items() if value == "***"} >= SECRET.keys()
    assert "CANARY" not in json.dumps(api_server.get("eventLogs"))
    stored = b"".join(cell for place, cell in api_server.everything_stored() if not place.startswith("connection."))
    assert b"CANARY" not in stored


def test_the_command_line_masks_where_airflow_masks(api_server: RunningAirflow) -> None:
    command = ["connections", "add", "by_hand", "--conn-type", "dysms", "--conn-login", "LTAIx"]
    ran = subprocess.run(
        [sys.executable, "-m", "airflow", *command, "--conn-extra", json.dumps(SECRET)],
        env=api_server.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "by_hand" in ran.stdout
    if keeps_task_state():  # an older command line prints no extras
        assert "privacy_secret" in "".join(ran.stdout.split())
    assert "CANARY" not in ran.stdout + ran.stderr


def test_the_form_begins_with_what_everybody_needs(api_server: RunningAirflow) -> None:
    api_server.get("connections")  # which asks for a token
    (form,) = [
        each for each in api_server._request("GET", "ui/connections/hook_meta") if each["connection_type"] == "dysms"
    ]
    assert list(form["extra_fields"]) == list(FIELDS)
    assert list(FIELDS)[:2] == ["region_id", "privacy_secret"]
    assert list(FIELDS).index("role_arn") > list(FIELDS).index("auth_type") > list(FIELDS).index("proxy")
    assert "Needed to send and to wait" in form["extra_fields"]["privacy_secret"]["description"]
    assert "443" in form["extra_fields"]["region_id"]["description"]
    assert "443" in form["standard_fields"]["port"]["placeholder"]


def body(emulator: Emulator, name: str, **extra: Any) -> dict[str, Any]:
    connection = {**emulator.connection(**extra), "connection_id": name}
    return {**connection, "extra": json.dumps(connection["extra"])}


def test_the_test_button_answers_in_sentences_that_name_no_random_id(
    api_server: RunningAirflow, emulator: Emulator
) -> None:
    allowed = api_server._ask("POST", "connections/test", body(emulator, "tested"))
    every = "Every query is allowed: QuerySendDetails, QuerySendStatistics and QueryMessage."
    assert allowed == {"status": True, "message": every}
    refused = api_server._ask("POST", "connections/test", body(emulator, "tested", privacy_secret="short"))
    problem = "privacy_secret has fewer than 16 characters and could be guessed."
    assert refused == {"status": False, "message": f"The connection cannot be used: {problem}"}


def test_a_saved_connection_without_a_port_cannot_be_tested_as_the_form_says(
    api_server: RunningAirflow, emulator: Emulator
) -> None:
    """If this fails, Airflow tests such connections again, and the hints about port 443 can go."""
    saved = {"connection_id": "no_port", "conn_type": "dysms", "login": "LTAIx", "password": "p", "extra": "{}"}
    api_server._ask("POST", "connections", saved)
    try:
        api_server._ask("POST", "connections/test", {**saved, "password": "***", "port": 0})
        status = 200
    except urllib.error.HTTPError as error:
        status = error.code
    assert status == (400 if keeps_task_state() else 200)
