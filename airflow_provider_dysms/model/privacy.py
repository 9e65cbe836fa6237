"""Hashes, digests and sealed tokens, each under a key of its own (HKDF over the connection's ``privacy_secret``).

What is written carries the fingerprint of its secret, so that a reader knows which one it needs: tokens before a dot,
digests at their end, the manifest of hashed rows as ``hashed_by``. After a rotation the old secret goes on reading what
it wrote. Everything that earlier releases wrote, without fingerprints, stays readable.
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

from airflow_provider_dysms.model import privacy
from airflow_provider_dysms.model.errors import DysmsInputError

#: Shorter secrets can be guessed, and eleven digits behind a guessed key are not a secret.
MIN_SECRET_LENGTH = 16


def privacy_secret(argument: str, value: str) -> str:
    """Check a secret under which numbers are hashed: one that cannot be guessed."""
    if len(value) < MIN_SECRET_LENGTH:
        raise DysmsInputError(argument, f"is shorter than {MIN_SECRET_LENGTH} characters, and could be guessed")
    return value


#: Hex digits of a fingerprint that people compare by eye.
SHORT = 8

_MARKED_TOKEN = re.compile(r"([0-9a-f]{16})\.(.*)", re.DOTALL)


class PrivacySecrets(NamedTuple):
    """The secrets of a connection under which numbers are hashed and sealed.

    :param current: ``privacy_secret``
    :param previous: ``privacy_secret_previous``, which reads what was written before the last rotation
    """

    current: str | None
    previous: str | None = None


class PrivacyKey:
    """Hashes numbers, and seals what names them, for readers with the same secret and for nobody else.

    :param privacy_secret: at least 16 characters, from the connection's extra of that name
    :param previous: the secret before the last rotation, from ``privacy_secret_previous``: it reads, and writes nothing
    :raises DysmsInputError: a secret is missing or too short
    """

    def __init__(self, privacy_secret: str | None, previous: str | None = None) -> None:
        if not privacy_secret:
            raise DysmsInputError(
                "privacy_secret",
                "of the connection is missing; hashed and sealed numbers need one, for instance: "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        privacy.privacy_secret("privacy_secret", privacy_secret)
        self._phone_key = _derive(privacy_secret, b"phone_hash")
        self._digest_key = _derive(privacy_secret, b"digest")
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(privacy_secret, b"seal")))
        #: Which secret this is, 16 hex digits that give nothing of it away.
        self.fingerprint = self._plain_digest(b"phone_hash")
        #: The key of the secret before the last rotation.
        self.previous = None
        if previous is not None:
            privacy.privacy_secret("privacy_secret_previous", previous)
            self.previous = PrivacyKey(previous)

    def __repr__(self) -> str:
        return "PrivacyKey()"

    def phone_hash(self, phone_number: str) -> str:
        """Return the HMAC-SHA-256 of a number, 64 hex digits.

        :param phone_number: as it would stand in the output: 11 digits (mainland), or country code and number
        """
        return hmac.digest(self._phone_key, phone_number.encode(), "sha256").hex()

    def phone_token(self, phone_number: str) -> str:
        """Return how an error names a number: the first 12 digits of its hash, and of which secret.

        :param phone_number: as :meth:`phone_hash` takes it
        """
        return f"{self.phone_hash(phone_number)[:12]}-{self.fingerprint[:SHORT]}"

    def digest(self, data: bytes) -> str:
        """Return 24 hex digits by which equal data is known again; too short to be proof against forgery.

        :param data: what is to be recognised, such as a list of numbers
        """
        return f"{self._plain_digest(data)}{self.fingerprint[:SHORT]}"

    def digests(self, data: bytes) -> tuple[str, ...]:
        """Return the digest of data, and those that earlier releases and the previous secret have written of it.

        :param data: as :meth:`digest` takes it
        """
        ours = (self.digest(data), self._plain_digest(data))
        return ours if self.previous is None else ours + self.previous.digests(data)

    def of(self, fingerprint: object) -> PrivacyKey | None:
        """Return the key that has a fingerprint: this one or the previous one; ``None`` if neither has it."""
        if fingerprint == self.fingerprint:
            return self
        return self.previous and self.previous.of(fingerprint)

    def seal(self, data: bytes) -> str:
        """Return data compressed and encrypted, as text that is safe in JSON and in addresses; different each time.

        :param data: what nobody else is to read, such as a list of numbers
        """
        return f"{self.fingerprint}.{self._fernet.encrypt(zlib.compress(data)).decode('ascii')}"

    def unseal(self, token: str) -> bytes:
        """Return the data of a sealed token.

        :param token: as :meth:`seal` returned it, under the same secret or the previous one
        :raises DysmsInputError: it cannot be read under either
        """
        marked = _MARKED_TOKEN.fullmatch(token) if isinstance(token, str) else None
        if marked is None:  # of an earlier release
            keys, sealed = [self, self.previous], token
        else:
            keys, sealed = [self.of(marked[1])], marked[2]
        for key in keys:
            try:
                if key is not None:
                    return zlib.decompress(key._fernet.decrypt(sealed))
            except (InvalidToken, TypeError, ValueError, zlib.error):
                continue
        needed = f" (fingerprint {marked[1]})" if marked else ""
        raise DysmsInputError(
            "token",
            f"was encrypted under another privacy_secret{needed}, or altered since: the connection's has the "
            f"fingerprint {self.fingerprint}. If the secret was replaced, put the old one into "
            "privacy_secret_previous; else use the connection of the task that made the token, and pass its result on "
            "without a change",
        )

    def _plain_digest(self, data: bytes) -> str:
        return hmac.digest(self._digest_key, data, "sha256").hex()[:16]


def digests_under(secret: str, data: bytes) -> tuple[str, ...]:
    """Return what :meth:`PrivacyKey.digests` returns, under another secret of the connection.

    :param secret: of any length
    :param data: what is to be recognised
    """
    return (hmac.digest(_derive(secret, b"digest"), data, "sha256").hex()[:24],)


def _derive(privacy_secret: str, purpose: bytes) -> bytes:
    info = b"airflow-provider-dysms/1/" + purpose
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(privacy_secret.encode())
