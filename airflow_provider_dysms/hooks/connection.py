"""Reads an Airflow connection into what the client takes. Every extra is read by name, and checked here alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.sdk.log import mask_secret

from airflow_provider_dysms.api.actions import CHINA, INTERNATIONAL
from airflow_provider_dysms.api.credentials import Credentials
from airflow_provider_dysms.api.errors import DysmsInputError
from airflow_provider_dysms.api.quota import QUOTAS
from airflow_provider_dysms.api.settings import QUOTA_SHARE, TIMEOUT, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

AUTH_TYPES = {"access_key": "access_key", "AK": "access_key", "sts": "sts"}


def read_connection(connection: Connection, requests_per_second: float | None = None) -> tuple[Settings, str | None]:
    """Return the client's settings and the ``privacy_key``, and have the secrets among them masked in logs.

    :param connection: of type ``dysms``, or one of the official Alibaba provider
    :param requests_per_second: takes the place of ``quota_share``
    :raises DysmsInputError: a field is missing or wrong; its name is the error's ``argument``
    """
    extra = connection.extra_dejson
    auth_type = extra.get("auth_type") or "access_key"
    if not isinstance(auth_type, str) or auth_type not in AUTH_TYPES:
        raise DysmsInputError("auth_type", f"is one of {', '.join(AUTH_TYPES)}, and here it is none of them")
    is_sts = AUTH_TYPES[auth_type] == "sts"
    token = _text(extra, "security_token")
    if is_sts and not token:
        raise DysmsInputError("security_token", "is empty, and auth_type sts needs one")
    secret = connection.password or _text(extra, "access_key_secret") or ""
    privacy_key, proxy = _text(extra, "privacy_key"), _text(extra, "proxy")
    for value in (secret, token, privacy_key, proxy):
        if value:
            mask_secret(value)
    settings = Settings(
        credentials=Credentials(connection.login or _text(extra, "access_key_id") or "", secret, token),
        region_id=_text(extra, "region_id") or _text(extra, "region"),
        host=connection.host or _text(extra, "endpoint"),
        port=connection.port,
        schema=connection.schema or None,
        allow_custom_endpoint=_flag(extra, "allow_custom_endpoint"),
        timeout=_number(extra, "timeout", TIMEOUT, most=600),
        quota_share=_number(extra, "quota_share", QUOTA_SHARE, most=1),
        quota=_quota(extra),
        requests_per_second=(
            None
            if requests_per_second is None
            else _number({"requests_per_second": requests_per_second}, "requests_per_second", 0, most=100_000)
        ),
        ca_bundle=_text(extra, "ca_bundle"),
        proxy=proxy,
    )
    for version in (CHINA, INTERNATIONAL):
        settings.endpoint(version)
    return settings, privacy_key


def _text(extra: Mapping[str, Any], name: str) -> str | None:
    value = extra.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DysmsInputError(name, f"is text, not {type(value).__name__}")
    return value


def _number(extra: Mapping[str, Any], name: str, default: float, *, most: float, argument: str | None = None) -> float:
    value = extra.get(name)
    if value is None or value == "":
        return default
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 < number <= most:
        raise DysmsInputError(argument or name, f"is a number above 0 and at most {most:g}")
    return number


def _flag(extra: Mapping[str, Any], name: str) -> bool:
    value = extra.get(name)
    text = str(value).strip().lower()
    if value is None or text in ("", "false", "0", "no"):
        return False
    if text in ("true", "1", "yes"):
        return True
    raise DysmsInputError(name, "is true or false")


def _quota(extra: Mapping[str, Any]) -> dict[str, float]:
    value = extra.get("quota")
    if value is None or value == "":
        return {}
    try:
        quota = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        quota = None
    if not isinstance(quota, dict) or not quota.keys() <= QUOTAS.keys():
        raise DysmsInputError("quota", f'is JSON such as {{"QueryMessage": 600}}, by action: {", ".join(QUOTAS)}')
    return {action: _number(quota, action, QUOTAS[action], most=100_000, argument="quota") for action in quota}
