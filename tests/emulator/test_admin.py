"""The admin path, over HTTP and from Python."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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


@pytest.fixture
def admin_path(emulator: Any) -> str:
    return str(emulator.admin_url.removeprefix(emulator.url))


def test_a_web_page_elsewhere_can_send_nothing(http_post: Any, emulator: Any, admin_path: str) -> None:
    body = b'{"total_count": "string"}'
    assert http_post(f"{admin_path}switches", body, **{"Content-Type": "text/plain"})[0] == 400
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:80", "[::2]:80", ""):
        assert http_post(f"{admin_path}switches", body, Host=host)[0] == 400
    assert emulator.switches()["total_count"] == "number"
    for host in ("127.0.0.1:80", "localhost", "[::1]:80", "127.0.0.2"):
        assert http_post(f"{admin_path}switches", body, Host=host)[0] == 200


def test_who_does_not_know_the_token_is_kept_out(http_post: Any, emulator: Any, admin_path: str) -> None:
    token = admin_path.split("/")[2]
    assert len(token) >= 32
    body = b'{"total_count": "string"}'
    for wrong in ("", "/", token[:-1], token + "x", token.swapcase(), "é", "switches"):
        status, told = http_post(quote(f"/_emulator/{wrong}/switches"), body)
        assert status == 403
        assert token.encode() not in told
    assert http_post("/_emulator/switches", body)[0] == 403
    assert emulator.switches()["total_count"] == "number"


def test_the_token_is_in_no_list_of_processes(emulator: Any, admin_path: str) -> None:
    command = Path(f"/proc/{emulator.pid}/cmdline").read_bytes()
    assert b"airflow_provider_dysms.emulator" in command
    assert admin_path.split("/")[2].encode() not in command


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null"])
def test_a_body_that_is_none_is_refused(http_post: Any, admin_path: str, body: bytes) -> None:
    status, answer = http_post(f"{admin_path}switches", body)
    assert status == 400
    assert "error" in json.loads(answer)


def test_nothing_else_lies_under_the_admin_path(http_post: Any, admin_path: str) -> None:
    assert http_post(f"{admin_path}none-such", b"{}")[0] == 404
    assert http_post(f"{admin_path}state", b"{}")[0] == 405


def test_files_are_written_below_the_emulators_folder_alone(
    http_post: Any, emulator: Any, admin_path: str, tmp_path: Path
) -> None:
    folder = Path(json.loads(http_post(f"{admin_path}reset", b"{}")[1])["folder"])
    (folder / "link").symlink_to(tmp_path)
    (folder / "file").symlink_to(tmp_path / "file")
    outside = ["../out", str(tmp_path / "out"), "link/out", "file", "a/../../out", ".", str(folder), f"{folder}x/out"]
    for argument in ("log", "truth"):
        for path in outside:
            asked = {"send_date": "2026-01-05", "messages": 10, argument: path}
            status, told = http_post(f"{admin_path}generate", json.dumps(asked).encode())
            assert (status, argument in json.loads(told)["error"]) == (400, True), path
    assert list(tmp_path.iterdir()) == []
    assert not (folder.parent / "out").exists()
    assert emulator.messages() == []
    for path in ("log.csv", str(folder / "other.csv")):
        asked = {"send_date": "2026-01-05", "messages": 10, "log": path}
        assert http_post(f"{admin_path}generate", json.dumps(asked).encode())[0] == 200
    assert {"log.csv", "other.csv"} <= {each.name for each in folder.iterdir()}
    for each in folder.iterdir():
        each.unlink()


def test_a_day_is_generated_while_others_are_served(emulator: Any, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def look(generated: int, of: int) -> None:
        seen.append((generated, of))
        assert 0 < len(emulator.messages()) <= 12_000

    told = emulator.generate(send_date=date(2026, 1, 5), messages=12_000, log=tmp_path / "log.csv", progress=look)
    assert seen == [(5_000, 12_000), (10_000, 12_000)]
    assert (tmp_path / "log.csv").read_text().count("\n") == told["lines"] + 1
    with pytest.raises(InputError, match="log lies in a folder"):
        emulator.generate(send_date=date(2026, 1, 5), log=tmp_path / "none" / "log.csv")


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
