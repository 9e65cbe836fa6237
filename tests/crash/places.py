"""Where exports go, seen without the code under test: a local folder and a bucket of moto's; and a reader of them."""

from __future__ import annotations

import io
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Protocol

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "bucket"
KEYS = {"aws_access_key_id": "test-key", "aws_secret_access_key": "test-secret", "region_name": "us-east-1"}

#: Content by key.
Files = Mapping[str, bytes]


class Place(Protocol):
    """Files by their keys."""

    uri: str
    pause: float  # s, between two looks of a reader

    def keys(self, folder: str = "") -> list[str]:
        """Return the keys of all files, and of empty folders where there is such a thing."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, content: bytes) -> None: ...

    def remove(self, key: str) -> None: ...

    def age(self, key: str) -> None:
        """Let a file be hours old."""


class Folder:
    """A folder of the local file system."""

    pause = 0.001

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = f"file://{path}"

    def keys(self, folder: str = "") -> list[str]:
        walked = os.walk(self.path / folder)
        found = [os.path.join(at, name) for at, folders, files in walked for name in files or ["."][len(folders) :]]
        return [os.path.relpath(path, self.path) for path in found]

    def get(self, key: str) -> bytes | None:
        try:
            return (self.path / key).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, content: bytes) -> None:
        (self.path / key).parent.mkdir(parents=True, exist_ok=True)
        (self.path / key).write_bytes(content)

    def remove(self, key: str) -> None:
        path = self.path / key
        (path.rmdir if path.is_dir() else path.unlink)()

    def age(self, key: str) -> None:
        os.utime(self.path / key, (0, 0))


class Bucket:
    """A prefix of a bucket."""

    pause = 0.05

    def __init__(self, client: Any) -> None:
        self._client = client
        self._prefix = uuid.uuid4().hex
        self.uri = f"s3://aws_test@{BUCKET}/{self._prefix}"

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


class _S3:
    """moto, which keeps what it got when a client dies in the middle of a PUT; S3 keeps nothing then."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if environ["REQUEST_METHOD"] == "PUT" and length:
            body = environ["wsgi.input"].read(length)
            if len(body) < length:
                start_response("400 Bad Request", [("Content-Length", "0")])
                return [b""]
            environ["wsgi.input"] = io.BytesIO(body)
        return self._moto(environ, start_response)


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def s3_server() -> Iterator[tuple[Any, str]]:
    """Serve S3; give a client, and the Airflow connection as JSON."""
    http = make_server("127.0.0.1", 0, _S3(), threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    url = f"http://127.0.0.1:{http.port}"
    client = boto3.client("s3", endpoint_url=url, **KEYS)
    client.create_bucket(Bucket=BUCKET)
    extra = {"endpoint_url": url, "region_name": "us-east-1"}
    try:
        yield client, json.dumps({"conn_type": "aws", "login": "test-key", "password": "test-secret", "extra": extra})
    finally:
        client.close()
        http.shutdown()
        thread.join()
        http.server_close()


class Reader(threading.Thread):
    """Lists and reads what a glob finds, again and again, and keeps every state that it saw.

    :param pattern: such as ``day=*/part-*.csv``
    """

    def __init__(self, place: Place, pattern: str) -> None:
        super().__init__()
        self._place = place
        self._pattern = pattern
        self._folder = pattern.split("*")[0].rpartition("/")[0]
        self._end = threading.Event()
        self._failure: Exception | None = None
        self.seen: list[Files] = []
        self.looks = 0

    def look(self) -> Files:
        """Read all there is now; a file that goes between the listing and the reading is gone."""
        found = {key: self._place.get(key) for key in self._place.keys(self._folder) if fnmatch(key, self._pattern)}
        return {key: content for key, content in found.items() if content is not None}

    def run(self) -> None:
        try:
            while not self._end.is_set():
                state = self.look()
                if state not in self.seen:
                    self.seen.append(state)
                self.looks += 1
                time.sleep(self._place.pause)
        except Exception as error:
            self._failure = error

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()
        if self._failure:
            raise self._failure
