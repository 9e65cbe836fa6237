"""Every step of a signature equals that of the official SDK, byte for byte."""

from __future__ import annotations

import hmac
import json
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from airflow_provider_dysms.api.auth import signing
from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.http.headers import header_fields

OUR_ACTIONS = {
    "QuerySendDetails",
    "QuerySendStatistics",
    "QueryMessage",
    "SendSms",
    "SendBatchSms",
    "SendMessageToGlobe",
}
VECTORS = [
    vector
    for vector in json.loads((Path(__file__).parents[2] / "vectors" / "signing-vectors.json").read_text("utf-8"))
    if vector["scheme"] == signing.ALGORITHM and vector["action"] in OUR_ACTIONS
]
NOW = datetime(2025, 6, 1, 8, 44, 13, tzinfo=UTC)
KEY = Credentials("LTAI5tFakeFakeFakeFake01", "FakeSecretForTestVectorsOnly01")


def signed(**changes: object) -> dict[str, str]:
    request: dict[str, object] = {
        "method": "POST",
        "host": "dysmsapi.aliyuncs.com",
        "action": "QuerySendDetails",
        "version": "2017-05-25",
        "query": {"PhoneNumber": "13900000000", "SendDate": "20250601", "PageSize": "10", "CurrentPage": "1"},
        "body": b"",
        "content_type": None,
        "credentials": KEY,
        "date": NOW,
        "nonce": "3156853299f313e23d1673dc12e1703d",
    }
    request |= changes
    signer = signing.Signer(**{name: request.pop(name) for name in ("method", "host", "action", "version")})
    return header_fields(signer.sign(signing.canonical_query_string(request.pop("query")), **request))


def names_signed(headers: dict[str, str]) -> list[str]:
    return headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")


def test_the_vectors_cover_keys_and_tokens_bodies_and_both_methods() -> None:
    assert {vector["action"] for vector in VECTORS} == OUR_ACTIONS
    assert {len(vector["credentials"]) for vector in VECTORS} == {2, 3}
    assert {bool(vector["body"]) for vector in VECTORS} == {True, False}
    assert {vector["method"] for vector in VECTORS} == {"GET", "POST"}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_every_step_equals_the_official_sdk(vector: dict) -> None:
    sent = {name.lower(): value for name, value in vector["headers"]}
    names = vector["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name: sent[name] for name in reversed(names)}
    query = dict(parse_qsl(urlsplit(vector["url"]).query, keep_blank_values=True))

    payload_hash = signing.hashed_request_payload(vector["body"].encode())
    assert payload_hash == sent["x-acs-content-sha256"]
    request = signing.canonical_request(
        vector["method"],
        signing.canonical_query_string(query),
        signing.canonical_headers(headers),
        signing.signed_headers(headers),
        payload_hash,
    )
    assert request == vector["canonical"]
    text = signing.string_to_sign(request)
    assert text == vector["string_to_sign"]
    signature = signing.signature(vector["credentials"]["access_key_secret"], text)
    assert signature == vector["signature"]
    key_id = vector["credentials"]["access_key_id"]
    assert signing.authorization(key_id, signing.signed_headers(headers), signature) == vector["authorization"]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_our_own_request_has_the_values_of_the_official_one(vector: dict) -> None:
    theirs = {name.lower(): value for name, value in vector["headers"]}
    headers = signed(
        method=vector["method"],
        host=theirs["host"],
        action=vector["action"],
        version=vector["api_version"],
        query=dict(parse_qsl(urlsplit(vector["url"]).query, keep_blank_values=True)),
        body=vector["body"].encode(),
        content_type=theirs.get("content-type") if vector["body"] else None,
        credentials=Credentials(**vector["credentials"]),
        nonce=vector["nonce"],
    )
    ours = {name: value for name, value in headers.items() if name != "Authorization"}
    assert ours == {name: theirs[name] for name in ours}


def test_exactly_host_content_type_and_x_acs_are_signed() -> None:
    plain = signed()
    assert names_signed(plain) == sorted(name for name in plain if name != "Authorization")
    assert names_signed(plain) == [
        "host",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
    ]
    with_body = signed(body=b"OutId=1", content_type="application/x-www-form-urlencoded")
    assert names_signed(with_body) == ["content-type", *names_signed(plain)]


def test_a_token_is_sent_and_signed() -> None:
    headers = signed(credentials=Credentials("LTAI5tFake", "secret", "token"))
    assert headers["x-acs-security-token"] == "token"
    assert headers["x-acs-accesskey-id"] == "LTAI5tFake"
    assert {"x-acs-security-token", "x-acs-accesskey-id"} <= set(names_signed(headers))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"host": "dysmsapi.ap-southeast-1.aliyuncs.com"},
        {"action": "SendSms"},
        {"version": "2018-05-01"},
        {"query": {"PhoneNumber": "13900000001"}},
        {"body": b"x"},
        {"date": NOW + timedelta(seconds=1)},
        {"nonce": "another"},
        {"credentials": Credentials("LTAI5tFakeFakeFakeFake01", "another")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_changes_the_signature(change: dict[str, object]) -> None:
    assert signed(**change)["Authorization"] != signed()["Authorization"]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("AZaz09-_.~", "AZaz09-_.~"),
        (" *+/=&%,:;'()!@", "%20%2A%2B%2F%3D%26%25%2C%3A%3B%27%28%29%21%40"),
        ("é", "%C3%A9"),
        ("【阿】", "%E3%80%90%E9%98%BF%E3%80%91"),
        ("", ""),
        ("134523^435", "134523%5E435"),
    ],
)
def test_encoding_is_rfc_3986(text: str, encoded: str) -> None:
    assert signing.percent_encode(text) == encoded


def test_headers_are_in_the_order_of_their_names_not_of_their_lines() -> None:
    headers = {"x-acs-a": "1", "x-acs-a-b": " 2 ", "X-Acs-A.c": "3"}
    assert signing.canonical_headers(headers) == "x-acs-a:1\nx-acs-a-b:2\nx-acs-a.c:3\n"
    assert signing.signed_headers(headers) == "x-acs-a;x-acs-a-b;x-acs-a.c"


def test_a_request_is_dated_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    shanghai = datetime(2025, 6, 1, 16, 44, 13, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert signed(date=shanghai)["x-acs-date"] == "2025-06-01T08:44:13Z"
    assert signed(date=shanghai) == signed()
    monkeypatch.undo()
    time.tzset()


def test_a_naive_date_is_refused_because_its_zone_is_a_guess() -> None:
    with pytest.raises(ValueError, match="aware"):
        signed(date=NOW.replace(tzinfo=None))


def test_one_signer_signs_each_request_as_if_it_were_its_first() -> None:
    signer = signing.Signer("h", "SendSms", "2017-05-25")
    other = Credentials("LTAI5tOther", "another", "token")
    body = {"body": b"OutId=1", "content_type": "application/x-www-form-urlencoded"}
    of_none = {"content_type": "text/plain"}  # of no body: it is not sent
    requests = [
        {"credentials": key, "date": NOW + timedelta(milliseconds=after), **more}
        for key in (KEY, other, KEY)
        for after in (0, 999, 1000, 0)
        for more in ({}, of_none, body, {**body, "body": b"OutId=2"}, {})
    ]
    for number, request in enumerate(requests):
        alone = signing.Signer("h", "SendSms", "2017-05-25")
        query, nonce = f"A={number % 5}", f"{number % 7:032x}"
        assert signer.sign(query, nonce=nonce, **request) == alone.sign(query, nonce=nonce, **request)


@pytest.mark.parametrize("length", [1, 30, 63, 64, 65, 200])
def test_a_signature_is_the_hmac_of_the_standard_library(length: int) -> None:
    secret = "s" * length
    assert signing.signature(secret, "text") == hmac.new(secret.encode(), b"text", "sha256").hexdigest()
