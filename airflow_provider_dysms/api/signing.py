"""ACS3-HMAC-SHA256, in the specification's own steps and under its own names.

Pure: the time and the nonce are arguments. Requests sign ``host``, ``content-type`` and ``x-acs-*`` and nothing else:
a proxy that rewrites ``user-agent`` or ``accept`` must not break a signature.

Follows the vendor's page "V3 request structure and signature".
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.api.credentials import Credentials

ALGORITHM = "ACS3-HMAC-SHA256"

#: RPC actions all live at the root.
CANONICAL_URI = "/"

EMPTY_PAYLOAD = hashlib.sha256(b"").hexdigest()


def sign(
    *,
    method: str,
    host: str,
    action: str,
    version: str,
    query_string: str,
    body: bytes,
    content_type: str | None,
    credentials: Credentials,
    date: datetime,
    nonce: str,
) -> dict[str, str]:
    """Return the headers of a request: those that are signed, and ``Authorization``.

    :param method: ``POST`` or ``GET``
    :param host: value of the ``Host`` header, with the port where it is not the scheme's own
    :param query_string: of :func:`canonical_query_string`
    :param body: the body as it is sent; ``b""`` for none
    :param content_type: type of the body; ``None`` where there is none
    :param date: now, an aware instant
    :param nonce: a text that no other request has
    :raises ValueError: ``date`` is naive
    """
    headers = {"host": host} if content_type is None else {"content-type": content_type, "host": host}
    if credentials.security_token is not None:
        headers["x-acs-accesskey-id"] = credentials.access_key_id
    headers["x-acs-action"] = action
    headers["x-acs-content-sha256"] = payload_hash = hashed_request_payload(body)
    headers["x-acs-date"] = acs_date(date)
    if credentials.security_token is not None:
        headers["x-acs-security-token"] = credentials.security_token
    headers["x-acs-signature-nonce"] = nonce
    headers["x-acs-version"] = version
    names = signed_headers(headers)
    request = canonical_request(method, query_string, canonical_headers(headers), names, payload_hash)
    signed = signature(credentials.access_key_secret, string_to_sign(request))
    headers["Authorization"] = authorization(credentials.access_key_id, names, signed)
    return headers


def acs_date(instant: datetime) -> str:
    """Return an aware instant as ``x-acs-date``: UTC, in whole seconds."""
    if instant.tzinfo is None:
        raise ValueError("a request is dated by an aware instant")
    return _second(int(instant.timestamp()))


@lru_cache(maxsize=2)
def _second(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
    return "".join([f"{lower}:{headers[name].strip()}\n" for lower, name in _in_order(tuple(headers))])


def signed_headers(headers: Mapping[str, str]) -> str:
    """Return the names of the headers that are signed."""
    return ";".join([lower for lower, _ in _in_order(tuple(headers))])


@lru_cache(maxsize=64)
def _in_order(names: tuple[str, ...]) -> list[tuple[str, str]]:
    # Requests of one action have the same names, thousands of times a second.
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


def signature(access_key_secret: str, text: str) -> str:
    """Return the signature of a string to sign."""
    return hmac.digest(access_key_secret.encode(), text.encode(), "sha256").hex()


def authorization(access_key_id: str, names: str, signed: str) -> str:
    """Return the ``Authorization`` header. No blanks: the gateway takes none."""
    return f"{ALGORITHM} Credential={access_key_id},SignedHeaders={names},Signature={signed}"
