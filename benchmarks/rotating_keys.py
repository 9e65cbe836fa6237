"""A credentials URI on this machine that hands out access keys which expire after a few seconds."""

from __future__ import annotations

import json
import math
import secrets
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from airflow_provider_dysms.emulator import Emulator


class RotatingKeys:
    """Hands out access keys that an emulator accepts until they expire.

    :param lifetime: seconds until a key expires, rounded up to a whole second
    """

    def __init__(self, emulator: Emulator, lifetime: float) -> None:
        self.handed_out = 0
        self._emulator = emulator
        self._lifetime = lifetime
        keys = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"Code": "Success", **keys._new_key()}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Do not log requests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.uri = f"http://127.0.0.1:{self._server.server_port}/keys"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _new_key(self) -> dict[str, str]:
        self.handed_out += 1
        key, secret, token = (secrets.token_hex(12) for _ in range(3))
        end = math.ceil(time.time() + self._lifetime)
        self._emulator.add_account(
            access_key_id=f"STS.{key}", access_key_secret=secret, security_token=token, expires_at=end
        )
        return {
            "AccessKeyId": f"STS.{key}",
            "AccessKeySecret": secret,
            "SecurityToken": token,
            "Expiration": datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
