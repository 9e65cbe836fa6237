"""Access to the admin path: only with its token, from loopback, and in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    pass


def test_a_web_page_cannot_send_anything(http_post: Any, emulator: Any, admin_path: str) -> None:
    body = b'{"total_count": "string"}'
    assert http_post(f"{admin_path}switches", body, **{"Content-Type": "text/plain"})[0] == 400
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:80", "[::2]:80", ""):
        assert http_post(f"{admin_path}switches", body, Host=host)[0] == 400
    assert emulator.switches()["total_count"] == "number"
    for host in ("127.0.0.1:80", "localhost", "[::1]:80", "127.0.0.2"):
        assert http_post(f"{admin_path}switches", body, Host=host)[0] == 200


def test_a_request_with_a_wrong_token_is_refused(http_post: Any, emulator: Any, admin_path: str) -> None:
    token = admin_path.split("/")[2]
    assert len(token) >= 32
    body = b'{"total_count": "string"}'
    for wrong in ("", "/", token[:-1], token + "x", token.swapcase(), "é", "switches"):
        status, told = http_post(quote(f"/_emulator/{wrong}/switches"), body)
        assert status == 403
        assert token.encode() not in told
    assert http_post("/_emulator/switches", body)[0] == 403
    assert emulator.switches()["total_count"] == "number"


def test_the_token_is_not_in_the_arguments_of_the_process(emulator: Any, admin_path: str) -> None:
    command = Path(f"/proc/{emulator.pid}/cmdline").read_bytes()
    assert b"airflow_provider_dysms.emulator" in command
    assert admin_path.split("/")[2].encode() not in command


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null"])
def test_an_invalid_body_is_refused(http_post: Any, admin_path: str, body: bytes) -> None:
    status, response = http_post(f"{admin_path}switches", body)
    assert status == 400
    assert "error" in json.loads(response)


def test_unknown_paths_and_methods_are_refused(http_post: Any, admin_path: str) -> None:
    assert http_post(f"{admin_path}none-such", b"{}")[0] == 404
    assert http_post(f"{admin_path}state", b"{}")[0] == 405
