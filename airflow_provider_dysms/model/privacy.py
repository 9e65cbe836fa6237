"""Hashes phone numbers and encrypts tokens under the connection's ``privacy_secret``.

Hashes, digests and tokens each have a key of their own (HKDF). They carry the fingerprint of their secret, so that a
reader knows which secret it needs: tokens before a dot, digests at their end, the manifest of hashed rows as
``hashed_by``. After a rotation, the old secret still reads what was written under it. Values that earlier releases
wrote without a fingerprint stay readable.
"""

from __future__ import annotations

import base64
import hmac
import re
import zlib
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airflow_provider_dysms.model.errors import DysmsInputError

#: Characters of a secret. A shorter one can be guessed, and with it every hashed number.
MIN_SECRET_LENGTH = 16


def check_privacy_secret(argument: str, value: str) -> str:
    """Check that a secret is too long to be guessed, and return it.

    :param argument: name of the argument, for the error
    :raises DysmsInputError: it is too short
    """
    if len(value) < MIN_SECRET_LENGTH:
        raise DysmsInputError(argument, f"has fewer than {MIN_SECRET_LENGTH} characters and could be guessed")
    return value


#: Hex digits of a fingerprint in digests and in errors, where people compare it by eye.
SHORT_FINGERPRINT = 8

_MARKED_TOKEN = re.compile(r"([0-9a-f]{16})\.(.*)", re.DOTALL)


class PrivacySecrets(NamedTuple):
    """The secrets of a connection under which numbers are hashed and sealed.

    :param current: ``privacy_secret``
    :param previous: ``privacy_secret_previous``, which reads what was written before the last rotation
    """

    current: str | None
    previous: str | None = None


class PrivacyKey:
    """Hashes phone numbers and encrypts data about them; only readers with the same secret can compare or decrypt.

    :param privacy_secret: at least 16 characters, from the connection's extra of that name
    :param previous: the secret before the last rotation, from ``privacy_secret_previous``; it only reads
    :raises DysmsInputError: a secret is missing or too short
    """

    def __init__(self, privacy_secret: str | None, previous: str | None = None) -> None:
        if not privacy_secret:
            raise DysmsInputError(
                "privacy_secret",
                "of the connection is missing; hashed and encrypted numbers need one. Make one with: "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        check_privacy_secret("privacy_secret", privacy_secret)
        self._phone_key = _derive(privacy_secret, b"phone_hash")
        self._digest_key = _derive(privacy_secret, b"digest")
        self._erasure_key = _derive(privacy_secret, b"erasure")
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(privacy_secret, b"seal")))
        #: Identifies the secret without revealing it, 16 hex digits.
        self.fingerprint = self._plain_digest(b"phone_hash")
        #: The key of the secret before the last rotation.
        self.previous = None
        if previous is not None:
            check_privacy_secret("privacy_secret_previous", previous)
            self.previous = PrivacyKey(previous)

    def __repr__(self) -> str:
        return "PrivacyKey()"

    def phone_hash(self, phone_number: str) -> str:
        """Return the HMAC-SHA-256 of a number, 64 hex digits.

        :param phone_number: as the output has it: 11 digits (mainland), or country code and number
        """
        return hmac.digest(self._phone_key, phone_number.encode(), "sha256").hex()

    def phone_token(self, phone_number: str) -> str:
        """Return the name of a number in errors: the first 12 digits of its hash, and the fingerprint of the secret.

        :param phone_number: as :meth:`phone_hash` takes it
        """
        return f"{self.phone_hash(phone_number)[:12]}-{self.fingerprint[:SHORT_FINGERPRINT]}"

    def erasure_digest(self, phone_number: str) -> str:
        """Return 32 hex digits by which an audit recognises a number that was erased from an archive.

        :param phone_number: as :meth:`phone_hash` takes it
        """
        return hmac.digest(self._erasure_key, phone_number.encode(), "sha256").hex()[:32]

    def digest(self, data: bytes) -> str:
        """Return 24 hex digits that are the same for equal data; they are too short to protect against forgery.

        :param data: such as a list of numbers
        """
        return f"{self._plain_digest(data)}{self.fingerprint[:SHORT_FINGERPRINT]}"

    def digests(self, data: bytes) -> tuple[str, ...]:
        """Return every digest that this and earlier releases, with this and the previous secret, have written of data.

        :param data: as :meth:`digest` takes it
        """
        ours = (self.digest(data), self._plain_digest(data))
        return ours if self.previous is None else ours + self.previous.digests(data)

    def for_fingerprint(self, fingerprint: object) -> PrivacyKey | None:
        """Return the key that has a fingerprint: this one or the previous one; ``None`` if neither has it."""
        if fingerprint == self.fingerprint:
            return self
        return self.previous and self.previous.for_fingerprint(fingerprint)

    def seal(self, data: bytes) -> str:
        """Return data compressed and encrypted, as text that is safe in JSON and in URLs; it differs on each call.

        :param data: data to keep secret, such as a list of numbers
        """
        return f"{self.fingerprint}.{self._fernet.encrypt(zlib.compress(data)).decode('ascii')}"

    def unseal(self, token: str) -> bytes:
        """Return the data of a sealed token.

        :param token: as :meth:`seal` returned it, under the same secret or the previous one
        :raises DysmsInputError: neither secret decrypts it
        """
        marked = _MARKED_TOKEN.fullmatch(token) if isinstance(token, str) else None
        if marked is None:  # written by an earlier release
            keys, sealed = [self, self.previous], token
        else:
            keys, sealed = [self.for_fingerprint(marked[1])], marked[2]
        for key in keys:
            try:
                if key is not None:
                    return zlib.decompress(key._fernet.decrypt(sealed))
            except (InvalidToken, TypeError, ValueError, zlib.error):
                continue
        needed = f" (fingerprint {marked[1]})" if marked else ""
        raise DysmsInputError(
            "token",
            f"was encrypted under another privacy_secret{needed}, or was altered; the connection's secret has the "
            f"fingerprint {self.fingerprint}. If the secret was replaced, put the old one into "
            "privacy_secret_previous; otherwise use the connection of the task that made the token, and pass its "
            "result on unchanged",
        )

    def _plain_digest(self, data: bytes) -> str:
        return hmac.digest(self._digest_key, data, "sha256").hex()[:16]


def digests_under(secret: str, data: bytes) -> tuple[str, ...]:
    """Return the digests of data under another secret of the connection, as :meth:`PrivacyKey.digests` does.

    :param secret: of any length
    :param data: as :meth:`PrivacyKey.digest` takes it
    """
    return (hmac.digest(_derive(secret, b"digest"), data, "sha256").hex()[:24],)


def _derive(privacy_secret: str, purpose: bytes) -> bytes:
    info = b"airflow-provider-dysms/1/" + purpose
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(privacy_secret.encode())
