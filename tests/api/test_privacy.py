"""Hashes and seals: by a key that is long enough, of its own purpose, readable for ever and by nobody else."""

from __future__ import annotations

import base64
import hmac
import zlib
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airflow_provider_dysms.api.errors import DysmsInputError
from airflow_provider_dysms.api.privacy import PrivacyKey

KEY = "0123456789abcdef"


def test_a_number_is_hashed_by_hmac_under_a_key_that_is_derived_for_it() -> None:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"airflow-provider-dysms/1/phone_hash")
    expected = hmac.new(derived.derive(KEY.encode()), b"13900000000", "sha256").hexdigest()
    assert PrivacyKey(KEY).phone_hash("13900000000") == expected
    assert PrivacyKey(KEY + "g").phone_hash("13900000000") != expected


@pytest.mark.parametrize("key", [None, "", KEY[:-1]])
def test_a_key_that_can_be_guessed_is_refused_without_being_repeated(key: str | None) -> None:
    with pytest.raises(DysmsInputError, match="privacy_key") as caught:
        PrivacyKey(key)
    assert not key or key not in str(caught.value)


def test_the_key_does_not_show() -> None:
    assert KEY not in repr(PrivacyKey(KEY))


def test_what_is_sealed_is_read_back_and_shows_nothing() -> None:
    data = ("[" + ",".join(f'"1390000{place:04}"' for place in range(1000)) + "]").encode()
    token = PrivacyKey(KEY).seal(data)
    assert PrivacyKey(KEY).unseal(token) == data
    assert len(token) < len(data)
    assert token != PrivacyKey(KEY).seal(data)
    assert token.isascii()
    assert PrivacyKey(KEY).unseal(PrivacyKey(KEY).seal(b"")) == b""


@pytest.mark.parametrize(
    "alter",
    [
        lambda token: token[:-1],
        lambda token: token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
        lambda _: "",
        lambda _: "no token, but 汉字",
        lambda _: None,
        lambda _: PrivacyKey(KEY + "g").seal(b"1"),
    ],
)
def test_an_altered_token_or_one_of_another_key_is_refused_with_what_to_do(alter: Callable[[str], str]) -> None:
    with pytest.raises(DysmsInputError, match=r"^token was encrypted under another privacy_key, or altered.*use "):
        PrivacyKey(KEY).unseal(alter(PrivacyKey(KEY).seal(b"1")))


def test_a_token_outlives_releases() -> None:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"airflow-provider-dysms/1/seal").derive(KEY.encode())
    token = Fernet(base64.urlsafe_b64encode(derived)).encrypt(zlib.compress(b"1"))
    assert PrivacyKey(KEY).unseal(token.decode()) == b"1"


def test_digests_are_keyed_and_short() -> None:
    digest = PrivacyKey(KEY).digest(b"1")
    assert digest == PrivacyKey(KEY).digest(b"1")
    assert len(digest) == 16
    assert len({digest, PrivacyKey(KEY).digest(b"2"), PrivacyKey(KEY + "g").digest(b"1")}) == 3


def test_an_error_names_a_number_as_the_hashed_output_begins() -> None:
    key = PrivacyKey(KEY)
    assert key.phone_token("13900000000") == key.phone_hash("13900000000")[:12]
