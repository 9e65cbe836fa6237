"""The keys that the emulator knows from the start, and the Airflow connections that fit them."""

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
INTERNATIONAL_KEY = Key(
    access_key_id="LTAI5tEmulatorGlobe",
    access_key_secret="EmulatorGlobeSecret",  # noqa: S106
    site="international",
)
#: Variable of the environment with the token of the admin path, and the one with its address.
TOKEN_VARIABLE, ADMIN_VARIABLE = "DYSMS_EMULATOR_TOKEN", "DYSMS_EMULATOR_ADMIN"


def connection(key: Key, host: str, port: int, **extra: object) -> dict[str, object]:
    """Return the Airflow connection, in the form of its JSON.

    :param extra: further extras of the connection
    """
    token = {} if key.security_token is None else {"auth_type": "sts", "security_token": key.security_token}
    region = "ap-southeast-1" if key.site == "international" else "cn-hangzhou"
    return {
        "conn_type": "dysms",
        "login": key.access_key_id,
        "password": key.access_key_secret,
        "host": host,
        "port": port,
        "schema": "http",
        "extra": {"region_id": region, **token, **extra},
    }


def export_lines(key: Key, host: str, port: int, admin_path: str) -> list[str]:
    """Return the lines that a shell takes to make the connections, and to reach the admin path."""
    variables = {
        "AIRFLOW_CONN_DYSMS_DEFAULT": json.dumps(connection(key, host, port)),
        "AIRFLOW_CONN_DYSMS_INTERNATIONAL": json.dumps(connection(INTERNATIONAL_KEY, host, port)),
        ADMIN_VARIABLE: f"{url(host, port)}{admin_path}",
    }
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def url(host: str, port: int) -> str:
    """Return an address over HTTP, without a slash at the end."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
