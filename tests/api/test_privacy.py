"""Hashes of numbers: by a key that is long enough, of its own purpose, the same for ever."""

from __future__ import annotations

import hmac

import pytest
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
