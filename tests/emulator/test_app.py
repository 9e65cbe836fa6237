"""The endpoint: any request gets a response in the vendor's form, signed or not, valid or not."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_dysms.api.auth import signing
from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.http.headers import header_fields
from airflow_provider_dysms.api.protocol import responses
from airflow_provider_dysms.emulator.app import application
from airflow_provider_dysms.emulator.connection import DEFAULT_KEY
from airflow_provider_dysms.emulator.service import Service

CHINA, GLOBE = "2017-05-25", "2018-05-01"


@pytest.mark.filterwarnings("ignore:do_action:DeprecationWarning")
def test_an_hmac_sha1_request_without_format_gets_the_format_of_the_switch(
    legacy: Any, emulator: Any, today: Any
) -> None:
    parameters = {"PhoneNumber": NUMBER, "SendDate": today(), "PageSize": 1, "CurrentPage": 1}
    assert legacy(CHINA, "QuerySendDetails", parameters, form="").startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    emulator.configure(default_format="JSON")
    assert json.loads(legacy(CHINA, "QuerySendDetails", parameters, form=""))["Code"] == "OK"


@pytest.mark.parametrize(("position", "code"), [("bare", "RAM_PERMISSION_DENY"), ("isv", "isp.RAM_PERMISSION_DENY")])
def test_codes_of_the_international_site_have_a_prefix_or_not(
    legacy: Any, emulator: Any, position: str, code: str
) -> None:
    emulator.configure(ram_denied="business", message_codes=position)
    key = {"access_key_id": "LTAI5tLimited", "access_key_secret": "s"}
    emulator.add_account(**key, actions=["SendSms"])
    assert json.loads(legacy(GLOBE, "QueryMessage", {"MessageId": "1"}, **key))["ResponseCode"] == code
    emulator.add_account(**key)
    emulator.fault("business", code="isv.AS_PLANNED")
    assert json.loads(legacy(GLOBE, "QueryMessage", {"MessageId": "1"}, **key))["ResponseCode"] == "isv.AS_PLANNED"


@pytest.mark.parametrize("status", [404, 400])
def test_an_unknown_key_gets_the_status_of_the_switch(legacy: Any, emulator: Any, status: int) -> None:
    emulator.configure(unknown_key_status=status)
    with pytest.raises(ServerException) as refused:
        legacy(GLOBE, "QueryMessage", {"MessageId": "1"}, access_key_id="LTAI5tNobody")
    assert (refused.value.error_code, refused.value.http_status) == ("InvalidAccessKeyId.NotFound", status)


def test_the_clock_can_be_months_away_from_that_of_the_client(details: Any, emulator: Any) -> None:
    emulator.configure(skew_v1=90 * 86_400)
    for days in (-89, 178, -89):
        emulator.advance(days * 86_400)
        assert details()["Code"] == "OK"
    emulator.advance(-91 * 86_400)
    with pytest.raises(ServerException) as refused:
        details()
    assert refused.value.error_code == "InvalidTimeStamp.Expired"


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


def respond(
    service: Service, method: str, query: bytes, headers: Mapping[bytes, bytes], body: bytes
) -> tuple[int, Any]:
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
    return start["status"], responses.decode(b"".join(event["body"] for event in rest))


@settings(max_examples=200)
@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.binary(max_size=80),
    st.dictionaries(st.sampled_from(HEADERS), FIELDS, max_size=6),
    st.binary(max_size=80),
)
def test_any_bytes_get_a_gateway_error(method: str, query: bytes, headers: dict[bytes, str], body: bytes) -> None:
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    status, told = respond(Service([DEFAULT_KEY]), method, query, sent, body)
    assert 400 <= status < 500
    assert told is not None
    assert told["Code"]


@pytest.mark.slow
@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*V1, *NAMES]), VALUES, max_size=9), st.booleans())
def test_any_unsigned_parameters_get_a_gateway_error(parameters: dict[str, str], known: bool) -> None:
    if known:
        parameters |= {"AccessKeyId": DEFAULT_KEY.access_key_id, "SignatureMethod": "HMAC-SHA1"}
    query = signing.canonical_query_string(parameters).encode("utf-8", "replace")
    status, told = respond(Service([DEFAULT_KEY]), "GET", query, {b"host": b"h"}, b"")
    assert 400 <= status < 500
    assert told is not None


@pytest.mark.slow
@settings(max_examples=200)
@given(st.sampled_from(list(VERSIONS)), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
def test_any_signed_parameters_get_a_response_with_a_code(action: str, parameters: dict[str, str]) -> None:
    assert not code_of(action, parameters).startswith(("Signature", "InvalidAccessKey", "InvalidTimeStamp"))


NUMBER = "139" + "00001234"


SEND = {"PhoneNumbers": NUMBER, "SignName": "a", "TemplateCode": "SMS_1"}


BATCH = {"PhoneNumberJson": f'["{NUMBER}"]', "SignNameJson": '["a"]', "TemplateCode": "SMS_1"}


@pytest.mark.parametrize("deep", ["[" * 50_000, '{"a":' * 50_000, "9" * 5000], ids=["list", "object", "number"])
def test_deep_json_and_long_numbers_are_refused_with_the_code_of_the_parameter(deep: str) -> None:
    assert code_of("SendSms", {**SEND, "TemplateParam": deep}) == "isv.INVALID_JSON_PARAM"
    assert code_of("SendBatchSms", {**BATCH, "TemplateParamJson": deep}) == "isv.INVALID_JSON_PARAM"
    details = {"PhoneNumber": NUMBER, "SendDate": datetime.now(UTC).strftime("%Y%m%d"), "PageSize": "50"}
    assert code_of("QuerySendDetails", {**details, "CurrentPage": "9" * 5000}) == "isv.INVALID_PARAMETERS"


def code_of(action: str, parameters: dict[str, str]) -> str:
    """Send a request that is signed; return the code of its response."""
    query = signing.canonical_query_string(parameters)
    signed = signing.Signer("h", action, VERSIONS[action]).sign(
        query,
        credentials=Credentials(DEFAULT_KEY.access_key_id, DEFAULT_KEY.access_key_secret),
        date=datetime.now(UTC),
        nonce=secrets.token_hex(8),
    )
    headers = {name.lower().encode(): value.encode() for name, value in header_fields(signed).items()}
    status, told = respond(Service([DEFAULT_KEY]), "POST", query.encode(), headers, b"")
    assert status < 500
    return str(told.get("Code") or told["ResponseCode"])


def test_the_service_has_only_one_endpoint(exchange: Any, signed_request: Any) -> None:
    response = exchange(signed_request().replace(b"POST /?", b"POST /elsewhere?"))
    assert (response.status, response.json["Code"]) == (404, "InvalidApi.NotFound")
    assert set(response.json) == {"RequestId", "Message", "Recommend", "HostId", "Code"}
    assert response.headers["content-type"] == "application/json;charset=utf-8"


def test_the_error_names_what_an_unsigned_request_lacks(exchange: Any) -> None:
    response = exchange(b"GET /?Action=QueryMessage HTTP/1.1\r\nHost: x\r\n\r\n")
    assert response.status == 400
    assert b"<Error><RequestId>" in response.body
    assert b"<Code>MissingVersion</Code>" in response.body
    garbled = exchange(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: ACS3-HMAC-SHA256 Credential=x\r\n\r\n")
    assert (garbled.status, garbled.json["Code"]) == (400, "IncompleteSignature")


def test_every_response_is_delayed_by_the_latency(signed_request: Any, exchange: Any, emulator: Any) -> None:
    emulator.configure(latency_ms=200)
    started_at = time.monotonic()
    exchange(signed_request())
    assert time.monotonic() - started_at > 0.19
