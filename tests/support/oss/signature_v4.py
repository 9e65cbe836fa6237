"""Checks AWS signatures of version 4 from the bytes that came over the wire, without any code of botocore.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
_HASH = re.compile("[0-9a-f]{64}")
_MUST_BE_SIGNED = {"host", "x-amz-date", "x-amz-content-sha256"}


class Refusal(Exception):
    """A request that is refused, with the status, code and EC of OSS."""

    def __init__(self, status: int, code: str, message: str, ec: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.ec = status, code, message, ec


def check(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Mapping[str, tuple[str, str | None]],
    region: str,
    now: datetime | None = None,
) -> str:
    """Check a request; return the id of its access key.

    :param path: as it was sent, still encoded
    :param query: as it was sent, without the question mark
    :param headers: in lower case
    :param secrets: id of an access key -> its secret and its token
    :param region: the region of the host
    :raises Refusal: with OSS's code
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise Refusal(403, "AccessDenied", "The request has no signature of version 4.", "0002-00000001")
    key_id, day, scope_region, signed_names, signature = match.groups()
    if scope_region != region:
        raise Refusal(400, "InvalidArgument", "The region in the credential scope is wrong.", "0002-00000225")
    sent_at = datetime.strptime(headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs((now or datetime.now(UTC)) - sent_at) > timedelta(minutes=15) or f"{sent_at:%Y%m%d}" != day:
        raise Refusal(403, "RequestTimeTooSkewed", "The request time is too far from the server's.", "0002-00000504")
    if key_id not in secrets:
        raise Refusal(403, "InvalidAccessKeyId", "The access key id does not exist.", "0002-00000902")
    secret, token = secrets[key_id]
    if headers.get("x-amz-security-token") != token:
        raise Refusal(403, "InvalidSecurityToken", "The security token is wrong.", "0002-00000909")
    names = signed_names.split(";")
    unsigned = _MUST_BE_SIGNED | {name for name in headers if name.startswith("x-amz-")}
    if unsigned - set(names) or names != sorted(names):
        raise Refusal(403, "SignatureDoesNotMatch", "A header is not signed.", "0002-00000040")
    _check_payload(headers["x-amz-content-sha256"], body)
    canonical = "\n".join(
        [
            method,
            path or "/",
            _canonical_query(query),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in names),
            "",
            signed_names,
            headers["x-amz-content-sha256"],
        ]
    )
    scope = f"{day}/{region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    expected = hmac.digest(
        key, f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}".encode(), "sha256"
    ).hex()
    if not hmac.compare_digest(expected, signature):
        raise Refusal(
            403, "SignatureDoesNotMatch", "The signature that the server calculates is another.", "0002-00000040"
        )
    return key_id


def _check_payload(declared: str, body: bytes) -> None:
    if not _HASH.fullmatch(declared):
        raise Refusal(400, "InvalidArgument", "The payload is not hashed.", "0002-00000226")
    if hashlib.sha256(body).hexdigest() != declared:
        raise Refusal(400, "XAmzContentSHA256Mismatch", "The payload has another hash.", "0002-00000227")


def _canonical_query(query: str) -> str:
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]
    encoded = sorted((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)
