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

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.privacy import PrivacyKey

KEY = "0123456789abcdef"


def test_a_number_is_hashed_by_hmac_under_a_key_that_is_derived_for_it() -> None:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"airflow-provider-dysms/1/phone_hash")
    expected = hmac.new(derived.derive(KEY.encode()), b"13900000000", "sha256").hexdigest()
    assert PrivacyKey(KEY).phone_hash("13900000000") == expected
    assert PrivacyKey(KEY + "g").phone_hash("13900000000") != expected


@pytest.mark.parametrize("key", [None, "", KEY[:-1]])
def test_a_key_that_can_be_guessed_is_refused_without_being_repeated(key: str | None) -> None:
    with pytest.raises(DysmsInputError, match="privacy_secret") as caught:
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
    with pytest.raises(
        DysmsInputError, match=r"^token was encrypted under another privacy_secret.*, or was altered.*use "
    ):
        PrivacyKey(KEY).unseal(alter(PrivacyKey(KEY).seal(b"1")))


def test_a_token_outlives_releases() -> None:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"airflow-provider-dysms/1/seal").derive(KEY.encode())
    token = Fernet(base64.urlsafe_b64encode(derived)).encrypt(zlib.compress(b"1"))
    assert PrivacyKey(KEY).unseal(token.decode()) == b"1"


def test_digests_are_keyed_and_short() -> None:
    digest = PrivacyKey(KEY).digest(b"1")
    assert digest == PrivacyKey(KEY).digest(b"1")
    assert len(digest) == 24
    assert len({digest, PrivacyKey(KEY).digest(b"2"), PrivacyKey(KEY + "g").digest(b"1")}) == 3


def test_an_error_names_a_number_as_the_hashed_output_begins_and_the_secret() -> None:
    key = PrivacyKey(KEY)
    assert key.phone_token("13900000000") == f"{key.phone_hash('13900000000')[:12]}-{key.fingerprint[:8]}"


def test_what_is_written_carries_the_fingerprint_of_its_secret() -> None:
    key = PrivacyKey(KEY)
    assert len(key.fingerprint) == 16
    assert key.seal(b"1").startswith(f"{key.fingerprint}.")
    assert key.digest(b"1").endswith(key.fingerprint[:8])
    assert key.fingerprint == PrivacyKey(KEY).fingerprint != PrivacyKey(KEY + "g").fingerprint
    # The manifests of earlier releases have it as ``hashed_by``.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"airflow-provider-dysms/1/digest")
    assert key.fingerprint == hmac.new(derived.derive(KEY.encode()), b"phone_hash", "sha256").hexdigest()[:16]


def test_after_a_rotation_the_previous_secret_reads_and_the_new_one_writes() -> None:
    old, new = PrivacyKey(KEY), PrivacyKey(KEY + "g", KEY)
    assert new.unseal(old.seal(b"1")) == b"1"
    assert new.unseal(without_fingerprint(old.seal(b"1"))) == b"1"
    assert PrivacyKey(KEY + "g").unseal(new.seal(b"1")) == b"1"
    assert new.phone_hash("13900000000") == PrivacyKey(KEY + "g").phone_hash("13900000000")
    assert {old.digest(b"1"), old.digest(b"1")[:16], new.digest(b"1")} <= set(new.digests(b"1"))
    assert new.digests(b"1")[0] == new.digest(b"1")
    known = [new.for_fingerprint(each) for each in (old.fingerprint, new.fingerprint, "0" * 16)]
    assert known == [new.previous, new, None]


def test_a_token_of_a_secret_that_is_gone_says_which_one_it_needs() -> None:
    old, new = PrivacyKey(KEY), PrivacyKey(KEY + "g", KEY + "h")
    with pytest.raises(DysmsInputError, match="privacy_secret_previous") as caught:
        new.unseal(old.seal(b"1"))
    assert old.fingerprint in str(caught.value)
    assert new.fingerprint in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("previous", ["short", ""])
def test_a_previous_secret_that_can_be_guessed_is_refused_too(previous: str) -> None:
    with pytest.raises(DysmsInputError, match="privacy_secret_previous has fewer"):
        PrivacyKey(KEY, previous)


def without_fingerprint(token: str) -> str:
    """A token as earlier releases wrote it."""
    return token.partition(".")[2]
