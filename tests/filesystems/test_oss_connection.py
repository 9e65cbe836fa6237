"""Connections for OSS: the layout of the official Alibaba provider, Airflow's own fields, and a Dysms connection."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import Connection

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.filesystems.oss_connection import read_oss_connection
from airflow_provider_dysms.model.errors import DysmsInputError

OFFICIAL = {"auth_type": "AK", "access_key_id": "LTAIx", "access_key_secret": "secret", "region": "cn-hangzhou"}


def read(extra: dict[str, Any], **fields: Any) -> Any:
    return read_oss_connection(
        Connection(**{"conn_id": "oss_x", "conn_type": "oss", "extra": json.dumps(extra), **fields})
    )


def test_the_layout_of_the_official_provider() -> None:
    found, secrets = read(OFFICIAL)
    assert found.credentials == Credentials("LTAIx", "secret")
    assert found.endpoint.url == "https://s3.oss-cn-hangzhou.aliyuncs.com"
    assert found.region == "cn-hangzhou"
    assert secrets == ["secret"]


def test_the_endpoint_of_the_official_provider_replaces_that_of_the_region() -> None:
    found, _ = read({**OFFICIAL, "endpoint": "oss-cn-beijing-internal.aliyuncs.com"})
    assert found.endpoint.url == "https://oss-cn-beijing-internal.aliyuncs.com"


def test_the_internal_host_is_a_choice() -> None:
    assert read({**OFFICIAL, "internal": True})[0].endpoint.host == "s3.oss-cn-hangzhou-internal.aliyuncs.com"
    with pytest.raises(DysmsInputError, match=r"^internal is true, but the endpoint is a public one"):
        read({**OFFICIAL, "internal": True, "endpoint": "oss-cn-hangzhou.aliyuncs.com"})


def test_airflows_own_fields() -> None:
    found, _ = read({}, login="LTAIx", password="secret", host="oss-cn-hangzhou.aliyuncs.com", port=443)
    assert found.credentials == Credentials("LTAIx", "secret")
    assert found.endpoint.url == "https://oss-cn-hangzhou.aliyuncs.com"
    assert found.region == "cn-hangzhou"


def test_of_a_dysms_connection_the_key_and_the_region_are_taken_and_not_the_host() -> None:
    fields = {"conn_type": "dysms", "host": "dysmsapi.aliyuncs.com", "login": "LTAIx", "password": "secret"}
    found, _ = read({"region_id": "ap-southeast-1", "privacy_secret": "k" * 32}, **fields)
    assert found.endpoint.url == "https://s3.oss-ap-southeast-1.aliyuncs.com"


def test_a_token_of_sts_and_a_proxy_are_masked() -> None:
    extra = {**OFFICIAL, "auth_type": "sts", "security_token": "token", "proxy": "http://u:p@127.0.0.1:1"}
    found, secrets = read(extra)
    assert found.credentials.security_token == "token"
    assert set(secrets) == {"secret", "token", "http://u:p@127.0.0.1:1"}
    assert "u:p" not in repr(found)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"region": ""}, "region is empty; it is the region of the bucket"),
        ({"region": "", "endpoint": "oss-accelerate.aliyuncs.com"}, "region is empty"),
        ({"access_key_secret": ""}, "password is empty"),
        ({"auth_type": "ROLE"}, "auth_type must be one of"),
        ({"endpoint": "files.example.com"}, "endpoint is not a host of OSS. A domain name"),
        ({"config_kwargs": "text"}, "config_kwargs must be an object of botocore's settings, not str"),
    ],
)
def test_what_is_missing_or_wrong_is_named(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(DysmsInputError, match=f"^{problem}"):
        read({**OFFICIAL, **change})
