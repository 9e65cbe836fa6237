"""Opens ``oss://conn_id@bucket/key`` for Airflow: the provider's key ``filesystems`` names this module.

Airflow loads the module of every provider for the first path of any scheme. So s3fs is imported when a bucket is
opened.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from airflow.sdk.log import mask_secret

from airflow_provider_dysms.filesystems.oss_connection import read_oss_connection
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.filesystems.oss_file_system import OSSFileSystem

# UPath has no class of its own for the scheme and warns of its general one, which the tests of this package cover.
warnings.filterwarnings("ignore", "UPath 'oss' filesystem not explicitly implemented", UserWarning)

#: The schemes that Airflow opens with :func:`get_fs`.
schemes = ["oss"]


def get_fs(conn_id: str | None, storage_options: Mapping[str, Any] | None = None) -> OSSFileSystem:
    """Return the file system of a connection; Airflow calls this for ``oss://``.

    :param conn_id: a connection of the type ``oss``, as the official Alibaba provider has it, or of the type ``dysms``
    :param storage_options: options of :class:`~.oss_file_system.OSSFileSystem`; they take precedence
    :raises DysmsInputError: the connection id is missing, or a field of the connection is missing or wrong
    :raises ImportError: the extra ``oss`` is not installed
    """
    from airflow.sdk import BaseHook

    if not conn_id:
        raise DysmsInputError("the URI", "names no connection; write oss://conn_id@bucket/folder")
    try:
        connection, secrets = read_oss_connection(BaseHook.get_connection(conn_id))
    except DysmsInputError as error:
        error.prefix_message(f"the connection {conn_id!r}")
        raise
    for secret in secrets:
        mask_secret(secret)
    from airflow_provider_dysms.filesystems.oss_credentials import session_of
    from airflow_provider_dysms.filesystems.oss_file_system import OSSFileSystem

    options: dict[str, Any] = {
        "endpoint_url": connection.endpoint.url,
        "region": connection.region,
        "session": session_of(connection.credentials, ca_bundle=connection.ca_bundle, proxy=connection.proxy),
        "ca_bundle": connection.ca_bundle,
        "proxy": connection.proxy,
        "config_kwargs": connection.config_kwargs,
    }
    return OSSFileSystem(**{**options, **(storage_options or {})})
