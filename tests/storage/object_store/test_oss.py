"""OSS is refused until its connection has the settings without which it understands no request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.inputs import open_inputs
from airflow_provider_dysms.storage.object_store.oss import store_of
from airflow_provider_dysms.storage.object_store.paths import resolve_uri
from airflow_provider_dysms.storage.partition import Partition

RIGHT: dict[str, Any] = {
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "s3": {"addressing_style": "virtual"},
    "signature_version": "s3v4",
}


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Make the connection of a test; Airflow keeps one file system for each id."""

    def make(**extra: Any) -> str:
        conn_id = f"oss_{abs(hash(request.node.name))}"
        connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
        return conn_id

    return make


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in RIGHT.items() if key != name}


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ({}, "request_checksum_calculation, response_checksum_validation, s3.addressing_style"),
        (without("request_checksum_calculation"), "request_checksum_calculation"),
        (without("response_checksum_validation"), "response_checksum_validation"),
        (without("s3"), "s3.addressing_style"),
        ({**RIGHT, "s3": {"addressing_style": "path"}}, "s3.addressing_style"),
        ({**RIGHT, "request_checksum_calculation": "when_supported"}, "request_checksum_calculation"),
        ({**RIGHT, "signature_version": "s3"}, "signature_version"),
    ],
)
def test_a_setting_that_is_missing_or_different_is_named(connect: Any, config: dict[str, Any], wrong: str) -> None:
    conn_id = connect(endpoint_url="https://oss-cn-hangzhou.aliyuncs.com", config_kwargs=config)
    for argument, use in (
        ("sent_uri", lambda: open_inputs(f"s3://{conn_id}@bucket/sent.csv")),
        ("output_uri", lambda: Partition.resolve(f"s3://{conn_id}@bucket/out", partition="a=b")),
    ):
        with pytest.raises(DysmsInputError) as caught:
            use()
        told = str(caught.value)
        assert told.startswith(f"{argument} is in OSS (oss-cn-hangzhou.aliyuncs.com)")
        assert told.endswith(f"(missing or different: {wrong}).")
        written = told[told.index('"config_kwargs": ') + len('"config_kwargs": ') : told.index(" (missing")]
        assert json.loads(written) == RIGHT


@pytest.mark.parametrize("config", [RIGHT, without("signature_version")])
def test_with_the_settings_it_is_taken(connect: Any, config: dict[str, Any]) -> None:
    conn_id = connect(endpoint_url="https://s3.oss-cn-hangzhou-internal.aliyuncs.com", config_kwargs=config)
    fs = resolve_uri(f"s3://{conn_id}@bucket/out", "output_uri").fs
    assert fs.s3.meta.config.request_checksum_calculation == "when_required"
    assert fs.s3.meta.config.s3["addressing_style"] == "virtual"
    assert fs.s3.meta.config.signature_version == "s3v4"


def test_the_settings_may_be_those_of_the_machine(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    config = {"s3": {"addressing_style": "virtual"}}
    resolve_uri(
        f"s3://{connect(endpoint_url='OSS-cn-beijing.aliyuncs.com', config_kwargs=config)}@bucket/out", "output_uri"
    )


@pytest.mark.parametrize("host", ["https://s3.amazonaws.com", "http://aliyuncs.com.example.org", "http://127.0.0.1:9"])
def test_other_stores_need_none_of_it(connect: Any, host: str) -> None:
    resolve_uri(f"s3://{connect(endpoint_url=host)}@bucket/out", "output_uri")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://s3.oss-cn-hangzhou.aliyuncs.com", "https://oss-cn-hangzhou-internal.aliyuncs.com", True),
        ("OSS-cn-hangzhou.aliyuncs.com".lower(), "https://oss-cn-hangzhou.aliyuncs.com", True),
        ("https://oss-cn-beijing.aliyuncs.com", "https://oss-cn-hangzhou.aliyuncs.com", False),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9001", False),
    ],
)
def test_endpoints_of_one_store_are_known_as_one(one: str, other: str, same: bool) -> None:
    assert (store_of(one) == store_of(other)) is same
