"""ACS3-HMAC-SHA256, in the specification's own steps and under its own names.

Pure: the time and the nonce are arguments. Requests sign ``host``, ``content-type`` and ``x-acs-*`` and nothing else:
a proxy that rewrites ``user-agent`` or ``accept`` must not break a signature.

Follows the vendor's page "V3 request structure and signature".
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_provider_dysms.api.http.headers import header_lines
from airflow_provider_dysms.model.dates import ISO_UTC_FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_dysms.api.auth.credentials import Credentials

ALGORITHM = "ACS3-HMAC-SHA256"

#: RPC actions all live at the root.
CANONICAL_URI = "/"

EMPTY_PAYLOAD = hashlib.sha256(b"").hexdigest()

# In the place of what every request has its own of; no header can hold it.
_OWN = "\0"


class Signer:
    """Signs the requests of one action at one host, thousands a second.

    :param host: value of the ``Host`` header, with the port where it is not the scheme's own
    :param method: ``POST`` or ``GET``
    """

    def __init__(self, host: str, action: str, version: str, method: str = "POST") -> None:
        self._host = host
        self._action = action
        self._version = version
        self._method = method
        self._second: int | None = None
        self._credentials: Credentials | None = None
        self._stencil: _SignatureTemplate

    def sign(
        self,
        query_string: str,
        *,
        body: bytes = b"",
        content_type: str | None = None,
        credentials: Credentials,
        date: datetime,
        nonce: str,
    ) -> str:
        """Return the header lines of a request: those that are signed, and ``Authorization``.

        :param query_string: of :func:`canonical_query_string`
        :param body: the body as it is sent; ``b""`` for none
        :param content_type: type of the body, where there is one
        :param date: now, an aware instant
        :param nonce: a text that no other request has
        :raises ValueError: ``date`` is naive
        """
        if date.tzinfo is None:
            raise ValueError("a request is dated by an aware instant")
        second = int(date.timestamp())
        if body or second != self._second or credentials is not self._credentials:
            self._stencil = self._cut(second, credentials, body, content_type)
            self._second, self._credentials = None if body else second, credentials
        return self._stencil.lines(query_string, nonce)

    def _cut(self, second: int, credentials: Credentials, body: bytes, content_type: str | None) -> _SignatureTemplate:
        headers = {"content-type": content_type, "host": self._host} if body and content_type else {"host": self._host}
        if credentials.security_token is not None:
            headers["x-acs-accesskey-id"] = credentials.access_key_id
        headers["x-acs-action"] = self._action
        headers["x-acs-content-sha256"] = payload_hash = hashed_request_payload(body)
        headers["x-acs-date"] = acs_date(second)
        if credentials.security_token is not None:
            headers["x-acs-security-token"] = credentials.security_token
        headers["x-acs-signature-nonce"] = _OWN
        headers["x-acs-version"] = self._version
        names = signed_headers(headers)
        request = canonical_request(self._method, _OWN, canonical_headers(headers), names, payload_hash)
        headers["Authorization"] = authorization(credentials.access_key_id, names, _OWN)
        return _SignatureTemplate(request, header_lines(headers), credentials.access_key_secret)


class _SignatureTemplate:
    """What requests of one second and one key have in common; each fills in its query and its nonce.

    :param request: the canonical request, with the marks of a query and of a nonce
    :param lines: the header lines, with the marks of a nonce and of a signature
    """

    def __init__(self, request: str, lines: str, access_key_secret: str) -> None:
        self._request = request.split(_OWN)
        self._lines = lines.split(_OWN)
        self._key = SigningKey(access_key_secret)

    def lines(self, query_string: str, nonce: str) -> str:
        before, between, after = self._request
        signed = self._key.signature(string_to_sign(f"{before}{query_string}{between}{nonce}{after}"))
        before, between, after = self._lines
        return f"{before}{nonce}{between}{signed}{after}"


class SigningKey:
    """Makes signatures: HMAC-SHA256 (RFC 2104), which is two hashes that begin with the key, so they are begun once."""

    def __init__(self, access_key_secret: str) -> None:
        key = access_key_secret.encode()
        key = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
        self._inner, self._outer = (hashlib.sha256(bytes(byte ^ pad for byte in key)) for pad in (0x36, 0x5C))

    def signature(self, text: str) -> str:
        """Return the signature of a string to sign."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


_BLOCK = 64  # of SHA-256, in bytes


def acs_date(second: int) -> str:
    """Return a second since 1970 as ``x-acs-date``: UTC."""
    return datetime.fromtimestamp(second, UTC).strftime(ISO_UTC_FORMAT)


def percent_encode(text: str) -> str:
    """Encode by RFC 3986: everything but letters, digits and ``-_.~``."""
    # Nearly every name and value is letters and digits, and quote() takes its time.
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def canonical_query_string(query: Mapping[str, str]) -> str:
    """Return the parameters in the order of their names. It is also what is sent, so both are the same."""
    return "&".join([f"{encoded}={percent_encode(query[name])}" for name, encoded in _parameters(tuple(query))])


@lru_cache(maxsize=64)
def _parameters(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, percent_encode(name)) for name in sorted(names)]


def hashed_request_payload(body: bytes) -> str:
    """Return the hash of the body as sent; queries have none, so theirs is a constant."""
    return hashlib.sha256(body).hexdigest() if body else EMPTY_PAYLOAD


def canonical_headers(headers: Mapping[str, str]) -> str:
    """Return one line a header: its name in lower case, its value trimmed, in the order of the names."""
    return "".join([f"{lower}:{headers[name].strip()}\n" for lower, name in _in_order(headers)])


def signed_headers(headers: Mapping[str, str]) -> str:
    """Return the names of the headers that are signed."""
    return ";".join([lower for lower, _ in _in_order(headers)])


def _in_order(names: Iterable[str]) -> list[tuple[str, str]]:
    return sorted([(name.lower(), name) for name in names])


def canonical_request(method: str, query_string: str, headers: str, names: str, payload_hash: str) -> str:
    """Return the request in the form that both sides can derive.

    :param query_string: of :func:`canonical_query_string`
    :param headers: of :func:`canonical_headers`
    :param names: of :func:`signed_headers`
    :param payload_hash: of :func:`hashed_request_payload`
    """
    return f"{method}\n{CANONICAL_URI}\n{query_string}\n{headers}\n{names}\n{payload_hash}"


def string_to_sign(request: str) -> str:
    """Return the algorithm and the hash of the canonical request."""
    return f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"


def authorization(access_key_id: str, names: str, signed: str) -> str:
    """Return the ``Authorization`` header. No blanks: the gateway takes none."""
    return f"{ALGORITHM} Credential={access_key_id},SignedHeaders={names},Signature={signed}"
