"""Two places to write to, a local folder and moto's S3 server, and a process that writes there and may be killed."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "bucket"
DAY = "send_date=2025-06-01"
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass
class S3Server:
    """moto's S3, which can kill the process that named itself before its n-th PUT or DELETE is carried out.

    A bucket ``denies-put`` answers 403 to PUT, and so on.
    """

    url: str = ""
    pid: int = 0
    kill_at: int = 0
    changes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> object:
        if environ["PATH_INFO"] == "/control":
            self.pid = int(parse_qs(environ["QUERY_STRING"])["pid"][0])
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]
        if environ["PATH_INFO"].startswith(f"/denies-{environ['REQUEST_METHOD'].lower()}"):
            start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(DENIED)))])
            return [DENIED]
        if self.pid and environ["REQUEST_METHOD"] in {"PUT", "DELETE"}:
            self.changes.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            if len(self.changes) == self.kill_at:
                os.kill(self.pid, signal.SIGKILL)
                start_response("500 killed", [("Content-Length", "0")])
                return [b""]
        return self._moto(environ, start_response)

    def watch(self, kill_at: int = 0) -> None:
        """From here on, count the changes of whoever names itself; 0 kills nobody."""
        self.pid, self.kill_at, self.changes = 0, kill_at, []


class Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Thousands of lines of requests would be kept by pytest."""


@pytest.fixture(scope="session")
def s3_server():
    server = S3Server()
    http = make_server("127.0.0.1", 0, server, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    server.url = f"http://127.0.0.1:{http.port}"
    yield server
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture(scope="session")
def s3(s3_server):
    """A plain S3 client; the connection ``aws_test`` leads to the same server."""
    os.environ["AIRFLOW_CONN_AWS_TEST"] = json.dumps(
        {
            "conn_type": "aws",
            "login": "test-key",
            "password": "test-secret",
            "extra": {"endpoint_url": s3_server.url, "region_name": "us-east-1"},
        }
    )
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.url,
        region_name="us-east-1",
        aws_access_key_id="test-key",
        aws_secret_access_key="test-secret",
    )
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()
    del os.environ["AIRFLOW_CONN_AWS_TEST"]


class Folder:
    """A place on the local file system, seen without the code under test."""

    pause = 0.001  # s, between two looks

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = self.clean_uri = f"file://{path}"

    def files(self) -> dict[str, bytes]:
        return {
            file.relative_to(self.path).as_posix(): file.read_bytes() for file in self.path.rglob("*") if file.is_file()
        }

    def get(self, key: str) -> bytes | None:
        try:
            return (self.path / key).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, content: bytes) -> None:
        (self.path / key).parent.mkdir(parents=True, exist_ok=True)
        (self.path / key).write_bytes(content)


class Bucket:
    """A place on moto's S3, seen without the code under test."""

    pause = 0.01

    def __init__(self, client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self.uri = f"s3://aws_test@{BUCKET}/{prefix}"
        self.clean_uri = f"s3://{BUCKET}/{prefix}"

    def files(self) -> dict[str, bytes]:
        listed = self._client.list_objects_v2(Bucket=BUCKET, Prefix=f"{self._prefix}/").get("Contents", [])
        keys = [item["Key"][len(self._prefix) + 1 :] for item in listed]
        return {key: self.get(key) for key in keys}

    def get(self, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}")["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}", Body=content)


@pytest.fixture(params=["file", "s3"])
def place(request, tmp_path):
    if request.param == "file":
        return Folder(tmp_path / "output")
    return Bucket(request.getfixturevalue("s3"), uuid.uuid4().hex)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "output")


@pytest.fixture
def new_bucket(s3):
    """Each call gives an empty place."""
    return lambda: Bucket(s3, uuid.uuid4().hex)


@pytest.fixture
def bucket(new_bucket):
    return new_bucket()


class Writer:
    """The process of writer.py; its temporary files lie in a folder of their own."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        script = Path(__file__).with_name("writer.py")
        self._write = runpy.run_path(str(script))["write"]
        self._process = subprocess.Popen(
            [sys.executable, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        while (line := self._process.stdout.readline()) != "ready\n":  # Airflow logs before
            assert line

    def __call__(self, place: Folder | Bucket, *, file_format: str = "jsonl", **order: object) -> dict:
        order = {"root": place.uri, "partition": DAY, "file_format": file_format, **order}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def here(self, place: Folder | Bucket, *, writer: int, file_format: str = "jsonl", rows: int = 3) -> dict:
        """Write the same in this process."""
        order = {"root": place.uri, "partition": DAY, "file_format": file_format, "rows": rows}
        return self._write(order, writer)["manifest"]

    def close(self) -> None:
        with self._process:
            self._process.stdin.close()


@pytest.fixture(scope="session")
def writer(s3):
    with tempfile.TemporaryDirectory(prefix="spools-") as temporary:
        process = Writer(Path(temporary))
        yield process
        process.close()
