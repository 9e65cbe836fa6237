"""Where exports go, seen without the code under test: a local folder, and a bucket of moto's S3 server."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import parse_qs

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "bucket"
KEYS = {"aws_access_key_id": "test-key", "aws_secret_access_key": "test-secret", "region_name": "us-east-1"}
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Place(Protocol):
    """Files by their keys."""

    uri: str
    clean_uri: str  # without a connection
    pause: float  # s, between two looks of a reader

    def keys(self, folder: str = "") -> list[str]:
        """Return the keys of all files, and of empty folders if the store has them."""

    def get(self, key: str) -> bytes | None: ...

    def files(self, folder: str = "") -> dict[str, bytes]:
        """Return all files; one that goes between the listing and the reading is gone."""
        found = {key: self.get(key) for key in self.keys(folder)}
        return {key: content for key, content in found.items() if content is not None}

    def put(self, key: str, content: bytes) -> None: ...

    def remove(self, key: str) -> None: ...

    def age(self, key: str) -> None:
        """Let a file be hours old."""


class Folder(Place):
    """A folder of the local file system."""

    pause = 0.001

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = self.clean_uri = f"file://{path}"

    def keys(self, folder: str = "") -> list[str]:
        walked = os.walk(self.path / folder)
        found = [os.path.join(at, name) for at, folders, files in walked for name in files or ["."][len(folders) :]]
        return [os.path.relpath(path, self.path) for path in found]

    def get(self, key: str) -> bytes | None:
        try:
            return (self.path / key).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return None

    def put(self, key: str, content: bytes) -> None:
        (self.path / key).parent.mkdir(parents=True, exist_ok=True)
        (self.path / key).write_bytes(content)

    def remove(self, key: str) -> None:
        path = self.path / key
        (path.rmdir if path.is_dir() else path.unlink)()

    def age(self, key: str) -> None:
        os.utime(self.path / key, (0, 0))


class Bucket(Place):
    """A prefix of a bucket that nothing else has."""

    pause = 0.05

    def __init__(self, client: Any) -> None:
        self._client = client
        self._prefix = uuid.uuid4().hex
        self.uri = f"s3://aws_test@{BUCKET}/{self._prefix}"
        self.clean_uri = f"s3://{BUCKET}/{self._prefix}"

    def keys(self, folder: str = "") -> list[str]:
        start = f"{self._prefix}/{folder}"
        listed = self._client.list_objects_v2(Bucket=BUCKET, Prefix=start).get("Contents", [])
        return [item["Key"][len(self._prefix) + 1 :] for item in listed]

    def get(self, key: str) -> bytes | None:
        try:
            content: bytes = self._client.get_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}")["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        return content

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}", Body=content)

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}")

    def age(self, key: str) -> None:
        raise NotImplementedError("objects are put in one piece: there is nothing that could be left of one")


@dataclass
class S3Server:
    """moto's S3, with what moto has not; as a context, it serves.

    A client that dies in the middle of a PUT leaves nothing. A bucket ``denies-put`` answers 403 to PUT, and so on. The
    process that has named itself at ``/control?pid=`` is killed before its n-th PUT or DELETE is carried out. The bytes
    that were asked for are in ``ranges``, for each request for a part of a file.
    """

    url: str = ""
    pid: int = 0
    kill_at: int = 0
    changes: list[str] = field(default_factory=list)
    ranges: list[int] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._put = threading.Lock()
        self._http = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.port}"
        self.client = boto3.client("s3", endpoint_url=self.url, **KEYS)
        self.client.create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def connection(self) -> str:
        """The Airflow connection as JSON; the URIs of buckets name it ``aws_test``."""
        extra = {"endpoint_url": self.url, "region_name": KEYS["region_name"]}
        login, password = KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"]
        return json.dumps({"conn_type": "aws", "login": login, "password": password, "extra": extra})

    def new_bucket(self) -> Bucket:
        """Return an empty place."""
        return Bucket(self.client)

    def watch(self, kill_at: int = 0) -> None:
        """From now on, count the changes of the process that names itself; 0 kills nobody."""
        self.pid, self.kill_at, self.changes = 0, kill_at, []

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]

        def answer(status: str, content: bytes = b"") -> list[bytes]:
            length = ("Content-Length", str(len(content)))
            start_response(status, [("Content-Type", "application/xml"), length])
            return [content]

        if path == "/control":
            self.pid = int(parse_qs(environ["QUERY_STRING"])["pid"][0])
            return answer("200 OK")
        if path.startswith(f"/denies-{method.lower()}"):
            return answer("403 Forbidden", _DENIED)
        if method == "GET" and (asked := re.fullmatch(r"bytes=(\d+)-(\d+)", environ.get("HTTP_RANGE", ""))):
            self.ranges.append(int(asked[2]) - int(asked[1]) + 1)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if method == "PUT" and length:
            body = environ["wsgi.input"].read(length)
            if len(body) < length:
                return answer("400 Bad Request")
            environ["wsgi.input"] = io.BytesIO(body)
        if self.pid and method in {"PUT", "DELETE"}:
            self.changes.append(f"{method} {path}")
            if len(self.changes) == self.kill_at:
                os.kill(self.pid, signal.SIGKILL)
                return answer("500 killed")
        if method != "PUT":
            return self._moto(environ, start_response)
        # moto closes the content of an object that is replaced, also while another thread still answers for it.
        with self._put:
            return self._moto(environ, start_response)


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nobody reads it, and pytest would keep it."""
