"""Reads an Airflow connection for OSS: the layout of the official Alibaba provider, or a connection for Dysms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.filesystems.oss_endpoint import endpoint_of_address, endpoint_of_region, region_of
from airflow_provider_dysms.hooks.extras import flag, text, with_current_names
from airflow_provider_dysms.hooks.login import read_login
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

    from airflow_provider_dysms.api.auth.credentials import Credentials
    from airflow_provider_dysms.api.auth.providers import CredentialsProvider
    from airflow_provider_dysms.api.http.endpoints import Endpoint


@dataclass(frozen=True)
class OSSConnection:
    """The settings of a connection for OSS.

    :param endpoint: the host that serves the region of the bucket
    :param region: for which requests are signed, such as ``cn-hangzhou``
    :param credentials: an access key, or the provider of temporary ones
    :param ca_bundle: file of PEM certificates to trust instead of the system's
    :param proxy: ``http://[user:password@]host:port``
    :param config_kwargs: further settings of botocore, such as ``{"read_timeout": 30}``
    """

    endpoint: Endpoint
    region: str
    credentials: Credentials | CredentialsProvider
    ca_bundle: str | None = None
    proxy: str | None = field(default=None, repr=False)
    config_kwargs: Mapping[str, Any] = field(default_factory=dict)


def read_oss_connection(connection: Connection) -> tuple[OSSConnection, list[str]]:
    """Read a connection.

    The extras are those of the official provider (``auth_type``, ``access_key_id``, ``access_key_secret``, ``region``,
    ``endpoint``), those of a ``dysms`` connection (``region_id``, ``security_token``, the fields of roles, ``proxy``,
    ``ca_bundle``, ``allow_custom_endpoint``), ``internal`` and ``config_kwargs``. The host of a ``dysms`` connection is
    that of another service and is not read.

    :param connection: of the type ``oss``, ``dysms`` or any other
    :returns: the connection, and every secret in it, to be masked
    :raises DysmsInputError: a field is missing or wrong; its name is the error's ``argument``
    """
    extra = with_current_names(connection.extra_dejson)
    credentials, secrets = read_login(connection, extra)
    region = text(extra, "region") or text(extra, "region_id")
    endpoint = _endpoint(connection, extra, region)
    region = region or region_of(endpoint)
    if region is None:
        raise DysmsInputError("region", "is empty; it is the region of the bucket, such as cn-hangzhou")
    proxy = text(extra, "proxy")
    config = extra.get("config_kwargs") or {}
    if not isinstance(config, dict):
        raise DysmsInputError("config_kwargs", f"must be an object of botocore's settings, not {type(config).__name__}")
    oss = OSSConnection(endpoint, region, credentials, text(extra, "ca_bundle"), proxy, config)
    return oss, [*secrets, *([proxy] if proxy else [])]


def _endpoint(connection: Connection, extra: Mapping[str, Any], region: str | None) -> Endpoint:
    address = None
    if connection.conn_type != "dysms":
        address = text(extra, "endpoint") or _host(connection)
    internal = flag(extra, "internal")
    if address is None:
        if region is None:
            raise DysmsInputError("region", "is empty; it is the region of the bucket, such as cn-hangzhou")
        return endpoint_of_region(region, internal=internal)
    endpoint = endpoint_of_address(address, allow_custom=flag(extra, "allow_custom_endpoint"))
    if internal and region_of(endpoint) and "-internal." not in endpoint.host:
        raise DysmsInputError("internal", "is true, but the endpoint is a public one; remove one of them")
    return endpoint


def _host(connection: Connection) -> str | None:
    if not connection.host:
        return None
    return f"{connection.host}:{connection.port}" if connection.port else connection.host
