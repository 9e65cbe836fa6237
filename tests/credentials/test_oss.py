"""Keys of roles sign the requests to OSS, and are renewed while a file system is open."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from support.oss.fixtures import oss, oss_server
from support.oss.server import BUCKET, OSSServer

from airflow_provider_dysms.filesystems.oss import get_fs

__all__ = ["oss", "oss_server"]


@pytest.fixture
def accounts(oss: OSSServer, stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """OSS takes the keys that the stand-in issues, until they expire."""

    def add(access_key_id: str, access_key_secret: str, security_token: str, expires_at: float) -> None:
        oss.secrets = {access_key_id: (access_key_secret, security_token)}

    monkeypatch.setattr(stand_in, "_emulator", SimpleNamespace(add_account=add))


@pytest.mark.parametrize("auth_type", ["ram_role_arn", "oidc_role_arn", "ecs_ram_role", "credentials_uri"])
@pytest.mark.usefixtures("accounts")
def test_each_kind_of_role_opens_a_bucket(
    oss: OSSServer, extras: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, auth_type: str
) -> None:
    role = {**extras(auth_type), "access_key_id": "", "access_key_secret": ""}
    login = {"login": "LTAIbaseKey", "password": "base-secret-of-the-login"} if auth_type == "ram_role_arn" else {}
    monkeypatch.setenv("AIRFLOW_CONN_OSS_ROLE", json.dumps({**oss.connection(**role), **login}))
    get_fs("oss_role").pipe_file(f"{BUCKET}/a", b"x")
    assert oss.get("a") == b"x"
    assert oss.refused == []


@pytest.mark.usefixtures("accounts")
def test_a_key_that_expires_is_renewed_without_a_refused_request(
    oss: OSSServer, stand_in: Any, extras: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    role = {**extras("credentials_uri"), "access_key_id": "", "access_key_secret": ""}
    monkeypatch.setenv("AIRFLOW_CONN_OSS_ROLE", oss.connection_json(**role))
    stand_in.lasts = 2.0
    fs, keys, end = get_fs("oss_role"), set(), time.monotonic() + 60
    while len(keys) < 3 and time.monotonic() < end:
        fs.pipe_file(f"{BUCKET}/a", b"x")
        keys |= oss.secrets.keys()
        time.sleep(0.1)
    assert len(keys) >= 3
    assert oss.refused == []
