"""Damaged and delayed responses, as planned faults cause them."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dysms.emulator import Emulator


@pytest.mark.parametrize(
    ("plan", "status", "body"),
    [
        ({"kind": "html"}, 200, b"<!DOCTYPE html>"),
        ({"kind": "html", "status": 502}, 502, b"<!DOCTYPE html>"),
        ({"kind": "empty_body"}, 200, b""),
        ({"kind": "redirect", "location": "http://127.0.0.1:9/x"}, 302, b""),
    ],
)
def test_a_response_is_replaced(
    signed_request: Callable[[], bytes], exchange: Any, emulator: Any, plan: dict[str, Any], status: int, body: bytes
) -> None:
    emulator.fault(**plan)
    response = exchange(signed_request())
    assert response.status == status
    assert response.body[: len(b"<!DOCTYPE html>")] == body
    assert response.headers["location"] == plan.get("location")
    emulator.reset("requests")
    assert exchange(signed_request()).json["ResponseCode"] == "DATA_NOT_EXIST"


@pytest.mark.parametrize("kind", ["stall", "slow"])
def test_a_response_is_delayed(signed_request: Any, exchange: Any, emulator: Any, kind: str) -> None:
    emulator.fault(kind, seconds=0.3)
    started_at = time.monotonic()
    assert exchange(signed_request()).json["ResponseCode"] == "DATA_NOT_EXIST"
    assert 0.25 < time.monotonic() - started_at < 5


def test_a_connection_is_reset(signed_request: Any, exchange: Any, emulator: Any) -> None:
    emulator.fault("reset")
    with pytest.raises(ConnectionResetError, match="reset by peer"):
        exchange(signed_request())
    emulator.reset("requests")
    assert exchange(signed_request()).status == 200


def test_a_response_is_cut_off_in_the_middle(signed_request: Any, exchange: Any, emulator: Any) -> None:
    emulator.fault("truncated")
    with pytest.raises(http.client.IncompleteRead) as cut:
        exchange(signed_request())
    assert 0 < len(cut.value.partial) <= cut.value.expected + 1


def test_a_connection_is_counted_once_however_many_requests_it_carries(signed_request: Any, emulator: Any) -> None:
    before = emulator.connections()
    with socket.create_connection((emulator.host, emulator.port), timeout=10) as connection:
        for _ in range(2):
            connection.sendall(signed_request())
            with http.client.HTTPResponse(connection, method="POST") as response:
                response.begin()
                response.read()
    emulator.switches()
    assert emulator.connections() == before + 1


def test_a_connection_that_is_closed_on_purpose_is_not_reported_as_an_error(
    wire: Callable[..., bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    vectors = json.loads((Path(__file__).parents[1] / "vectors" / "signing-vectors.json").read_text("utf-8"))
    [vector] = [each for each in vectors if each["name"].startswith("09-")]
    with Emulator.start() as emulator:
        emulator.set_clock(datetime.fromisoformat(vector["date"]))
        emulator.add_account(**vector["credentials"])
        for kind in ("reset", "truncated"):
            emulator.fault(kind)
            emulator.reset("requests")
            with socket.create_connection((emulator.host, emulator.port), timeout=10) as connection:
                connection.sendall(wire(vector))
                with contextlib.suppress(ConnectionResetError):
                    while connection.recv(4096):
                        pass
        assert emulator.fired() == {"reset": 1, "truncated": 1}
    assert capfd.readouterr().err == ""
