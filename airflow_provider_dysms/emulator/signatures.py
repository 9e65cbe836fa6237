"""Checks the signature of a request as it came over the wire: ACS3-HMAC-SHA256 and the older HMAC-SHA1.

Clients encode the same query in different ways (``+`` or ``%20``, ``*`` raw or ``%2A``) but sign one canonical form.
The check therefore decodes the query as a form and encodes it again. Only the headers that the client lists are signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from airflow_provider_dysms.emulator.errors import ApiError, gateway_error, missing_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_dysms.emulator.state import AccessKey
    from airflow_provider_dysms.emulator.switches import Switches

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256\s+Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)
_FORM = b"application/x-www-form-urlencoded"
_EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived, with header names in lower case."""

    method: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a header without surrounding space, or ``None``."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1").strip()

    def is_v3(self) -> bool:
        """Return whether the credentials are in headers (ACS3) rather than in parameters."""
        return b"authorization" in self.headers or b"x-acs-bearer-token" in self.headers

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the query and of the form body."""
        pairs = _decode_pairs(self.query)
        if self.body and self.headers.get(b"content-type", b"").lower().startswith(_FORM):
            pairs += _decode_pairs(self.body)
        return dict(pairs)


class SeenNonces:
    """Remembers recent nonces, each of which may be used once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()

    def add_if_new(self, nonce: str, now: float, seconds: float) -> bool:
        """Remember a nonce; return whether it is new.

        :param seconds: how long a nonce is remembered
        """
        while self._order and self._order[0][0] <= now - seconds:
            self._seen.discard(self._order.popleft()[1])
        if nonce in self._seen:
            return False
        self._seen.add(nonce)
        self._order.append((now, nonce))
        return True


@dataclass(frozen=True, slots=True)
class AuthenticatedCall:
    """The access key, action and nonce of a request with a correct signature."""

    key: AccessKey
    action: str
    version: str
    nonce: str


def authenticate(
    request: Request, parameters: Mapping[str, str], keys: Mapping[str, AccessKey], now: float, switches: Switches
) -> AuthenticatedCall:
    """Check the access key, time and signature of a request. The caller must check the nonce.

    :param parameters: the request's own parameters, already decoded
    :param keys: access key id -> access key
    :param now: the emulator's time, seconds since 1970
    :raises ApiError: a check failed

    Follows "V3 request structure and signature" and https://help.aliyun.com/document_detail/25490.html.
    """
    _check_bearer_token(request, parameters, switches)
    check = _authenticate_v3 if request.is_v3() else _authenticate_v1
    return check(request, parameters, keys, now, switches)


def _authenticate_v3(
    request: Request, parameters: Mapping[str, str], keys: Mapping[str, AccessKey], now: float, switches: Switches
) -> AuthenticatedCall:
    authorization = request.header("authorization") or ""
    if not authorization.startswith("ACS3-HMAC-SHA256 "):
        raise gateway_error("InvalidSignatureMethod", "The signature algorithm is not ACS3-HMAC-SHA256.")
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise gateway_error("IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    access_key_id, signed_headers, signature = match.groups()
    action = _required_header(request, "x-acs-action", "Action")
    version = _required_header(request, "x-acs-version", "Version")
    date = _required_header(request, "x-acs-date", "Timestamp")
    nonce = _required_header(request, "x-acs-signature-nonce", "SignatureNonce")
    claimed_hash = _required_header(request, "x-acs-content-sha256", "ContentSha256")
    signed = signed_headers.split(";")
    unsigned = sorted(_must_be_signed(request) - set(signed))
    if unsigned or any(name.encode() not in request.headers for name in signed):
        raise gateway_error("IncompleteSignature", "Headers that have to be signed are not: " + ";".join(unsigned))
    key = _find_key(access_key_id, keys, switches)
    _check_security_token(key, request.header("x-acs-security-token"), keys, now, switches)
    _check_timestamp(date, now, switches.skew_v3)
    body_hash = hashlib.sha256(request.body).hexdigest() if request.body else _EMPTY_HASH
    canonical = "\n".join(
        (
            request.method,
            "/",
            _canonical_query(_decode_pairs(request.query)),
            *(f"{name}:{request.header(name)}" for name in sorted(signed)),
            "",
            signed_headers,
            body_hash,
        )
    )
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    expected = hmac.digest(key.access_key_secret.encode(), to_sign.encode(), "sha256").hex()
    if claimed_hash != body_hash or not hmac.compare_digest(expected, signature):
        raise gateway_error(
            "SignatureDoesNotMatch",
            f"Specified signature does not match our calculation. server StringToSign is [{to_sign}] "
            f"server CanonicalRequest is [{canonical}]",
        )
    return AuthenticatedCall(key, action, version, nonce)


def _authenticate_v1(
    request: Request, parameters: Mapping[str, str], keys: Mapping[str, AccessKey], now: float, switches: Switches
) -> AuthenticatedCall:
    for name in ("Action", "Version", "AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "Timestamp"):
        if not parameters.get(name):
            raise missing_parameter(name)
    if parameters["SignatureMethod"] != "HMAC-SHA1" or parameters.get("SignatureVersion") != "1.0":
        raise gateway_error("InvalidSignatureMethod", "The signature method is not HMAC-SHA1 1.0.")
    key = _find_key(parameters["AccessKeyId"], keys, switches)
    _check_security_token(key, parameters.get("SecurityToken"), keys, now, switches)
    _check_timestamp(parameters["Timestamp"], now, switches.skew_v1)
    md5 = request.header("content-md5")
    if md5 is not None:
        # MD5 is the checksum that the protocol defines; it protects no secret.
        computed = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
        if md5 != computed:
            raise gateway_error("ContentMD5NotMatched", "The Content-MD5 does not match the body.")
    canonical = _canonical_query(pair for pair in parameters.items() if pair[0] != "Signature")
    to_sign = f"{request.method}&%2F&{_encode(canonical)}"
    expected = base64.b64encode(hmac.digest((key.access_key_secret + "&").encode(), to_sign.encode(), "sha1"))
    if not hmac.compare_digest(expected, parameters["Signature"].encode()):
        raise gateway_error(
            "SignatureDoesNotMatch",
            f"Specified signature is not matched with our calculation. server string to sign is:{to_sign}",
        )
    return AuthenticatedCall(key, parameters["Action"], parameters["Version"], parameters["SignatureNonce"])


def _required_header(request: Request, name: str, parameter: str) -> str:
    value = request.header(name)
    if not value:
        raise missing_parameter(parameter)
    return value


def _must_be_signed(request: Request) -> set[str]:
    names = {name.decode("latin-1") for name in request.headers if name.startswith(b"x-acs-")}
    if request.body and b"content-type" in request.headers:
        # The SDK's async client sends an unsigned content-type with an empty body.
        names.add("content-type")
    return names | {"host"}


def unknown_key_error(switches: Switches) -> ApiError:
    """Return the gateway's error for an unknown access key."""
    return gateway_error(
        "InvalidAccessKeyId.NotFound", "Specified access key is not found.", switches.unknown_key_status
    )


def _check_bearer_token(request: Request, parameters: Mapping[str, str], switches: Switches) -> None:
    """Refuse a bearer token, in all the forms in which the official SDKs send it: the emulator cannot check one."""
    header_names = "x-acs-bearer-token", "x-acs-signature-type"
    has_bearer_scheme = (request.header("authorization") or "").lower().startswith("bearer ")
    if has_bearer_scheme or parameters.get("SignatureType") == "BEARERTOKEN" or any(map(request.header, header_names)):
        code = switches.bearer_token_code
        status = switches.security_token_status if code.startswith("InvalidSecurityToken") else 400
        raise gateway_error(code, "Specified bearer token is not valid.", status)


def _find_key(access_key_id: str, keys: Mapping[str, AccessKey], switches: Switches) -> AccessKey:
    key = keys.get(access_key_id)
    if key is None:
        raise unknown_key_error(switches)
    if not key.active:
        raise gateway_error("InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
    return key


def _check_security_token(
    key: AccessKey, token: str | None, keys: Mapping[str, AccessKey], now: float, switches: Switches
) -> None:
    status = switches.security_token_status
    if token is None and key.security_token is not None:
        raise gateway_error("MissingSecurityToken", "SecurityToken is mandatory for this action.")
    if token != key.security_token:
        known = any(token == other.security_token for other in keys.values())
        problem = "MismatchWithAccessKey" if known or key.security_token is None else "Malformed"
        raise ApiError(f"InvalidSecurityToken.{problem}", f"Specified SecurityToken: {problem}.", status)
    if key.expires_at is not None and now >= key.expires_at:
        raise ApiError("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.", status)


def _check_timestamp(text: str, now: float, skew: float) -> None:
    instant = _parse_timestamp(text)
    if instant is None:
        raise gateway_error("InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
    if abs(now - instant) > skew:
        raise gateway_error("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")


@lru_cache(maxsize=64)
def _parse_timestamp(text: str) -> float | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _decode_pairs(form: bytes) -> list[tuple[str, str]]:
    pairs = []
    for part in form.decode("latin-1").split("&"):
        if part:
            key, _, value = part.partition("=")
            pairs.append((_decode(key), _decode(value)))
    return pairs


def _decode(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _encode(text: str) -> str:
    return text if text.isalnum() and text.isascii() else quote(text, safe="~")


def _canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in sorted(pairs))
