"""The captured requests of the official SDKs: each is let in, and each with one character changed is refused."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from airflow_provider_dysms.emulator.quotas import QUOTAS

OURS = set(QUOTAS)
SIGNATURE_CODES = {
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidAccessKeyId.NotFound",
    "InvalidSignatureMethod",
    "InvalidTimeStamp.Expired",
    "InvalidTimeStamp.Format",
    "InvalidSecurityToken.Malformed",
    "ContentMD5NotMatched",
    "MissingSecurityToken",
}


@pytest.fixture
def at_the_vectors_time(emulator: Any, vector: dict[str, Any]) -> None:
    emulator.set_clock(datetime.fromisoformat(vector["date"]), frozen=True)
    emulator.add_account(**vector["credentials"])


def code_of(response: Any) -> str:
    if "xml" in response.headers["content-type"]:
        return str(ElementTree.fromstring(response.body).findtext("Code"))
    return str(response.json.get("Code", response.json.get("ResponseCode")))


@pytest.mark.usefixtures("at_the_vectors_time")
def test_every_captured_request_is_let_in(vector: dict[str, Any], replay: Callable[..., Any]) -> None:
    response = replay(vector)
    if vector["action"] not in OURS:
        assert (response.status, code_of(response)) == (404, "InvalidAction.NotFound")
    elif vector["action"] == "QueryMessage":
        assert (response.status, code_of(response)) == (200, "DATA_NOT_EXIST")
    else:
        assert response.status == 200
        assert code_of(response) == "OK" or code_of(response).startswith("isv.")


@pytest.mark.usefixtures("at_the_vectors_time")
def test_every_captured_request_with_one_character_changed_is_refused(
    vector: dict[str, Any], replay: Callable[..., Any], emulator: Any
) -> None:
    for what, changed in changes(vector):
        emulator.add_account(**changed["credentials"])
        response = replay(changed)
        assert response.status in (400, 404), what
        assert code_of(response) in SIGNATURE_CODES, what
    emulator.add_account(**vector["credentials"])
    assert code_of(replay(vector)) not in SIGNATURE_CODES, "the request itself is still let in"


def changes(vector: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the request with one character of each signed part changed."""
    v3 = vector["scheme"].startswith("ACS3")
    names, values = parts(vector["request_line"])
    for position, name in enumerate(names):
        changed = copy.deepcopy(vector)
        fresh = [*values[:position], other(values[position]), *values[position + 1 :]]
        query = "&".join(f"{key}={value}" for key, value in zip(names, fresh, strict=True))
        changed["request_line"] = re.sub(r"\?\S*", lambda _, query=query: f"?{query}", vector["request_line"])
        yield f"query {name}", changed
    if vector["body"]:
        changed = copy.deepcopy(vector)
        changed["body"] = other(vector["body"])
        yield "body", changed
    changed = copy.deepcopy(vector)
    changed["credentials"]["access_key_secret"] = other(vector["credentials"]["access_key_secret"])
    yield "secret", changed
    if not v3:
        return
    signed = re.search("SignedHeaders=([^,]+)", vector["authorization"])[1].split(";")
    for position, (name, value) in enumerate(vector["headers"]):
        if name.lower() in signed:
            changed = copy.deepcopy(vector)
            changed["headers"][position][1] = other(value)
            yield f"header {name}", changed
        if name == "Authorization":
            changed = copy.deepcopy(vector)
            changed["headers"][position][1] = value[:-1] + ("0" if value[-1] != "0" else "1")
            yield "signature", changed


def parts(request_line: str) -> tuple[list[str], list[str]]:
    query = request_line.split(" ")[1].partition("?")[2]
    pairs = [part.partition("=") for part in query.split("&") if part]
    return [name for name, _, _ in pairs], [value for _, _, value in pairs]


def other(text: str) -> str:
    """Return a text that differs in one character, the last plain one, so that its encoding stays what it is."""
    for position in range(len(text) - 1, -1, -1):
        if text[position].isalnum() and "%" not in text[max(0, position - 2) : position]:
            return text[:position] + ("1" if text[position] != "1" else "2") + text[position + 1 :]
    return text + "1"


@pytest.mark.usefixtures("at_the_vectors_time")
def test_a_captured_request_sent_twice_is_refused_for_its_nonce(
    vector: dict[str, Any], replay: Callable[..., Any], exchange: Callable[..., Any], wire: Any, emulator: Any
) -> None:
    replay(vector)
    emulator.advance(600)
    again = exchange(wire(vector))
    assert (again.status, code_of(again)) == (400, "SignatureNonceUsed")


@pytest.mark.usefixtures("at_the_vectors_time")
def test_a_captured_request_is_refused_a_quarter_of_an_hour_off(
    vector: dict[str, Any], replay: Callable[..., Any], emulator: Any
) -> None:
    emulator.advance(901)
    late = replay(vector)
    emulator.advance(-1802)
    early = replay(vector)
    assert (late.status, code_of(late)) == (early.status, code_of(early)) == (400, "InvalidTimeStamp.Expired")
    emulator.configure(skew_v1=1860, skew_v3=1860)
    assert "TimeStamp" not in code_of(replay(vector))


@pytest.mark.usefixtures("at_the_vectors_time")
def test_a_header_that_has_to_be_signed_and_is_not_is_refused(
    vector: dict[str, Any], replay: Callable[..., Any]
) -> None:
    if not vector["scheme"].startswith("ACS3"):
        return
    changed = copy.deepcopy(vector)
    changed["headers"].append(["x-acs-further", "1"])
    assert code_of(replay(changed)) == "IncompleteSignature"
    for position, (name, value) in enumerate(vector["headers"]):
        if name == "Authorization":
            for dropped in ("host;", ";x-acs-date", "content-type;"):
                changed = copy.deepcopy(vector)
                changed["headers"][position][1] = value.replace(dropped, "", 1)
                if changed != vector:
                    assert code_of(replay(changed)) == "IncompleteSignature", dropped


@pytest.mark.usefixtures("at_the_vectors_time")
def test_any_way_to_write_a_query_is_the_same_query(vector: dict[str, Any], replay: Callable[..., Any]) -> None:
    changed = copy.deepcopy(vector)
    changed["request_line"] = vector["request_line"].replace("+", "%20").replace("%2A", "*").replace("%5E", "%5e")
    assert code_of(replay(changed)) == code_of(replay(vector))


@pytest.mark.usefixtures("at_the_vectors_time")
def test_a_checksum_that_does_not_fit_the_body_is_refused(vector: dict[str, Any], replay: Callable[..., Any]) -> None:
    for position, (name, value) in enumerate(vector["headers"]):
        if name == "Content-MD5":
            changed = copy.deepcopy(vector)
            changed["headers"][position][1] = other(value)
            assert code_of(replay(changed)) == "ContentMD5NotMatched"
