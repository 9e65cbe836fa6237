"""A signature of Huawei holds for one body, whatever else the headers say."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from airflow_provider_dysms.receipts.archive.push_signature import ALGORITHM, PushKey
from airflow_provider_dysms.receipts.formats.values import Unreadable

KEY = PushKey("AK", "push secret", "/receipts")
BODY, FORGED = b"smsMsgId=1&status=UNDELIV", b"smsMsgId=1&status=DELIVRD"


def signed(body: bytes, **further: str) -> dict[str, str]:
    """Return the headers of a request; further ones are signed too."""
    headers = {"host": "example.com", "x-sdk-date": "20261120T010203Z", **further}
    signature = KEY.signature(headers, sorted(headers), body, KEY.path)
    names = ";".join(sorted(headers))
    return {**headers, "Authorization": f"{ALGORITHM} Access=AK, SignedHeaders={names}, Signature={signature}"}


def test_a_signed_request_is_accepted() -> None:
    KEY.check(signed(BODY), BODY)
    KEY.check(signed(BODY, **{"x-sdk-content-sha256": hashlib.sha256(BODY).hexdigest()}), BODY)


@pytest.mark.parametrize(
    "headers",
    [
        signed(BODY),
        {**signed(BODY), "X-Sdk-Content-Sha256": hashlib.sha256(BODY).hexdigest()},
        signed(BODY, **{"x-sdk-content-sha256": hashlib.sha256(BODY).hexdigest()}),
    ],
    ids=["none", "digest that is added", "digest that is signed"],
)
def test_another_body_under_the_headers_of_a_signed_request_is_refused(headers: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as raised:
        KEY.check(headers, FORGED)
    assert raised.value.reason == "bad_signature"
