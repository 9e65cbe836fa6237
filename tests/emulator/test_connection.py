"""The connections that the emulator prints and returns."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

import pytest

from airflow_provider_dysms.emulator.connection import (
    ADMIN_VARIABLE,
    DEFAULT_KEY,
    INTERNATIONAL_KEY,
    STS_KEY,
    airflow_connection,
    shell_exports,
)
from airflow_provider_dysms.emulator.state import AccessKey


def test_the_connection_has_the_form_of_airflow(emulator: Any) -> None:
    connection = json.loads(emulator.connection_json(quota_share=1))
    assert connection == emulator.connection(quota_share=1)
    assert connection["extra"] == {"region_id": "cn-hangzhou", "quota_share": 1}
    assert emulator.url == f"{connection['schema']}://{connection['host']}:{connection['port']}"


@pytest.mark.parametrize(
    ("key", "extra"),
    [
        (DEFAULT_KEY, {"region_id": "cn-hangzhou"}),
        (INTERNATIONAL_KEY, {"region_id": "ap-southeast-1"}),
        (STS_KEY, {"region_id": "cn-hangzhou", "auth_type": "sts", "security_token": STS_KEY.security_token}),
    ],
)
def test_the_extras_fit_the_key(key: AccessKey, extra: dict[str, Any]) -> None:
    connection = airflow_connection(key, "127.0.0.1", 8085, quota_share=1)
    assert (connection["login"], connection["password"]) == (key.access_key_id, key.access_key_secret)
    assert connection["extra"] == {**extra, "quota_share": 1}


def test_a_shell_reads_the_printed_lines() -> None:
    key = AccessKey(access_key_id="id", access_key_secret="it's $HOME")
    script = "\n".join([*shell_exports(key, "::1", 8085, "/_emulator/token/"), "env -0"])
    environment = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout.decode()
    variables = dict(line.split("=", 1) for line in environment.split("\0") if "DYSMS" in line)
    assert json.loads(variables["AIRFLOW_CONN_DYSMS_DEFAULT"])["password"] == "it's $HOME"
    assert json.loads(variables["AIRFLOW_CONN_DYSMS_INTERNATIONAL"])["login"] == INTERNATIONAL_KEY.access_key_id
    assert variables[ADMIN_VARIABLE] == "http://[::1]:8085/_emulator/token/"
