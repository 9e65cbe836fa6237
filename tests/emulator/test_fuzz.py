"""Whatever is sent to the emulator, signed or not, it answers in the vendor's forms and never breaks."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.api.auth import signing
from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.http.headers import header_fields
from airflow_provider_dysms.api.protocol import actions
from airflow_provider_dysms.emulator.app import application
from airflow_provider_dysms.emulator.connection import DEFAULT_KEY
from airflow_provider_dysms.emulator.service import Service

VERSIONS = {
    "QuerySendDetails": "2017-05-25",
    "QuerySendStatistics": "2017-05-25",
    "SendSms": "2017-05-25",
    "SendBatchSms": "2017-05-25",
    "QueryMessage": "2018-05-01",
    "SendMessageToGlobe": "2018-05-01",
}
NAMES = (
    *("PhoneNumber", "PhoneNumbers", "SendDate", "PageSize", "CurrentPage", "PageIndex", "BizId", "IsGlobe"),
    *("StartDate", "EndDate", "TemplateType", "SignName", "TemplateCode", "TemplateParam", "OutId", "MessageId"),
    *("To", "From", "Message", "Type", "Format", "SignNameJson", "PhoneNumberJson", "TemplateParamJson"),
)
VALUES = st.text(max_size=12) | st.sampled_from(
    [
        "139" + "00001234",
        "852" + "51234567",
        datetime.now(UTC).strftime("%Y%m%d"),
        "00000000",
        "99991231",
        "1",
        "50",
        "0",
        "-1",
        "9" * 5000,
        "1e3",
        "٣",
        "{}",
        "[]",
        '{"a": 1}',
        "[" * 50_000,
        '["1"]',
        "XML",
        "JSON",
    ]
)
#: Headers and parameters of both kinds of signature.
HEADERS = (
    b"authorization host x-acs-action x-acs-version x-acs-date x-acs-signature-nonce x-acs-content-sha256 "
    b"x-acs-security-token content-type content-md5 accept"
).split()
V1 = (
    *("Action", "Version", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce"),
    *("Timestamp", "SecurityToken"),
)
#: What a server of HTTP lets pass.
FIELDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40)


def answer(service: Service, method: str, query: bytes, headers: Mapping[bytes, bytes], body: bytes) -> tuple[int, Any]:
    """Send a request straight to the application; return the status and what was answered."""
    told: list[Any] = []
    sent = [*headers.items(), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "path": "/", "method": method, "query_string": query, "headers": sent}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Any) -> None:
        told.append(event)

    with contextlib.suppress(StopIteration):  # nothing in it waits for anything
        application(service)(scope, receive, send).send(None)
    start, *rest = told
    return start["status"], actions.decode(b"".join(event["body"] for event in rest))


@settings(max_examples=200)
@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.binary(max_size=80),
    st.dictionaries(st.sampled_from(HEADERS), FIELDS, max_size=6),
    st.binary(max_size=80),
)
def test_any_bytes_are_refused_in_the_gateways_form(
    method: str, query: bytes, headers: dict[bytes, str], body: bytes
) -> None:
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    status, told = answer(Service([DEFAULT_KEY]), method, query, sent, body)
    assert 400 <= status < 500
    assert told is not None
    assert told["Code"]


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*V1, *NAMES]), VALUES, max_size=9), st.booleans())
def test_any_unsigned_parameters_are_refused_in_the_gateways_form(parameters: dict[str, str], known: bool) -> None:
    if known:
        parameters |= {"AccessKeyId": DEFAULT_KEY.access_key_id, "SignatureMethod": "HMAC-SHA1"}
    query = signing.canonical_query_string(parameters).encode("utf-8", "replace")
    status, told = answer(Service([DEFAULT_KEY]), "GET", query, {b"host": b"h"}, b"")
    assert 400 <= status < 500
    assert told is not None


@settings(max_examples=200)
@given(st.sampled_from(list(VERSIONS)), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
def test_any_signed_parameters_have_an_answer_with_a_code(action: str, parameters: dict[str, str]) -> None:
    assert not code_of(action, parameters).startswith(("Signature", "InvalidAccessKey", "InvalidTimeStamp"))


NUMBER = "139" + "00001234"
SEND = {"PhoneNumbers": NUMBER, "SignName": "a", "TemplateCode": "SMS_1"}
BATCH = {"PhoneNumberJson": f'["{NUMBER}"]', "SignNameJson": '["a"]', "TemplateCode": "SMS_1"}


@pytest.mark.parametrize("deep", ["[" * 50_000, '{"a":' * 50_000, "9" * 5000], ids=["list", "object", "number"])
def test_what_is_deep_or_long_is_refused_by_the_parameters_own_code(deep: str) -> None:
    assert code_of("SendSms", {**SEND, "TemplateParam": deep}) == "isv.INVALID_JSON_PARAM"
    assert code_of("SendBatchSms", {**BATCH, "TemplateParamJson": deep}) == "isv.INVALID_JSON_PARAM"
    details = {"PhoneNumber": NUMBER, "SendDate": datetime.now(UTC).strftime("%Y%m%d"), "PageSize": "50"}
    assert code_of("QuerySendDetails", {**details, "CurrentPage": "9" * 5000}) == "isv.INVALID_PARAMETERS"


def code_of(action: str, parameters: dict[str, str]) -> str:
    """Send a request that is signed; return the code of its answer."""
    query = signing.canonical_query_string(parameters)
    signed = signing.Signer("h", action, VERSIONS[action]).sign(
        query,
        credentials=Credentials(DEFAULT_KEY.access_key_id, DEFAULT_KEY.access_key_secret),
        date=datetime.now(UTC),
        nonce=secrets.token_hex(8),
    )
    headers = {name.lower().encode(): value.encode() for name, value in header_fields(signed).items()}
    status, told = answer(Service([DEFAULT_KEY]), "POST", query.encode(), headers, b"")
    assert status < 500
    return str(told.get("Code") or told["ResponseCode"])
