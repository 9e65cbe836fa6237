"""Rules of Alibaba Cloud's Object Storage Service (OSS): names of buckets, endpoints, settings of S3 clients.

OSS has an S3 interface. By default botocore sends every put with a checksum trailer (``Content-Encoding:
aws-chunked``) and may address a bucket by its path; OSS refuses both. Its endpoints:
https://www.alibabacloud.com/help/en/oss/developer-reference/use-amazon-s3-sdks-to-access-oss
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Settings of botocore without which OSS refuses requests, and those of them that stand under ``s3``.
REQUIRED: Mapping[str, str] = {
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "signature_version": "s3v4",
}
REQUIRED_S3: Mapping[str, str] = {"addressing_style": "virtual"}

#: The name of a bucket; an S3 client writes any other name into the path, which OSS refuses.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", re.ASCII)


def check_bucket(bucket: str, *, has_connection: bool, argument: str) -> None:
    """Refuse an ``oss://`` URI that cannot be a bucket's.

    :param has_connection: whether the URI names a connection
    :param argument: name of the argument that has the URI
    :raises DysmsInputError: OSS does not allow the name of the bucket, or the connection is missing
    """
    if not _BUCKET.fullmatch(bucket):
        raise DysmsInputError(
            argument,
            "has no name of a bucket of OSS; it has 3 to 63 lower-case letters, digits and hyphens, as in "
            "oss://conn_id@bucket/folder",
        )
    if not has_connection:
        raise DysmsInputError(argument, f"names no connection; write oss://conn_id@{bucket}/folder")


def store_of(endpoint_url: str) -> str:
    """Return the same text for all endpoints that lead to the same store, with or without ``s3.`` or ``-internal``."""
    host = urlsplit(endpoint_url if "//" in endpoint_url else f"//{endpoint_url}").netloc
    if not host.endswith(".aliyuncs.com"):
        return endpoint_url
    return host.removeprefix("s3.").replace("-internal.", ".")


def check_settings(fs: Any, argument: str) -> None:
    """Refuse a file system for OSS whose requests OSS would not understand.

    :param fs: an ``S3FileSystem`` of s3fs
    :param argument: name of the argument that it was made for
    :raises DysmsInputError: a setting is missing; the message names it and shows what to write
    """
    host = urlsplit(f"//{(fs.endpoint_url or '').rpartition('//')[2]}").hostname or ""
    if not f".{host.rstrip('.')}".endswith(".aliyuncs.com"):
        return
    required = {**REQUIRED, **{f"s3.{name}": value for name, value in REQUIRED_S3.items()}}
    found = {name: _setting(fs, name) for name in required}
    # botocore signs with s3v4 by default.
    found["signature_version"] = found["signature_version"] or "s3v4"
    if wrong := [name for name, value in required.items() if found[name] != value]:
        config = json.dumps({**REQUIRED, "s3": REQUIRED_S3})
        raise DysmsInputError(
            argument,
            f"is in OSS ({host}), which does not understand the requests that botocore sends by default; write oss:// "
            f'with a connection for OSS, or set in the extras of the aws connection "config_kwargs": {config} '
            f"(missing or different: {', '.join(wrong)})",
        )


def _setting(fs: Any, name: str) -> object:
    """Return a setting of the connection, or else of this machine's AWS configuration."""
    section, _, option = name.rpartition(".")
    settings = fs.config_kwargs
    if section:
        settings = settings.get(section)
    if isinstance(settings, dict) and option in settings:
        return settings[option]
    if section or option == "signature_version":
        return None
    return fs.session.get_config_variable(option)
