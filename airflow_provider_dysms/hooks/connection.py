"""Reads an Airflow connection into what the client takes. Every extra is read by name, and checked here alone."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.log import mask_secret

from airflow_provider_dysms.api.protocol.actions import CHINA, INTERNATIONAL
from airflow_provider_dysms.api.rate_limiter import QUOTAS
from airflow_provider_dysms.api.settings import QUOTA_SHARE, TIMEOUT, Settings
from airflow_provider_dysms.hooks.credentials import read_login
from airflow_provider_dysms.hooks.extras import PrivacySecrets, flag, number, shown_in_clear, text, with_current_names
from airflow_provider_dysms.model import privacy
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

log = logging.getLogger(__name__)


def read_connection(
    connection: Connection, requests_per_second: float | None = None
) -> tuple[Settings, PrivacySecrets]:
    """Return the client's settings and the secrets for privacy, and have every secret masked in logs.

    :param connection: of type ``dysms``, or one of the official Alibaba provider
    :param requests_per_second: takes the place of ``quota_share``
    :raises DysmsInputError: a field is missing or wrong; its name is the error's ``argument``
    """
    given = connection.extra_dejson
    for sentence in shown_in_clear(given):
        log.warning("The connection %r: %s", connection.conn_id, sentence)
    extra = with_current_names(given)
    credentials, secrets = read_login(connection, extra)
    privacy, proxy = _privacy_secrets(extra), text(extra, "proxy")
    for value in (*secrets, *privacy, proxy):
        if value:
            mask_secret(value)
    settings = Settings(
        credentials=credentials,
        region_id=text(extra, "region_id") or text(extra, "region"),
        host=connection.host or text(extra, "endpoint"),
        port=connection.port or None,  # Airflow's form says 0 for an empty field
        schema=connection.schema or None,
        allow_custom_endpoint=flag(extra, "allow_custom_endpoint"),
        timeout=number(extra, "timeout", TIMEOUT, most=600),
        quota_share=number(extra, "quota_share", QUOTA_SHARE, most=1),
        quota=_quota(extra),
        requests_per_second=(
            None
            if requests_per_second is None
            else number({"requests_per_second": requests_per_second}, "requests_per_second", 0, most=100_000)
        ),
        ca_bundle=text(extra, "ca_bundle"),
        proxy=proxy,
    )
    for version in (CHINA, INTERNATIONAL):
        settings.endpoint(version)
    return settings, privacy


def _privacy_secrets(extra: Mapping[str, Any]) -> PrivacySecrets:
    current, previous = text(extra, "privacy_secret"), text(extra, "privacy_secret_previous")
    for name, secret in (("privacy_secret", current), ("privacy_secret_previous", previous)):
        if secret is not None:
            privacy.check_privacy_secret(name, secret)
    if previous and not current:
        raise DysmsInputError("privacy_secret", "is empty, and privacy_secret_previous is set; set the new one too")
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
        raise DysmsInputError("quota", f'is JSON such as {{"QueryMessage": 600}}, by action: {", ".join(QUOTAS)}')
    return {action: number(quota, action, QUOTAS[action], most=100_000, argument="quota") for action in quota}
