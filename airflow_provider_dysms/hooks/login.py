"""Reads the credentials of a connection: a fixed access key, or a provider of temporary keys, by its ``auth_type``."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.http.endpoints import endpoint_of
from airflow_provider_dysms.hooks.extras import flag, number, text
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

    from airflow_provider_dysms.api.auth.providers import CredentialsProvider

_ROLE_FIELDS = ("role_arn", "role_session_name", "role_session_expiration", "policy", "sts_endpoint")

#: ``auth_type`` -> the extras it reads, apart from login, password and ``security_token``.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "access_key": (),
    "AK": (),
    "sts": (),
    "ram_role_arn": (*_ROLE_FIELDS, "external_id_secret"),
    "ecs_ram_role": ("role_name", "metadata_endpoint"),
    "oidc_role_arn": (*_ROLE_FIELDS, "oidc_provider_arn", "oidc_token_file"),
    "credentials_uri": ("credentials_uri_secret",),
    "default": ("metadata_endpoint",),
}

#: Extra -> environment variable that is read if the extra is empty. Clusters set these (RRSA of ACK, for example); the
#: vendor's packages read the same names.
_ENVIRONMENT = {
    "role_arn": "ALIBABA_CLOUD_ROLE_ARN",
    "oidc_provider_arn": "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    "oidc_token_file": "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    "credentials_uri_secret": "ALIBABA_CLOUD_CREDENTIALS_URI",
}

#: ``auth_type`` -> extras that it requires.
_REQUIRED = {
    "ram_role_arn": ("role_arn",),
    "oidc_role_arn": ("role_arn", "oidc_provider_arn", "oidc_token_file"),
    "credentials_uri": ("credentials_uri_secret",),
}

#: Extra -> the form that the vendor accepts, as a pattern and in words.
_FORMATS = {
    "role_arn": (re.compile(r"acs:ram::\d+:role/\S+", re.ASCII), "like acs:ram::<account>:role/<name>"),
    "oidc_provider_arn": (
        re.compile(r"acs:ram::\d+:oidc-provider/\S+", re.ASCII),
        "like acs:ram::<account>:oidc-provider/<name>",
    ),
    "role_session_name": (
        re.compile(r"[\w.@-]{2,64}", re.ASCII),
        "2 to 64 letters, digits and any of . _ @ - without blanks",
    ),
    "role_name": (re.compile(r"[\w.@-]{1,64}", re.ASCII), "the name of a role, not its ARN"),
    "external_id_secret": (
        re.compile(r"[\w=,.@:/+-]{2,1224}", re.ASCII),
        "2 to 1224 letters, digits and any of = , . @ : / + _ - without blanks",
    ),
}

#: Extras in :data:`FIELDS` that hold secrets.
_SECRET_FIELDS = ("external_id_secret", "credentials_uri_secret")


def read_login(connection: Connection, extra: Mapping[str, Any]) -> tuple[Credentials | CredentialsProvider, list[str]]:
    """Read the credentials of a connection.

    :param extra: the connection's extras, under their current names
    :returns: the credentials or their provider, and every secret that was read, to be masked
    :raises DysmsInputError: a field is missing or wrong, or belongs to another ``auth_type``; its name is the error's
        ``argument``
    """
    auth_type = extra.get("auth_type") or "access_key"
    if not isinstance(auth_type, str) or auth_type not in FIELDS:
        raise DysmsInputError("auth_type", f"must be one of {', '.join(FIELDS)}")
    _check_fields(auth_type, extra)
    secret = connection.password or text(extra, "access_key_secret") or ""
    token = text(extra, "security_token")
    secrets = [value for value in (secret, token, *(text(extra, name) for name in _SECRET_FIELDS)) if value]
    if auth_type == "sts" and not token:
        raise DysmsInputError("security_token", "is empty; auth_type sts needs one")
    login = None
    if auth_type in ("access_key", "AK", "sts", "ram_role_arn"):
        login = Credentials(connection.login or text(extra, "access_key_id") or "", secret, token)
        if auth_type != "ram_role_arn":
            return login, secrets
    return _provider(auth_type, login, extra), secrets


def _provider(auth_type: str, login: Credentials | None, extra: Mapping[str, Any]) -> CredentialsProvider:
    from airflow_provider_dysms.api.auth.providers import METADATA_ENDPOINT, SESSION_NAME, CredentialsProvider

    allow_custom = flag(extra, "allow_custom_endpoint")
    names = ("role_arn", "oidc_provider_arn", "oidc_token_file")
    role_fields = {name: _field(auth_type, name, extra) for name in names}
    sts, metadata = (text(extra, name) for name in ("sts_endpoint", "metadata_endpoint"))
    uri = _field(auth_type, "credentials_uri_secret", extra)
    return CredentialsProvider(
        auth_type=auth_type,
        login=login,
        **role_fields,
        role_session_name=text(extra, "role_session_name") or SESSION_NAME,
        role_session_expiration=_expiration(extra),
        policy=_policy(extra),
        external_id=text(extra, "external_id_secret"),
        sts_endpoint=endpoint_of("sts_endpoint", sts, allow_custom=allow_custom) if sts else None,
        role_name=text(extra, "role_name"),
        metadata_endpoint=(
            endpoint_of("metadata_endpoint", metadata, allow_custom=allow_custom) if metadata else METADATA_ENDPOINT
        ),
        credentials_uri=_uri(uri, allow_custom) if uri else None,
        allow_custom_endpoint=allow_custom,
    )


def _check_fields(auth_type: str, extra: Mapping[str, Any]) -> None:
    for name in sorted({name for names in FIELDS.values() for name in names}):
        if extra.get(name) in (None, ""):
            continue
        if name not in FIELDS[auth_type]:
            users = ", ".join(each for each, names in FIELDS.items() if name in names)
            raise DysmsInputError(
                name, f"is set, but auth_type {auth_type} does not use it; choose auth_type {users}, or leave it empty"
            )
    for name in _REQUIRED.get(auth_type, ()):
        if not _field(auth_type, name, extra):
            raise DysmsInputError(name, f"is empty; auth_type {auth_type} needs it")
    _check_formats(auth_type, extra)


def _field(auth_type: str, name: str, extra: Mapping[str, Any]) -> str | None:
    if name not in FIELDS[auth_type]:
        return None
    # A login assumes the role that the connection names, never the role of the machine.
    from_environment = None if auth_type == "ram_role_arn" else os.environ.get(_ENVIRONMENT[name])
    return text(extra, name) or from_environment or None


def _check_formats(auth_type: str, extra: Mapping[str, Any]) -> None:
    for name, (pattern, description) in _FORMATS.items():
        value = _field(auth_type, name, extra) if name in _ENVIRONMENT else text(extra, name)
        if value is not None and not pattern.fullmatch(value):
            raise DysmsInputError(name, f"must be {description}")


def _expiration(extra: Mapping[str, Any]) -> int:
    seconds = number(extra, "role_session_expiration", 3600, maximum=43200)
    if seconds < 900:
        raise DysmsInputError("role_session_expiration", "must be a number of seconds, 900 or more")
    return int(seconds)


def _policy(extra: Mapping[str, Any]) -> str | None:
    policy = extra.get("policy")
    if isinstance(policy, dict):
        return json.dumps(policy)
    policy_json = text(extra, "policy")
    try:
        if policy_json is None or isinstance(json.loads(policy_json), dict):
            return policy_json
    except (ValueError, RecursionError):
        pass
    raise DysmsInputError("policy", "must be a JSON object, as the RAM console shows it")


def _uri(uri: str, allow_custom: bool) -> str:
    """Check the address of a credentials service; return it with an explicit port, which the vendor's package needs."""
    try:
        parts = urlsplit(uri)
        is_valid = parts.scheme in ("http", "https") and "@" not in parts.netloc and not parts.fragment
    except ValueError:
        is_valid = False
    if not is_valid or not uri.isascii() or not uri.isprintable() or " " in uri:
        raise DysmsInputError(
            "credentials_uri_secret", "must be an address such as http://localhost:7002/key, without a user"
        )
    endpoint = endpoint_of("credentials_uri_secret", f"{parts.scheme}://{parts.netloc}", allow_custom=allow_custom)
    query = f"?{parts.query}" if parts.query else ""
    return f"{endpoint.scheme}://{endpoint.host}:{endpoint.port}{parts.path or '/'}{query}"
