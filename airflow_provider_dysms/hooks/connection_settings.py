"""Reads an Airflow connection into the settings of the API client: every field is checked here, extras by name."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.log import mask_secret

from airflow_provider_dysms.api.protocol.actions import API_VERSIONS
from airflow_provider_dysms.api.rate_limiter import QUOTAS
from airflow_provider_dysms.api.settings import QUOTA_SHARE, TIMEOUT, Settings
from airflow_provider_dysms.hooks.extras import flag, number, text, unmasked_extra_warnings, with_current_names
from airflow_provider_dysms.hooks.login import read_login
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import PrivacySecrets, check_privacy_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

log = logging.getLogger(__name__)


def read_connection(
    connection: Connection, requests_per_second: float | None = None
) -> tuple[Settings, PrivacySecrets]:
    """Read a connection, and have Airflow mask each of its secrets in logs.

    :param connection: a connection of the type ``dysms``, or of the official Alibaba provider
    :param requests_per_second: limit for each action; replaces ``quota_share``
    :returns: the client's settings, and the secrets under which numbers are hashed and sealed
    :raises DysmsInputError: a field is missing or wrong; its name is the error's ``argument``
    """
    stored = connection.extra_dejson
    for warning in unmasked_extra_warnings(stored):
        log.warning("The connection %r needs a change: %s", connection.conn_id, warning)
    extra = with_current_names(stored)
    credentials, secrets = read_login(connection, extra)
    privacy_secrets, proxy = _privacy_secrets(extra), text(extra, "proxy")
    for value in (*secrets, *privacy_secrets, proxy):
        if value:
            mask_secret(value)
    settings = Settings(
        credentials=credentials,
        region_id=text(extra, "region_id") or text(extra, "region"),
        host=connection.host or text(extra, "endpoint"),
        port=connection.port or None,  # Airflow's form stores 0 for an empty field
        schema=connection.schema or None,
        allow_custom_endpoint=flag(extra, "allow_custom_endpoint"),
        timeout=number(extra, "timeout", TIMEOUT, maximum=600),
        quota_share=number(extra, "quota_share", QUOTA_SHARE, maximum=1),
        quota=_quota(extra),
        requests_per_second=(
            None
            if requests_per_second is None
            else number({"requests_per_second": requests_per_second}, "requests_per_second", 0, maximum=100_000)
        ),
        ca_bundle=text(extra, "ca_bundle"),
        proxy=proxy,
    )
    for version in API_VERSIONS:
        settings.endpoint(version)
    return settings, privacy_secrets


def _privacy_secrets(extra: Mapping[str, Any]) -> PrivacySecrets:
    current, previous = text(extra, "privacy_secret"), text(extra, "privacy_secret_previous")
    for name, secret in (("privacy_secret", current), ("privacy_secret_previous", previous)):
        if secret is not None:
            check_privacy_secret(name, secret)
    if previous and not current:
        raise DysmsInputError("privacy_secret", "is empty, but privacy_secret_previous is set; set the new one too")
    return PrivacySecrets(current, previous)


def _quota(extra: Mapping[str, Any]) -> dict[str, float]:
    value = extra.get("quota")
    if value is None or value == "":
        return {}
    try:
        quota = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        quota = None
    if not isinstance(quota, dict) or not quota.keys() <= QUOTAS.keys():
        actions = ", ".join(QUOTAS)
        raise DysmsInputError("quota", f'must be JSON such as {{"QueryMessage": 600}}; its actions are {actions}')
    return {action: number(quota, action, QUOTAS[action], maximum=100_000, argument="quota") for action in quota}
