"""Hashes, digests and sealed tokens, each under a key of its own (HKDF over the connection's ``privacy_key``)."""

from __future__ import annotations

import base64
import hmac
import zlib

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airflow_provider_dysms.api.errors import DysmsInputError

#: Shorter keys can be guessed, and eleven digits behind a guessed key are no secret.
SHORTEST_KEY = 16


class PrivacyKey:
    """Hashes numbers, and seals what names them, for whoever has the same key and for nobody else.

    :param privacy_key: at least 16 characters, from the connection's extra of that name
    :raises DysmsInputError: the key is missing or too short
    """

    def __init__(self, privacy_key: str | None) -> None:
        if not privacy_key or len(privacy_key) < SHORTEST_KEY:
            raise DysmsInputError(
                "privacy_key",
                f"of the connection is missing or shorter than {SHORTEST_KEY} characters; hashed and sealed "
                "numbers need one, for instance: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        self._phone_key = _derive(privacy_key, b"phone_hash")
        self._digest_key = _derive(privacy_key, b"digest")
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(privacy_key, b"seal")))

    def __repr__(self) -> str:
        return "PrivacyKey()"

    def phone_hash(self, phone_number: str) -> str:
        """Return the HMAC-SHA-256 of a number, 64 hex digits.

        :param phone_number: as it would stand in the output: 11 digits (mainland), or country code and number
        """
        return hmac.digest(self._phone_key, phone_number.encode(), "sha256").hex()

    def phone_token(self, phone_number: str) -> str:
        """Return how an error names a number: the first 12 digits of its hash, by which hashed output has it.

        :param phone_number: as :meth:`phone_hash` takes it
        """
        return self.phone_hash(phone_number)[:12]

    def digest(self, data: bytes) -> str:
        """Return 16 hex digits by which equal data is known again; too short to be proof against forgery.

        :param data: what is to be recognised, such as a list of numbers
        """
        return hmac.digest(self._digest_key, data, "sha256").hex()[:16]

    def seal(self, data: bytes) -> str:
        """Return data compressed and encrypted, as text that is safe in JSON and in addresses; different each time.

        :param data: what nobody else is to read, such as a list of numbers
        """
        return self._fernet.encrypt(zlib.compress(data)).decode("ascii")

    def unseal(self, token: str) -> bytes:
        """Return the data of a sealed token.

        :param token: as :meth:`seal` returned it, under the same key
        :raises DysmsInputError: it cannot be read under this key
        """
        try:
            return zlib.decompress(self._fernet.decrypt(token))
        except (InvalidToken, TypeError, ValueError):
            raise DysmsInputError(
                "token",
                "was encrypted under another privacy_key, or altered since; use the connection (and the privacy_key) "
                "of the task that made it, and pass its result on as it is",
            ) from None


def digest_under(secret: str, data: bytes) -> str:
    """Return what :meth:`PrivacyKey.digest` returns, under another secret of the connection.

    :param secret: of any length
    :param data: what is to be recognised
    """
    return hmac.digest(_derive(secret, b"digest"), data, "sha256").hex()[:16]


def _derive(privacy_key: str, purpose: bytes) -> bytes:
    info = b"airflow-provider-dysms/1/" + purpose
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(privacy_key.encode())
