"""Credentials through the package alibabacloud-credentials, from a server on this machine; see tests/credentials."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest
from support.network.wire import read_request, serving

from airflow_provider_dysms.api.auth.alibabacloud import issue_credentials
from airflow_provider_dysms.api.auth.providers import CredentialsProvider, IssuedCredentials
from airflow_provider_dysms.model.errors import DysmsCredentialsError, DysmsInputError, DysmsTransportError


def issued_by(body: bytes, status: int = 200) -> IssuedCredentials:
    """Return what a credentials URI issues that responds with a body."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()

    async def session() -> IssuedCredentials:
        async with serving(respond) as port:
            provider = CredentialsProvider(
                auth_type="credentials_uri", credentials_uri=f"http://127.0.0.1:{port}/keys?secret=hidden"
            )
            return await issue_credentials(provider, lambda endpoint: None)  # type: ignore[arg-type, return-value]

    return asyncio.run(session())


def keys(expiration: float) -> bytes:
    end = datetime.fromtimestamp(expiration, UTC)
    fields = {"AccessKeyId": "STS.fake", "AccessKeySecret": "secret", "SecurityToken": "token"}
    return json.dumps({"Code": "Success", **fields, "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"}).encode()


def test_issued_credentials_have_a_token_and_an_expiry() -> None:
    end = int(time.time()) + 3600
    issued = issued_by(keys(end))
    assert (issued.credentials.access_key_id, issued.credentials.security_token) == ("STS.fake", "token")
    assert issued.expires_at == end


def test_expired_credentials_are_refused_with_both_times() -> None:
    with pytest.raises(DysmsCredentialsError, match=r"no credentials from credentials_uri: .* expired at 2020-01-01T"):
        issued_by(keys(datetime(2020, 1, 1, 12, tzinfo=UTC).timestamp()))


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{}", 200, DysmsTransportError),
        (b"<html>", 503, DysmsTransportError),
        (b'{"Code": "NoPermission"}', 403, DysmsCredentialsError),
    ],
)
def test_a_failure_never_quotes_the_response_or_the_uri(body: bytes, status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="no credentials from credentials_uri") as caught:
        issued_by(body, status)
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert getattr(caught.value, "request_sent", False) is False


def test_a_host_that_is_not_allowed_is_refused_before_a_request() -> None:
    provider = CredentialsProvider(auth_type="credentials_uri", credentials_uri="http://keys.example/keys")
    with pytest.raises(DysmsInputError, match="auth_type credentials_uri leads to"):
        asyncio.run(issue_credentials(provider, lambda endpoint: None))  # type: ignore[arg-type, return-value]
