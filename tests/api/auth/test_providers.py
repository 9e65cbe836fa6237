"""Cached credentials are refreshed in time, and used until they expire if a refresh fails."""

from __future__ import annotations

import time

import pytest

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import CachedCredentials, CredentialsProvider, IssuedCredentials

KEY = Credentials("STS.key", "key-secret", "of-the-hour")


@pytest.mark.parametrize(("life", "due"), [(4, 3), (60, 45), (1200, 900), (3600, 3300), (21_600, 21_300)])
def test_credentials_are_refreshed_in_time_and_valid_until_they_expire(life: float, due: float) -> None:
    cache = CachedCredentials()
    assert cache.is_due(0)
    assert not cache.is_valid(0)
    cache.store(IssuedCredentials(KEY, time.time() + life), now=1000)
    assert not cache.is_due(1000 + due - 0.5)
    assert cache.is_due(1000 + due + 0.1)
    assert cache.is_valid(1000 + life - 0.5)
    assert not cache.is_valid(1000 + life + 0.1)


def test_credentials_without_an_expiry_are_refreshed_and_always_valid() -> None:
    cache = CachedCredentials()
    cache.store(IssuedCredentials(KEY, None), now=1000)
    assert not cache.is_due(1200)
    assert cache.is_due(1300)
    assert cache.is_valid(1e9)


def test_credentials_that_arrive_expired_are_not_refreshed_per_request() -> None:
    cache = CachedCredentials()
    cache.store(IssuedCredentials(KEY, time.time() - 5), now=1000)
    assert not cache.is_due(1000.05)
    assert cache.is_due(1000.2)


def test_invalid_credentials_are_refreshed_at_once_and_a_failed_refresh_is_repeated_later() -> None:
    cache = CachedCredentials()
    cache.store(IssuedCredentials(KEY, time.time() + 100), now=1000)
    cache.postpone(1080)
    assert not cache.is_due(1084)
    assert cache.is_due(1085)
    cache.invalidate()
    assert cache.is_due(1001)
    assert not cache.is_valid(1001)


def test_cached_credentials_do_not_change_equality_and_a_repr_shows_no_secret() -> None:
    given = {"login": Credentials("LTAIlogin", "a-secret"), "role_arn": "acs:ram::1:role/r", "external_id": "theirs"}
    one, other = (
        CredentialsProvider(auth_type="ram_role_arn", **given),
        CredentialsProvider(auth_type="ram_role_arn", **given),
    )
    one.cache.store(IssuedCredentials(KEY, None), now=0)
    assert one == other
    assert one != CredentialsProvider(auth_type="ram_role_arn", **{**given, "external_id": "other"})
    assert one.identity == "ram_role_arn acs:ram::1:role/r"
    assert not [word for word in ("a-secret", "theirs", "STS.key", "key-secret", "of-the-hour") if word in repr(one)]
