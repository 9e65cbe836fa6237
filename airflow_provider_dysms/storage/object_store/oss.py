"""Checks that an ``aws`` connection to Alibaba Cloud's Object Storage Service (OSS) has the settings that OSS needs.

OSS has an S3 interface. By default botocore sends every put with a checksum trailer (``Content-Encoding:
aws-chunked``) and may address a bucket by its path; OSS refuses both. Its endpoints:
https://www.alibabacloud.com/help/en/oss/developer-reference/use-amazon-s3-sdks-to-access-oss
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow_provider_dysms.model.errors import DysmsInputError

#: Name in ``config_kwargs`` -> value that OSS needs.
_REQUIRED = {
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "s3.addressing_style": "virtual",
    "signature_version": "s3v4",
}

_CONFIG = (
    '{"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required", '
    '"s3": {"addressing_style": "virtual"}, "signature_version": "s3v4"}'
)

#: How to write to OSS, a clause.
HOW_TO_USE = (
    "use the S3 interface of OSS: write s3://conn_id@bucket/folder, and set in the extras of that aws connection "
    '"endpoint_url": "https://s3.oss-cn-hangzhou.aliyuncs.com" (with the region of the bucket) and '
    f'"config_kwargs": {_CONFIG}'
)


def check_settings(fs: Any, argument: str) -> None:
    """Refuse a file system for OSS whose requests OSS would not understand.

    :param fs: an ``S3FileSystem`` of s3fs
    :param argument: name of the argument that it was made for
    :raises DysmsInputError: a setting is missing; the message names it and shows what to write
    """
    host = urlsplit(f"//{(fs.endpoint_url or '').rpartition('//')[2]}").hostname or ""
    if not f".{host.rstrip('.')}".endswith(".aliyuncs.com"):
        return
    found = {name: _setting(fs, name) for name in _REQUIRED}
    # botocore signs with s3v4 by default.
    found["signature_version"] = found["signature_version"] or "s3v4"
    if wrong := [name for name, required in _REQUIRED.items() if found[name] != required]:
        raise DysmsInputError(
            argument,
            f"is in OSS ({host}), which does not understand the requests that botocore sends by default; set in the "
            f'extras of the aws connection "config_kwargs": {_CONFIG} (missing or different: {", ".join(wrong)})',
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
