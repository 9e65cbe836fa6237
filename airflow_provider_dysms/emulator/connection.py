"""The keys that the emulator knows from the start, and the Airflow connection that fits them."""

from __future__ import annotations

import json
import shlex

from airflow_provider_dysms.emulator.state import Key

# Credentials of nothing: they open only this emulator.
DEFAULT_KEY = Key(access_key_id="LTAI5tEmulator", access_key_secret="EmulatorSecret")  # noqa: S106
STS_KEY = Key(
    access_key_id="STS.NTEmulator",
    access_key_secret="EmulatorStsSecret",  # noqa: S106
    security_token="CAISEmulator+/Token==",  # noqa: S106
)


def connection(key: Key, host: str, port: int, **extra: object) -> dict[str, object]:
    """Return the Airflow connection, in the form of its JSON.

    :param extra: further extras of the connection
    """
    token = {} if key.security_token is None else {"auth_type": "sts", "security_token": key.security_token}
    return {
        "conn_type": "dysms",
        "login": key.access_key_id,
        "password": key.access_key_secret,
        "host": host,
        "port": port,
        "schema": "http",
        "extra": {"region_id": "cn-hangzhou", **token, **extra},
    }


def export_line(key: Key, host: str, port: int) -> str:
    """Return the line that a shell takes to make the connection."""
    return f"export AIRFLOW_CONN_DYSMS_DEFAULT={shlex.quote(json.dumps(connection(key, host, port)))}"
