"""Keyed hashes of phone numbers, each purpose under a key of its own (HKDF over the connection's ``privacy_key``)."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airflow_provider_dysms.api.errors import DysmsInputError

#: Shorter keys can be guessed, and eleven digits behind a guessed key are no secret.
SHORTEST_KEY = 16


class PrivacyKey:
    """Hashes numbers so that they can be joined by whoever has the same key, and by nobody else.

    :param privacy_key: at least 16 characters, from the connection's extra of that name
    :raises DysmsInputError: the key is missing or too short
    """

    def __init__(self, privacy_key: str | None) -> None:
        if not privacy_key or len(privacy_key) < SHORTEST_KEY:
            raise DysmsInputError(
                "privacy_key",
                f"of the connection is missing or shorter than {SHORTEST_KEY} characters; hashed numbers need one, "
                "for instance: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        self._phone_key = _derive(privacy_key, b"phone_hash")

    def __repr__(self) -> str:
        return "PrivacyKey()"

    def phone_hash(self, phone_number: str) -> str:
        """Return the HMAC-SHA-256 of a number, 64 hex digits.

        :param phone_number: as it would stand in the output: 11 digits (mainland), or country code and number
        """
        return hmac.digest(self._phone_key, phone_number.encode(), "sha256").hex()


def _derive(privacy_key: str, purpose: bytes) -> bytes:
    info = b"airflow-provider-dysms/1/" + purpose
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(privacy_key.encode())
