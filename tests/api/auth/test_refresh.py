"""The credentials of the next request: permanent ones at once, temporary ones refreshed once for all that wait."""

from __future__ import annotations

import asyncio
import time

import pytest

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import CredentialsProvider, IssuedCredentials
from airflow_provider_dysms.api.auth.refresh import CredentialsResolver
from airflow_provider_dysms.model.errors import DysmsAuthError, DysmsError, DysmsServerError, DysmsTransportError

PERMANENT = Credentials("LTAI5tFake", "secret")
TEMPORARY = Credentials("STS.fake", "secret", "token")
EXPIRED = DysmsAuthError("x", code="InvalidSecurityToken.Expired")


def resolver(source: Credentials | CredentialsProvider) -> CredentialsResolver:
    return CredentialsResolver(source, lambda endpoint: None)  # type: ignore[arg-type, return-value]


def unreachable() -> CredentialsProvider:
    """Return a provider at a port of this machine that nobody listens on."""
    return CredentialsProvider(auth_type="credentials_uri", credentials_uri="http://127.0.0.1:9/keys")


def test_permanent_credentials_are_always_fresh_and_never_replaced() -> None:
    credentials = resolver(PERMANENT)
    assert credentials.are_fresh
    asyncio.run(credentials.ensure_fresh(0))
    assert credentials.current is PERMANENT
    assert credentials.identity == "LTAI5tFake"
    assert not credentials.invalidate(EXPIRED, PERMANENT)


def test_temporary_credentials_are_replaced_if_the_service_refuses_them_and_only_then() -> None:
    provider = unreachable()
    credentials = resolver(provider)
    assert not credentials.are_fresh
    provider.cache.store(IssuedCredentials(TEMPORARY, time.time() + 3600), time.monotonic())
    assert credentials.are_fresh
    assert credentials.current is TEMPORARY
    for other in (DysmsServerError("x"), DysmsAuthError("x", code="ACCOUNT_ABNORMAL"), DysmsAuthError("x")):
        assert not credentials.invalidate(other, TEMPORARY)
    assert credentials.are_fresh
    assert credentials.invalidate(EXPIRED, TEMPORARY)
    assert not credentials.are_fresh


def test_credentials_that_were_replaced_meanwhile_stay() -> None:
    provider = unreachable()
    credentials = resolver(provider)
    provider.cache.store(IssuedCredentials(TEMPORARY, time.time() + 3600), time.monotonic())
    assert credentials.invalidate(EXPIRED, Credentials("STS.older", "secret", "token"))
    assert credentials.are_fresh


def test_a_failed_refresh_counts_for_all_that_wait_and_is_an_error_only_without_valid_credentials(
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider = unreachable()
    credentials = resolver(provider)

    async def all_waiting() -> list[object]:
        since = time.monotonic()
        return await asyncio.gather(*(credentials.ensure_fresh(since) for _ in range(5)), return_exceptions=True)

    async def session() -> list[object]:
        failed = await all_waiting()
        # Requested a while ago: a refresh is due, and the credentials are still valid for almost a minute.
        provider.cache.store(IssuedCredentials(TEMPORARY, time.time() + 400), time.monotonic() - 350)
        assert await all_waiting() == [None] * 5
        return failed

    failed = asyncio.run(session())
    assert all(isinstance(error, DysmsTransportError) and not error.request_sent for error in failed)
    assert len({str(error) for error in failed}) == 1
    assert len({id(error) for error in failed if isinstance(error, DysmsError)}) == 5  # each has its own traceback
    assert "The credentials could not be refreshed, and the old ones are used until they expire." in caplog.text
    assert credentials.current is TEMPORARY
