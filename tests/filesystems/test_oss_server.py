"""The server of the tests is a judge of its own: what another signer signs passes, and each change to it is refused."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.oss import signature_v4
from support.oss.server import BUCKET, HOSTS, KEY_ID, REGION, SECRET, OSSServer
from support.oss.signature_v4 import Refusal, check

pytestmark = pytest.mark.slow

HOST = f"{BUCKET}.{HOSTS[0]}"


def signed(
    method: str = "PUT",
    host: str = HOST,
    target: str = "/a%20b+c?x=1&list=",
    body: bytes = b"content",
    secret: str = SECRET,
) -> dict[str, Any]:
    """Return a request that botocore has signed."""
    request = AWSRequest(method, f"https://{host}{target}", data=body)
    S3SigV4Auth(Credentials(KEY_ID, secret), "s3", REGION).add_auth(request)
    return {
        "method": method,
        "target": target,
        "headers": {**dict(request.headers.items()), "Host": host},
        "content": body,
    }


def send(oss: OSSServer, method: str, target: str, headers: dict[str, str], content: bytes) -> httpx.Response:
    context = ssl.create_default_context(cafile=oss.folder / "ca.pem")
    with httpx.Client(verify=context) as client:
        request = client.build_request(
            method, f"https://127.0.0.1:{oss.port}{target}", headers=headers, content=content
        )
        return client.send(request)


def test_what_another_signer_signs_is_stored(oss: OSSServer) -> None:
    assert send(oss, **signed()).status_code == 200
    assert oss.keys() == ["a b+c"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"content": b"another"}, "XAmzContentSHA256Mismatch"),
        ({"target": "/other"}, "SignatureDoesNotMatch"),
        ({"method": "DELETE", "content": b"content"}, "SignatureDoesNotMatch"),
        ({"headers": {"x-amz-meta-more": "1"}}, "SignatureDoesNotMatch"),
        ({"headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}}, "InvalidArgument"),
        ({"headers": {"Content-Encoding": "aws-chunked"}}, "0017-00000804"),
        ({"headers": {"Authorization": "OSS key:signature"}}, "AccessDenied"),
    ],
)
def test_each_change_to_a_signed_request_is_refused(oss: OSSServer, change: dict[str, Any], code: str) -> None:
    request = signed()
    changed = {**request, **change, "headers": {**request["headers"], **change.get("headers", {})}}
    answer = send(oss, **changed)
    assert answer.status_code in (400, 403)
    assert code in answer.text
    assert f"<HostId>{HOST}</HostId>" in answer.text
    assert oss.keys() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "another"}, "SignatureDoesNotMatch"),
        ({"host": HOSTS[0], "target": f"/{BUCKET}/a"}, "SecondLevelDomainForbidden"),
        ({"host": f"{BUCKET}.s3.amazonaws.com"}, "InvalidHost"),
        ({"method": "POST", "target": "/a?append&position=0"}, "AppendObject"),
        ({"method": "POST", "target": "/?delete"}, "MissingArgument"),
    ],
)
def test_what_oss_does_not_know_is_refused(oss: OSSServer, change: dict[str, Any], code: str) -> None:
    # Signed here, because a signature is old a quarter of an hour after the tests were collected.
    assert code in send(oss, **signed(**change)).text
    assert oss.keys() == []


def test_an_old_request_and_a_foreign_region_are_refused() -> None:
    request = signed()
    headers = {name.lower(): value for name, value in request["headers"].items()}
    arguments: tuple[Any, ...] = ("PUT", "/a%20b+c", "x=1&list=", headers, b"content", {KEY_ID: (SECRET, None)})
    assert check(*arguments, REGION) == KEY_ID
    with pytest.raises(Refusal, match="RequestTimeTooSkewed"):
        check(*arguments, REGION, datetime.now(UTC) + timedelta(minutes=16))
    with pytest.raises(Refusal, match="region"):
        check(*arguments, "cn-beijing")
    assert "botocore" not in vars(signature_v4)
