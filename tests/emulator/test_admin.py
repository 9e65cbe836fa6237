"""The admin path, over HTTP and from Python."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.quotas import QUOTAS

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def http_post(emulator: Any) -> Callable[..., tuple[int, bytes]]:
    def post(path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(emulator.host, emulator.port, timeout=10)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"} | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    return post


def test_the_clock_is_set_moved_and_frozen(emulator: Any) -> None:
    instant = datetime(2025, 6, 1, 8, 44, 13, tzinfo=UTC)
    emulator.set_clock(instant, frozen=True)
    assert emulator.now() == instant
    emulator.advance(90)
    assert emulator.now() == instant + timedelta(seconds=90)
    emulator.set_clock(instant)
    assert timedelta(0) <= emulator.now() - instant < timedelta(seconds=5)
    with pytest.raises(InputError, match="time zone"):
        emulator.set_clock(datetime(2025, 6, 1))  # noqa: DTZ001


def test_a_message_is_made_of_what_is_said_of_it(emulator: Any) -> None:
    sent_at = datetime(2026, 1, 5, 4, tzinfo=UTC)
    message = emulator.add_message(phone_number="+86 139-0000-0000", sent_at=sent_at, state="failed", out_id="o")
    assert message["phone_number"] == "13900000000"
    assert (message["state"], message["error_code"], message["out_id"]) == ("failed", "MOBILE_NOT_ON_SERVICE", "o")
    assert message["sent_at"] == "2026-01-05T04:00:00Z"
    assert message["biz_id"].endswith("^0")
    assert message["message_id"] is None
    assert emulator.add_message(phone_number="0085261234567")["message_id"]
    assert [each["phone_number"] for each in emulator.messages()] == ["13900000000", "85261234567"]


def test_a_message_may_settle_later(emulator: Any) -> None:
    settles_at = emulator.now() + timedelta(seconds=60)
    assert emulator.add_message(phone_number="13900000000", settles_at=settles_at)["state"] == "waiting"
    emulator.advance(61)
    assert emulator.messages()[0]["state"] == "delivered"


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({}, "phone_number"),
        ({"phone_number": "none"}, "phone_number"),
        ({"phone_number": "13900000000", "state": "lost"}, "state"),
        ({"phone_number": "13900000000", "colour": "red"}, "phone_number"),
        ({"phone_number": "13900000000", "sent_at": "2026-01-05T04:00:00"}, "sent_at"),
    ],
)
def test_a_message_that_cannot_be_is_refused(emulator: Any, message: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        emulator.add_message(**message)
    assert emulator.messages() == []


def test_requests_are_counted_and_remembered(emulator: Any, legacy: Callable[..., bytes]) -> None:
    before = emulator.connections()
    legacy("2018-05-01", "QueryMessage", {"MessageId": "7"})
    assert emulator.requests() == {"QueryMessage": {"requests": 1, "throttled": 0, "worst_second": 1}}
    assert emulator.connections() == before + 1
    [call] = emulator.calls()
    assert (call["action"], call["parameters"]["MessageId"]) == ("QueryMessage", "7")
    emulator.quotas(QueryMessage=7)
    emulator.reset("requests")
    assert (emulator.requests(), emulator.connections()) == ({}, 0)
    assert emulator.quotas()["QueryMessage"] == 7


def test_a_reset_forgets_everything(emulator: Any) -> None:
    switches = emulator.switches()
    emulator.configure(total_count="string", latency_ms=1)
    emulator.quotas(QueryMessage=1)
    emulator.fault("reset")
    emulator.add_message(phone_number="13900000000")
    emulator.set_clock(datetime(2020, 1, 1, tzinfo=UTC))
    emulator.reset()
    assert (emulator.switches(), emulator.quotas(), emulator.faults()) == (switches, QUOTAS, [])
    assert emulator.messages() == []
    assert abs(emulator.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_connection_is_what_airflow_takes(emulator: Any) -> None:
    connection = json.loads(emulator.connection_json(quota_share=1))
    assert connection == emulator.connection(quota_share=1)
    assert connection["extra"] == {"region_id": "cn-hangzhou", "quota_share": 1}
    assert emulator.url == f"{connection['schema']}://{connection['host']}:{connection['port']}"


def test_a_web_page_elsewhere_can_send_nothing(http_post: Callable[..., tuple[int, bytes]], emulator: Any) -> None:
    body = b'{"total_count": "string"}'
    assert http_post("/_emulator/switches", body, **{"Content-Type": "text/plain"})[0] == 400
    assert http_post("/_emulator/switches", body, Host="evil.example")[0] == 400
    assert emulator.switches()["total_count"] == "number"
    assert http_post("/_emulator/switches", body)[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null"])
def test_a_body_that_is_none_is_refused(http_post: Callable[..., tuple[int, bytes]], body: bytes) -> None:
    status, answer = http_post("/_emulator/switches", body)
    assert status == 400
    assert "error" in json.loads(answer)


def test_nothing_else_lies_under_the_admin_path(http_post: Callable[..., tuple[int, bytes]]) -> None:
    assert http_post("/_emulator/none-such", b"{}")[0] == 404


def test_the_service_has_one_endpoint_only(exchange: Any, signed_request: Any) -> None:
    answer = exchange(signed_request().replace(b"POST /?", b"POST /elsewhere?"))
    assert (answer.status, answer.json["Code"]) == (404, "InvalidApi.NotFound")
    assert set(answer.json) == {"RequestId", "Message", "Recommend", "HostId", "Code"}
    assert answer.headers["content-type"] == "application/json;charset=utf-8"


def test_a_request_without_any_signature_is_told_what_it_lacks(exchange: Any) -> None:
    answer = exchange(b"GET /?Action=QueryMessage HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == 400
    assert b"<Error><RequestId>" in answer.body
    assert b"<Code>MissingVersion</Code>" in answer.body
    garbled = exchange(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: ACS3-HMAC-SHA256 Credential=x\r\n\r\n")
    assert (garbled.status, garbled.json["Code"]) == (400, "IncompleteSignature")
