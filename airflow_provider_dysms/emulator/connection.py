"""Holds the access keys of a fresh emulator, and writes the Airflow connections that use them."""

from __future__ import annotations

import json
import shlex

from airflow_provider_dysms.emulator.state import AccessKey

# These credentials are not secret: they only work with an emulator.
DEFAULT_KEY = AccessKey(access_key_id="LTAI5tEmulator", access_key_secret="EmulatorSecret")  # noqa: S106
STS_KEY = AccessKey(
    access_key_id="STS.NTEmulator",
    access_key_secret="EmulatorStsSecret",  # noqa: S106
    security_token="CAISEmulator+/Token==",  # noqa: S106
)
INTERNATIONAL_KEY = AccessKey(
    access_key_id="LTAI5tEmulatorGlobe",
    access_key_secret="EmulatorGlobeSecret",  # noqa: S106
    site="international",
)
#: Environment variables with the token and with the address of the admin path.
TOKEN_VARIABLE, ADMIN_VARIABLE = "DYSMS_EMULATOR_TOKEN", "DYSMS_EMULATOR_ADMIN"


def airflow_connection(
    key: AccessKey, host: str, port: int, authority: str | None = None, **extra: object
) -> dict[str, object]:
    """Return the Airflow connection that reaches an emulator, as the object that Airflow reads from JSON.

    :param key: the access key that signs the requests
    :param authority: file of the certificate authority to trust if the emulator serves over TLS, else ``None``
    :param extra: additional extras of the connection
    """
    trust = {} if authority is None else {"ca_bundle": authority}
    token = {} if key.security_token is None else {"auth_type": "sts", "security_token": key.security_token}
    region = "ap-southeast-1" if key.site == "international" else "cn-hangzhou"
    return {
        "conn_type": "dysms",
        "login": key.access_key_id,
        "password": key.access_key_secret,
        "host": host,
        "port": port,
        "schema": "https" if authority else "http",
        "extra": {"region_id": region, **token, **trust, **extra},
    }


def shell_exports(key: AccessKey, host: str, port: int, admin_path: str, authority: str | None = None) -> list[str]:
    """Return ``export`` lines for a shell: the connections of both accounts, then the address of the admin path."""
    variables = {
        "AIRFLOW_CONN_DYSMS_DEFAULT": json.dumps(airflow_connection(key, host, port, authority)),
        "AIRFLOW_CONN_DYSMS_INTERNATIONAL": json.dumps(airflow_connection(INTERNATIONAL_KEY, host, port, authority)),
        ADMIN_VARIABLE: f"{base_url(host, port, is_tls=authority is not None)}{admin_path}",
    }
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def base_url(host: str, port: int, *, is_tls: bool = False) -> str:
    """Return the address of a host and port, without a slash at the end."""
    scheme = "https" if is_tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
