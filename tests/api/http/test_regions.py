"""All regions of the vendor's SDKs are known, and the error for a typo names similar ones."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_tea_openapi.models import Config

from airflow_provider_dysms.api.http.regions import REGIONS, SERVICE_HOSTS, host_of_region
from airflow_provider_dysms.model.errors import DysmsInputError

#: Parts of the vendor's own machine rooms, by the form of their names.
INTERNAL = ("internal", "inner", "test", "nebula", "edge", "yushanfang", "-b01", "-c01", "-a01", "-d01")


def test_every_region_of_the_sdk_is_known_and_its_host_is_allowed() -> None:
    client = Client(Config(access_key_id="LTAIexample", access_key_secret="a-secret", region_id="cn-hangzhou"))
    assert client._endpoint_map.keys() <= REGIONS.keys()
    assert set(client._endpoint_map.values()) <= SERVICE_HOSTS


def test_every_public_region_of_the_older_sdk_is_known() -> None:
    listed = json.loads((files("aliyunsdkcore") / "data" / "endpoints.json").read_text())["regions"]
    public = {region for region in listed if not any(part in region for part in INTERNAL)}
    assert len(public) > 30
    assert public <= REGIONS.keys()


def test_every_region_has_a_host() -> None:
    assert {host_of_region(region) for region in REGIONS} <= SERVICE_HOSTS


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ap-southeast1", "ap-southeast-1 (Singapore)"),
        ("singapore", "ap-southeast-1 (Singapore)"),
        ("cn-hangzou", "cn-hangzhou (Hangzhou)"),
        ("cn_hangzhou", "cn-hangzhou (Hangzhou)"),
        ("CN-HANGZHOU", "cn-hangzhou (Hangzhou)"),
        (" cn-hangzhou\n", "cn-hangzhou (Hangzhou)"),
        ("Frankfurt", "eu-central-1 (Frankfurt)"),
        ("us-west-2", "us-west-1 (Silicon Valley)"),
    ],
)
def test_a_typo_is_answered_with_the_near_regions(written: str, meant: str) -> None:
    with pytest.raises(DysmsInputError, match="did you mean") as caught:
        host_of_region(written)
    assert meant in caught.value.problem
