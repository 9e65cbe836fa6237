"""Chooses the host of OSS that serves a region, and checks that requests may be sent to a host that a user names.

Follows https://www.alibabacloud.com/help/en/oss/developer-reference/use-amazon-s3-sdks-to-access-oss: the hosts with
``s3.`` in front take the requests of S3 clients.
"""

from __future__ import annotations

import re

from airflow_provider_dysms.api.http.endpoints import Endpoint, is_loopback, parse_address
from airflow_provider_dysms.api.http.regions import host_of_region
from airflow_provider_dysms.model.errors import DysmsInputError

#: A host of OSS itself. A bucket is one more label in front, and customers own buckets.
_HOST = re.compile(r"(?:s3\.)?oss-([a-z0-9-]+)\.aliyuncs\.com", re.ASCII)
_BUCKET_HOST = re.compile(r"[a-z0-9-]+\.((?:s3\.)?oss-[a-z0-9-]+\.aliyuncs\.com)", re.ASCII)

#: Regions with a host of another name, or none.
_OTHER_NAMES = re.compile(r"cn-hangzhou-finance|.*-(?:pop|oxs|jva)", re.ASCII)

_CNAME = (
    "is not a host of OSS. A domain name (CNAME) that is bound to a bucket cannot be used here, because S3 clients "
    "write the bucket in front of the host. Accounts that may use only a CNAME from the public network run the task in "
    "a VPC of the bucket's region, with internal set to true and without an endpoint; allow_custom_endpoint is for "
    "other stores"
)


def endpoint_of_region(region: str, *, internal: bool = False) -> Endpoint:
    """Return the endpoint of a region.

    :param region: such as ``cn-hangzhou``
    :param internal: the endpoint within Alibaba Cloud's network, which costs no traffic; default: the public one
    :raises DysmsInputError: Alibaba Cloud does not have the region; the error names similar ones
    """
    try:
        host_of_region(region)
    except DysmsInputError as error:
        raise DysmsInputError("region", error.problem.partition(" A region that is newer")[0].rstrip(".")) from None
    if _OTHER_NAMES.fullmatch(region):
        raise DysmsInputError("region", f"{region} has a host of OSS by another name; write it as the endpoint")
    return Endpoint("https", f"s3.oss-{region}{'-internal' if internal else ''}.aliyuncs.com", 443)


def endpoint_of_address(address: str, *, allow_custom: bool = False) -> Endpoint:
    """Return the endpoint that a user writes.

    :param address: such as ``oss-cn-hangzhou-internal.aliyuncs.com``, also with ``https://`` and a port
    :param allow_custom: whether it may be a host other than those of OSS and this machine, and plain HTTP
    :raises DysmsInputError: it is not a host of OSS, or not HTTPS
    """
    try:
        scheme, host, port = parse_address(address)
    except DysmsInputError:
        raise DysmsInputError(
            "endpoint", "must be a host name, such as oss-cn-hangzhou-internal.aliyuncs.com"
        ) from None
    is_trusted = allow_custom or is_loopback(host)
    is_of_oss = _HOST.fullmatch(host) is not None
    if not is_trusted and not is_of_oss and (found := _BUCKET_HOST.fullmatch(host)):
        raise DysmsInputError("endpoint", f"has a bucket in front; write {found[1]}, and the bucket in the URI")
    if not is_trusted and not is_of_oss:
        raise DysmsInputError("endpoint", _CNAME)
    if scheme == "http" and not is_trusted:
        raise DysmsInputError("endpoint", f"must be https, because http sends everything in clear; write {host}")
    scheme = scheme or "https"
    return Endpoint(scheme, host, port or {"https": 443, "http": 80}[scheme])


def region_of(endpoint: Endpoint) -> str | None:
    """Return the region in the name of a host of OSS; ``None`` for other hosts and for the accelerated one."""
    found = _HOST.fullmatch(endpoint.host)
    if not found or found[1].startswith("accelerate"):
        return None
    return found[1].removesuffix("-internal")
