"""Which credentials the fields of a connection mean; nothing is asked of anybody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import CredentialsProvider
from airflow_provider_dysms.hooks.login import read_login
from airflow_provider_dysms.model.errors import DysmsInputError

ROLE = {"auth_type": "ram_role_arn", "role_arn": "acs:ram::1:role/r"}


def read(login: str | None = "LTAIexample", password: str | None = "a-secret", **extra: Any) -> Any:
    connection: Any = SimpleNamespace(login=login, password=password)
    return read_login(connection, extra)


@pytest.mark.parametrize("auth_type", [None, "", "access_key", "AK"])
def test_a_key_and_its_secret_are_the_default(auth_type: str | None) -> None:
    credentials, secrets = read(auth_type=auth_type)
    assert credentials == Credentials("LTAIexample", "a-secret", None)
    assert secrets == ["a-secret"]


def test_extras_of_the_official_provider_stand_in_for_login_and_password() -> None:
    credentials, secrets = read(None, None, access_key_id="LTAIother", access_key_secret="another-secret")
    assert credentials == Credentials("LTAIother", "another-secret", None)
    assert secrets == ["another-secret"]


def test_every_secret_that_is_read_is_returned_to_be_masked() -> None:
    _, secrets = read(auth_type="sts", security_token="a-token")
    assert secrets == ["a-secret", "a-token"]
    provider, secrets = read(**ROLE, external_id_secret="an-external-id")
    assert isinstance(provider, CredentialsProvider)
    assert secrets == ["a-secret", "an-external-id"]


@pytest.mark.parametrize(
    ("argument", "extra"),
    [
        ("auth_type", {"auth_type": "magic"}),
        ("auth_type", {"auth_type": ["sts"]}),
        ("security_token", {"auth_type": "sts"}),
        ("role_arn", {"auth_type": "ram_role_arn"}),
        ("role_arn", {"role_arn": "acs:ram::1:role/r"}),  # of another auth_type
        ("role_arn", {**ROLE, "role_arn": "r"}),
        ("role_session_name", {**ROLE, "role_session_name": "a b"}),
        ("role_session_expiration", {**ROLE, "role_session_expiration": 60}),
        ("policy", {**ROLE, "policy": "allow all"}),
        ("credentials_uri_secret", {"auth_type": "credentials_uri", "credentials_uri_secret": "http://u:p@localhost/"}),
        ("credentials_uri_secret", {"auth_type": "credentials_uri", "credentials_uri_secret": "file:///etc/keys"}),
    ],
)
def test_a_wrong_field_is_named(argument: str, extra: dict[str, Any]) -> None:
    with pytest.raises(DysmsInputError) as raised:
        read(**extra)
    assert raised.value.argument == argument
    assert "a-secret" not in str(raised.value)
