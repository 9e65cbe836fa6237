"""A connection in any of its forms becomes settings, or an error that names the field."""

from __future__ import annotations

from typing import Any

import pytest
from support.connections import BASE, WRONG

from airflow_provider_dysms.hooks.dysms import DysmsHook
from airflow_provider_dysms.model.errors import DysmsInputError


def test_the_least_connection_is_a_key_and_a_secret(connect: Any) -> None:
    settings = connect(BASE).settings
    assert settings.credentials.access_key_id == "LTAIexample"
    assert settings.endpoint("2017-05-25").url == "https://dysmsapi.aliyuncs.com"
    assert settings.endpoint("2018-05-01").url == "https://dysmsapi.ap-southeast-1.aliyuncs.com"
    assert (settings.timeout, settings.quota_share, settings.per_second("QueryMessage")) == (10, 0.4, 120)


def test_every_extra_reaches_the_settings(connect: Any) -> None:
    extra = {
        "region_id": "ap-southeast-5",
        "auth_type": "sts",
        "security_token": "a-token",
        "timeout": "3.5",
        "quota_share": 0.5,
        "quota": {"QueryMessage": 600},
        "ca_bundle": "/etc/ca.pem",
        "proxy": "http://proxy:3128",
    }
    settings = connect({**BASE, "extra": extra}).settings
    assert settings.credentials.security_token == "a-token"
    assert settings.endpoint("2017-05-25").host == "dysmsapi.ap-southeast-5.aliyuncs.com"
    assert (settings.timeout, settings.per_second("QueryMessage")) == (3.5, 300)
    assert settings.per_second("QuerySendStatistics") == 10
    assert (settings.ca_bundle, settings.proxy) == ("/etc/ca.pem", "http://proxy:3128")


def test_a_uri_says_the_same(connect: Any) -> None:
    settings = connect("dysms://LTAIexample:a-secret@127.0.0.1:8085/http?timeout=4&quota_share=1").settings
    assert settings.endpoint("2018-05-01").url == "http://127.0.0.1:8085"
    assert (settings.timeout, settings.quota_share) == (4, 1)


def test_a_connection_of_the_official_alibaba_provider_works_too(connect: Any) -> None:
    extra = {
        "auth_type": "AK",
        "access_key_id": "LTAIexample",
        "access_key_secret": "a-secret",
        "region": "eu-central-1",
        "endpoint": "dysmsapi.ap-southeast-1.aliyuncs.com",
    }
    settings = connect({"conn_type": "alibaba_cloud", "extra": extra}).settings
    assert settings.credentials.access_key_secret == "a-secret"
    assert settings.endpoint("2017-05-25").host == "dysmsapi.ap-southeast-1.aliyuncs.com"


def test_requests_per_second_takes_the_place_of_the_share(connect: Any) -> None:
    connect(BASE)
    settings = DysmsHook(requests_per_second=7).settings
    assert (settings.per_second("QuerySendDetails"), settings.per_second("QuerySendStatistics")) == (7, 7)
    assert DysmsHook(requests_per_second=50).settings.per_second("QuerySendStatistics") == 20


def test_secrets_of_the_connection_are_masked_in_logs(connect: Any) -> None:
    from airflow.sdk.log import redact

    extra = {"auth_type": "sts", "security_token": "t0k3n-abcdef", "privacy_secret": "privacy-0123456789"}
    _ = connect({**BASE, "password": "p4ss-abcdef", "extra": extra}).settings
    shown = redact("t0k3n-abcdef privacy-0123456789 p4ss-abcdef")
    assert shown == "*** *** ***"


@pytest.mark.parametrize(("argument", "changes"), WRONG)
def test_a_wrong_field_is_named_with_its_connection(connect: Any, argument: str, changes: dict[str, Any]) -> None:
    hook = connect({**BASE, **changes})
    with pytest.raises(DysmsInputError, match="dysms_default") as caught:
        _ = hook.settings
    assert caught.value.argument == argument
    assert "a-secret" not in str(caught.value)


def test_a_custom_endpoint_must_be_allowed(connect: Any) -> None:
    extra = {"allow_custom_endpoint": "true"}
    settings = connect({**BASE, "host": "sms.example.com", "extra": extra}).settings
    assert settings.endpoint("2017-05-25").url == "https://sms.example.com"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("privacy_key", "privacy_secret"),
        ("external_id", "external_id_secret"),
        ("credentials_uri", "credentials_uri_secret"),
    ],
)
def test_earlier_names_of_secrets_work_with_a_warning_that_says_why(
    connect: Any, caplog: pytest.LogCaptureFixture, old: str, new: str
) -> None:
    given = {
        "privacy_key": {},
        "external_id": {"auth_type": "ram_role_arn", "role_arn": "acs:ram::1:role/r"},
        "credentials_uri": {"auth_type": "credentials_uri"},
    }[old]
    value = "http://localhost:7002/keys"
    read = connect({**BASE, "extra": {**given, old: value}}).read()
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert f"show the extra {old!r} in clear" in said
    assert f"Rename it to {new!r}" in said
    assert value not in said
    caplog.clear()
    assert connect({**BASE, "extra": {**given, new: value}}).read() == read
    assert connect({**BASE, "extra": {**given, old: "", new: value}}).read() == read
    assert not caplog.records
    assert connect({**BASE, "extra": {**given, old: value, new: value}}).read() == read
    with pytest.raises(DysmsInputError, match=f"{new} .*earlier name {old} are both set to different values"):
        connect({**BASE, "extra": {**given, old: value, new: f"{value}2"}}).read()


def test_the_port_that_airflows_form_sends_for_an_empty_field_is_none(connect: Any) -> None:
    assert connect({**BASE, "port": 0}).settings.endpoint("2017-05-25").url == "https://dysmsapi.aliyuncs.com"
