"""The host of a region, and the hosts that a user may name."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.filesystems.oss_endpoint import endpoint_of_address, endpoint_of_region, region_of
from airflow_provider_dysms.model.errors import DysmsInputError


@pytest.mark.parametrize(
    ("region", "internal", "url"),
    [
        ("cn-hangzhou", False, "https://s3.oss-cn-hangzhou.aliyuncs.com"),
        ("cn-hangzhou", True, "https://s3.oss-cn-hangzhou-internal.aliyuncs.com"),
        ("ap-southeast-1", False, "https://s3.oss-ap-southeast-1.aliyuncs.com"),
    ],
)
def test_a_region_has_a_public_and_an_internal_host(region: str, internal: bool, url: str) -> None:
    endpoint = endpoint_of_region(region, internal=internal)
    assert endpoint.url == url
    assert region_of(endpoint) == region


@pytest.mark.parametrize(
    ("region", "problem"),
    [
        ("cn-hangzhu", r"'cn-hangzhu'; did you mean cn-hangzhou \(Hangzhou\)"),
        ("us-east-9", "is not a region of Alibaba Cloud"),
        ("cn-hangzhou-finance", "has a host of OSS by another name; write it as the endpoint"),
    ],
)
def test_a_region_without_a_host_of_its_name_is_an_error(region: str, problem: str) -> None:
    with pytest.raises(DysmsInputError, match=f"^region .*{problem}"):
        endpoint_of_region(region)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("oss-cn-hangzhou.aliyuncs.com", "https://oss-cn-hangzhou.aliyuncs.com"),
        ("https://OSS-cn-hangzhou-internal.aliyuncs.com/", "https://oss-cn-hangzhou-internal.aliyuncs.com"),
        ("s3.oss-cn-beijing.aliyuncs.com:443", "https://s3.oss-cn-beijing.aliyuncs.com"),
        ("s3.oss-accelerate.aliyuncs.com", "https://s3.oss-accelerate.aliyuncs.com"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    ],
)
def test_hosts_of_oss_and_of_this_machine_are_taken(address: str, url: str) -> None:
    assert endpoint_of_address(address).url == url


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://oss-cn-hangzhou.aliyuncs.com", "must be https, because http sends everything in clear"),
        ("audits.oss-cn-hangzhou.aliyuncs.com", "has a bucket in front; write oss-cn-hangzhou.aliyuncs.com, and the"),
        ("files.example.com", r"is not a host of OSS\. A domain name \(CNAME\) .* internal set to true"),
        ("oss-cn-hangzhou.aliyuncs.com.example.com", "is not a host of OSS"),
        ("oss-cn-hangzhou.aliyuncs.com/audits", "must be a host name, such as oss-cn-hangzhou-internal"),
        ("user:password@oss-cn-hangzhou.aliyuncs.com", "must be a host name"),
    ],
)
def test_other_hosts_are_refused(address: str, problem: str) -> None:
    with pytest.raises(DysmsInputError, match=f"^endpoint {problem}"):
        endpoint_of_address(address)


def test_another_store_may_be_allowed() -> None:
    assert endpoint_of_address("http://store.example.com", allow_custom=True).url == "http://store.example.com"


def test_the_accelerated_host_has_no_region() -> None:
    assert region_of(endpoint_of_address("oss-accelerate.aliyuncs.com")) is None
    assert region_of(endpoint_of_address("127.0.0.1")) is None
