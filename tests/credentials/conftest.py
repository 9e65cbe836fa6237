"""A small server on this machine that issues credentials as STS, the metadata service and a credentials URI do."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import math
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import pytest

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.hooks.dysms import DysmsHook

ROLE = "acs:ram::100000000000:role/sms-audit"
PROVIDER = "acs:ram::100000000000:oidc-provider/cluster"
LOGIN, SECRET = "LTAIbaseKey", "base-secret-of-the-login"
OIDC_TOKEN = "eyJhbGciOi-the-token-of-the-pod"
URI_SECRET = "the-secret-in-the-uri"
METADATA_ENDPOINT = "/latest/meta-data/ram/security-credentials/"


class StandIn:
    """Issues credentials that the emulator accepts until they expire.

    :param emulator: accepts the credentials
    """

    def __init__(self, emulator: Emulator) -> None:
        self.lasts = 3600.0  # seconds, rounded up to a whole one as in the answers
        self.dead = False  # the emulator takes none of its keys
        self.asked: list[dict[str, str]] = []
        self.secrets: list[str] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []  # instead of keys: status, headers, body
        self.before_answer: Callable[[], None] = lambda: None
        self.metadata_v1 = False
        self._emulator = emulator
        self._serial = itertools.count()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def use_tls(self, certificate: Path) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.port}"

    def key(self) -> dict[str, str]:
        """Make a key that the emulator takes."""
        name = f"{next(self._serial)}-{time.monotonic_ns()}"
        end = math.ceil(time.time() + self.lasts)
        key = {
            "access_key_id": f"STS.{name}",
            "access_key_secret": f"issued-secret-{name}",
            "security_token": f"issued-token-{name}",
        }
        self._emulator.add_account(**key, expires_at=0 if self.dead else end)
        self.secrets += [key["access_key_secret"], key["security_token"]]
        return {
            "AccessKeyId": key["access_key_id"],
            "AccessKeySecret": key["access_key_secret"],
            "SecurityToken": key["security_token"],
            "Expiration": datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def answer(self, method: str, target: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked.append({"method": method, "path": parts.path, "host": headers.get("host", ""), **query})
        self.before_answer()
        if self.answers:
            return self.answers.pop(0)
        if parts.path == "/":
            return self._sts(method, query)
        if parts.path == "/keys":
            if query.get("secret") != URI_SECRET:
                return 403, {}, b"{}"
            return 200, {}, json.dumps({"Code": "Success", **self.key()}).encode()
        return self._metadata(method, parts.path, headers)

    def _sts(self, method: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if query["Action"] == "AssumeRole":
            signature = query.pop("Signature")
            canonical = "&".join(f"{quote_plus(name)}={quote_plus(query[name])}" for name in sorted(query))
            to_sign = f"{method}&%2F&{quote_plus(canonical)}"
            expected = base64.b64encode(hmac.digest(f"{SECRET}&".encode(), to_sign.encode(), "sha1")).decode()
            if query["AccessKeyId"] != LOGIN or signature != expected:
                return 400, {}, b'{"Code": "SignatureDoesNotMatch", "Message": "no"}'
        elif query["OIDCToken"] != OIDC_TOKEN or query["OIDCProviderArn"] != PROVIDER:
            return 400, {}, b'{"Code": "AuthenticationFail.OIDCToken.Invalid", "Message": "no"}'
        if query["RoleArn"] != ROLE:
            return 404, {}, b'{"Code": "EntityNotExist.Role", "Message": "no", "RequestId": "A-1"}'
        return 200, {}, json.dumps({"Credentials": self.key(), "RequestId": "A-1"}).encode()

    def _metadata(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if path == "/latest/api/token" and method == "PUT" and not self.metadata_v1:
            return 200, {}, b"metadata-token"
        if not self.metadata_v1 and headers.get("x-aliyun-ecs-metadata-token") != "metadata-token":
            return 403, {}, b"<html>no</html>"
        if path == METADATA_ENDPOINT:
            return 200, {}, b"sms-role"
        if path == f"{METADATA_ENDPOINT}sms-role":
            return 200, {}, json.dumps({"Code": "Success", **self.key()}).encode()
        return 404, {}, b"<html>not found</html>"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more, body = stand_in.answer(self.command, self.path, headers)
                self.send_response(status)
                for name, value in {**more, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@pytest.fixture
def stand_in(emulator: Emulator) -> Iterator[StandIn]:
    with StandIn(emulator) as started:
        yield started


Extras = Callable[[str], dict[str, Any]]

AUTH_TYPES = ["ram_role_arn", "oidc_role_arn", "ecs_ram_role", "credentials_uri"]


@pytest.fixture
def extras(stand_in: StandIn, tmp_path: Path) -> Extras:
    """Return the extras of an ``auth_type`` whose keys the stand-in hands out."""
    token_file = tmp_path / "token"
    token_file.write_text(OIDC_TOKEN)

    def of(auth_type: str) -> dict[str, Any]:
        role = {"role_arn": ROLE, "sts_endpoint": stand_in.url}
        return {
            "auth_type": auth_type,
            **{
                "ram_role_arn": role,
                "oidc_role_arn": {**role, "oidc_provider_arn": PROVIDER, "oidc_token_file": str(token_file)},
                "ecs_ram_role": {"metadata_endpoint": stand_in.url},
                "credentials_uri": {"credentials_uri_secret": f"{stand_in.url}/keys?secret={URI_SECRET}"},
                "default": {"metadata_endpoint": stand_in.url},
            }[auth_type],
        }

    return of


@pytest.fixture
def connect(emulator: Emulator, extras: Extras, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DysmsHook]:
    """Define the connection ``dysms_default`` that logs in by an ``auth_type``; return a hook with it."""

    def define(auth_type: str = "ram_role_arn", fields: dict[str, Any] | None = None, **extra: Any) -> DysmsHook:
        connection = emulator.connection(quota_share=1, **{"timeout": 5, **extras(auth_type), **extra})
        login = {"login": LOGIN, "password": SECRET} if auth_type == "ram_role_arn" else {"login": "", "password": ""}
        monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", json.dumps({**connection, **login, **(fields or {})}))
        return DysmsHook()

    return define


@pytest.fixture(autouse=True)
def _nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys that happen to be on this machine; the package reads the environment when it is imported."""
    for name in [name for name in os.environ if name.startswith("ALIBABA_CLOUD_")]:
        monkeypatch.delenv(name)
