"""Signs requests with ACS3-HMAC-SHA256, in the steps of the vendor's specification and under its names.

The functions are pure: the time and the nonce are arguments. A signature covers ``host``, ``content-type`` and
``x-acs-*`` and nothing else, because a proxy that rewrites ``user-agent`` or ``accept`` must not break it.

Follows the vendor's page "V3 request structure and signature".
"""

from __future__ import annotations

import hashlib
import hmac
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

#: The path of every RPC action.
CANONICAL_URI = "/"

EMPTY_PAYLOAD = hashlib.sha256(b"").hexdigest()

# Stands for the values that differ between requests; no header can contain it.
_PLACEHOLDER = "\0"


class Signer:
    """Signs the requests of one action at one host, thousands per second.

    :param host: value of the ``Host`` header, with the port if it is not the default of the scheme
    :param method: ``POST`` or ``GET``
    """

    def __init__(self, host: str, action: str, version: str, method: str = "POST") -> None:
        self._host = host
        self._action = action
        self._version = version
        self._method = method
        self._second: int | None = None
        self._credentials: Credentials | None = None
        self._template: _SignatureTemplate

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
        """Return the header lines of a request: the signed ones, and ``Authorization``.

        :param query_string: the result of :func:`canonical_query_string`
        :param body: the body that is sent; ``b""`` if there is none
        :param content_type: type of the body; ``None`` if there is none
        :param credentials: sign the request
        :param date: the current instant, aware
        :param nonce: a text that no other request has
        :raises ValueError: ``date`` is naive
        """
        if date.tzinfo is None:
            raise ValueError("the date of a request must be an aware instant")
        second = int(date.timestamp())
        if body or second != self._second or credentials is not self._credentials:
            self._template = self._make_template(second, credentials, body, content_type)
            self._second, self._credentials = None if body else second, credentials
        return self._template.lines(query_string, nonce)

    def _make_template(
        self, second: int, credentials: Credentials, body: bytes, content_type: str | None
    ) -> _SignatureTemplate:
        headers = {"content-type": content_type, "host": self._host} if body and content_type else {"host": self._host}
        if credentials.security_token is not None:
            headers["x-acs-accesskey-id"] = credentials.access_key_id
        headers["x-acs-action"] = self._action
        headers["x-acs-content-sha256"] = payload_hash = hashed_request_payload(body)
        headers["x-acs-date"] = acs_date(second)
        if credentials.security_token is not None:
            headers["x-acs-security-token"] = credentials.security_token
        headers["x-acs-signature-nonce"] = _PLACEHOLDER
        headers["x-acs-version"] = self._version
        names = signed_headers(headers)
        request = canonical_request(self._method, _PLACEHOLDER, canonical_headers(headers), names, payload_hash)
        headers["Authorization"] = authorization(credentials.access_key_id, names, _PLACEHOLDER)
        return _SignatureTemplate(request, header_lines(headers), credentials.access_key_secret)


class _SignatureTemplate:
    """The text that requests of one second and one access key share; each request fills in its query and its nonce.

    :param request: the canonical request, with placeholders for the query and the nonce
    :param lines: the header lines, with placeholders for the nonce and the signature
    :param access_key_secret: makes the signatures
    """

    def __init__(self, request: str, lines: str, access_key_secret: str) -> None:
        self._request = request.split(_PLACEHOLDER)
        self._lines = lines.split(_PLACEHOLDER)
        self._access_key_secret = access_key_secret

    def lines(self, query_string: str, nonce: str) -> str:
        before, between, after = self._request
        text = string_to_sign(f"{before}{query_string}{between}{nonce}{after}")
        before, between, after = self._lines
        return f"{before}{nonce}{between}{signature(self._access_key_secret, text)}{after}"


def signature(access_key_secret: str, text: str) -> str:
    """Return the signature of a string to sign."""
    return hmac.new(access_key_secret.encode(), text.encode(), "sha256").hexdigest()


def acs_date(second: int) -> str:
    """Return the value of ``x-acs-date`` for a second since 1970, in UTC."""
    return datetime.fromtimestamp(second, UTC).strftime(ISO_UTC_FORMAT)


def percent_encode(text: str) -> str:
    """Percent-encode a text by RFC 3986: everything but letters, digits and ``-_.~``."""
    # Most names and values are letters and digits only, and quote() is slow.
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def canonical_query_string(query: Mapping[str, str]) -> str:
    """Return the encoded parameters, ordered by name. The request is sent with the same string."""
    return "&".join([f"{encoded}={percent_encode(query[name])}" for name, encoded in _parameters(tuple(query))])


@lru_cache(maxsize=64)
def _parameters(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, percent_encode(name)) for name in sorted(names)]


def hashed_request_payload(body: bytes) -> str:
    """Return the hash of the body as sent; a constant for queries, which have no body."""
    return hashlib.sha256(body).hexdigest() if body else EMPTY_PAYLOAD


def canonical_headers(headers: Mapping[str, str]) -> str:
    """Return one line per header, ordered by name: its name in lower case and its trimmed value."""
    return "".join([f"{lower}:{headers[name].strip()}\n" for lower, name in _in_order(headers)])


def signed_headers(headers: Mapping[str, str]) -> str:
    """Return the names of the signed headers."""
    return ";".join([lower for lower, _ in _in_order(headers)])


def _in_order(names: Iterable[str]) -> list[tuple[str, str]]:
    return sorted([(name.lower(), name) for name in names])


def canonical_request(method: str, query_string: str, headers: str, names: str, payload_hash: str) -> str:
    """Return the canonical request, which client and server derive alike.

    :param query_string: the result of :func:`canonical_query_string`
    :param headers: the result of :func:`canonical_headers`
    :param names: the result of :func:`signed_headers`
    :param payload_hash: the result of :func:`hashed_request_payload`
    """
    return f"{method}\n{CANONICAL_URI}\n{query_string}\n{headers}\n{names}\n{payload_hash}"


def string_to_sign(request: str) -> str:
    """Return the algorithm and the hash of the canonical request."""
    return f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"


def authorization(access_key_id: str, names: str, signed: str) -> str:
    """Return the value of the ``Authorization`` header, without blanks, which the gateway does not accept."""
    return f"{ALGORITHM} Credential={access_key_id},SignedHeaders={names},Signature={signed}"
