"""When a key is replaced, and how long one that could not be serves on."""

from __future__ import annotations

import time

import pytest

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import CachedCredentials, CredentialsProvider, IssuedCredentials

KEY = Credentials("STS.key", "key-secret", "of-the-hour")


@pytest.mark.parametrize(("life", "due"), [(4, 3), (60, 45), (1200, 900), (3600, 3300), (21_600, 21_300)])
def test_a_key_is_replaced_in_time_and_lives_to_its_end(life: float, due: float) -> None:
    cache = CachedCredentials()
    assert cache.is_due(0)
    assert not cache.is_valid(0)
    cache.store(IssuedCredentials(KEY, time.time() + life), now=1000)
    assert not cache.is_due(1000 + due - 0.5)
    assert cache.is_due(1000 + due + 0.1)
    assert cache.is_valid(1000 + life - 0.5)
    assert not cache.is_valid(1000 + life + 0.1)


def test_a_key_without_an_end_is_replaced_now_and_then_and_never_given_up() -> None:
    cache = CachedCredentials()
    cache.store(IssuedCredentials(KEY, None), now=1000)
    assert not cache.is_due(1200)
    assert cache.is_due(1300)
    assert cache.is_valid(1e9)


def test_a_key_that_comes_too_late_is_not_replaced_with_every_request() -> None:
    cache = CachedCredentials()
    cache.store(IssuedCredentials(KEY, time.time() - 5), now=1000)
    assert not cache.is_due(1000.05)
    assert cache.is_due(1000.2)


def test_a_refused_key_is_used_no_more_and_one_that_cannot_be_replaced_is_tried_again_later() -> None:
    cache = CachedCredentials()
    cache.store(IssuedCredentials(KEY, time.time() + 100), now=1000)
    cache.postpone(1080)
    assert not cache.is_due(1084)
    assert cache.is_due(1085)
    cache.invalidate()
    assert cache.is_due(1001)
    assert not cache.is_valid(1001)


def test_what_is_held_is_no_part_of_what_was_configured_and_no_secret_is_shown() -> None:
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
