"""The server: it refuses what OSS refuses, hands everything else to moto, and fails as a test plans it.

Clients reach it by the names of OSS: a proxy of its own leads every tunnel here, and its certificate has those names.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

import boto3
import httpx
import uvicorn
from cryptography import x509
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from support.network.fronts import Served, join, make_certificate, pem, serving
from support.oss.etags import with_etags
from support.oss.signature_v4 import Refusal, check

REGION = "cn-hangzhou"
HOSTS = (f"s3.oss-{REGION}.aliyuncs.com", f"s3.oss-{REGION}-internal.aliyuncs.com", f"oss-{REGION}.aliyuncs.com")
BUCKET = "audits"
KEY_ID, SECRET = "LTAI5tTestOfOss", "secret-of-the-test"

#: What may happen to a request that is met.
FAULTS = ("unavailable", "denied", "cut_request", "cut_response", "lost_response", "error_in_200")

#: moto looks only whether there is one.
_FOR_MOTO = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]
_PASSED_ON = ("content-type", "range", "if-match", "if-none-match", "content-md5")
_RETURNED = ("etag", "content-type", "content-range", "last-modified", "accept-ranges", "content-length")


@dataclass
class OSSServer:
    """A server of OSS in one region, with one bucket."""

    folder: Path
    port: int = 0
    proxy: Served = field(default_factory=Served)
    moto: str = ""
    client: Any = None  # past the front
    secrets: dict[str, tuple[str, str | None]] = field(default_factory=lambda: {KEY_ID: (SECRET, None)})
    seen: list[str] = field(default_factory=list)  # method, host and target of each request
    refused: list[str] = field(default_factory=list)
    completed: set[str] = field(default_factory=set)  # ids of uploads, which OSS forgets
    fault: str | None = None
    method: str = ""
    part: str = ""
    skip: int = 0
    times: int | None = None

    def plan(
        self, fault: str | None, *, method: str = "", part: str = "", skip: int = 0, times: int | None = None
    ) -> None:
        """Let something happen to requests from now on.

        :param fault: one of :data:`FAULTS`; ``None`` lets everything through
        :param method: of the requests; empty for all
        :param part: what stands in their targets
        :param skip: requests that are let through first
        :param times: how often it happens; ``None`` for always
        """
        assert fault is None or fault in FAULTS
        self.fault, self.method, self.part, self.skip, self.times = fault, method, part, skip, times

    def clear(self) -> None:
        """Empty the bucket and forget everything."""
        self.plan(None)
        for entry in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            self.client.delete_object(Bucket=BUCKET, Key=entry["Key"])
        for upload in self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
            self.client.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
        self.seen.clear()
        self.refused.clear()
        self.proxy.seen.clear()
        self.secrets = {KEY_ID: (SECRET, None)}

    def connection(self, **extra: Any) -> dict[str, Any]:
        """Return an Airflow connection in the layout of the official provider."""
        key = {"auth_type": "AK", "access_key_id": KEY_ID, "access_key_secret": SECRET, "region": REGION}
        way = {"ca_bundle": str(self.folder / "ca.pem"), "proxy": f"http://127.0.0.1:{self.proxy.port}"}
        return {"conn_type": "oss", "extra": {**key, **way, **extra}}

    def connection_json(self, **extra: Any) -> str:
        return json.dumps(self.connection(**extra))

    def keys(self) -> list[str]:
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def get(self, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def uploads(self) -> int:
        """Return how many uploads were begun and neither completed nor aborted."""
        return len(self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        target = request.scope["raw_path"].decode() + (f"?{request.url.query}" if request.url.query else "")
        self.seen.append(f"{request.method} {request.headers['host']} {target}")
        fault = self._next_fault(request.method, target)
        if fault == "cut_request":
            await anext(request.stream(), None)
            _reset(request)
            return Response(status_code=499)
        body = await request.body()
        try:
            bucket = self._check(request, body)
            if fault in ("unavailable", "denied"):
                raise _REFUSALS[fault]
            response = await self._forward(request, bucket, body)
        except Refusal as refusal:
            self.refused.append(str(refusal))
            return _error(request, refusal)
        if fault == "cut_response":
            return StreamingResponse(_half(request, response), response.status_code, dict(response.headers))
        if fault == "lost_response":
            _reset(request)
        if fault == "error_in_200":  # moto has completed it: the file may be the new one
            return _error(request, Refusal(500, "InternalError", "Please try again.", "0018-00000001"), status=200)
        return response

    def _next_fault(self, method: str, target: str) -> str | None:
        if self.fault is None or self.method not in ("", method) or self.part not in target or self.times == 0:
            return None
        if self.skip:
            self.skip -= 1
            return None
        self.times = None if self.times is None else self.times - 1
        return self.fault

    def _check(self, request: Request, body: bytes) -> str:
        host = request.headers["host"].partition(":")[0]
        headers = {name.lower(): value for name, value in request.headers.items()}
        if host in HOSTS:
            raise Refusal(403, "SecondLevelDomainForbidden", "Use virtual hosted style.", "0003-00001201")
        bucket, _, endpoint = host.partition(".")
        if endpoint not in HOSTS:
            raise Refusal(400, "InvalidHost", "The host is not a host of OSS.", "0003-00001202")
        is_chunked = "aws-chunked" in headers.get("content-encoding", "") or "x-amz-trailer" in headers
        if is_chunked or headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
            message = "aws-chunked encoding is not supported with the specified x-amz-content-sha256 value."
            raise Refusal(400, "InvalidArgument", message, "0017-00000804")
        query = request.scope["query_string"].decode()
        check(request.method, request.scope["raw_path"].decode(), query, headers, body, self.secrets, REGION)
        names = parse_qs(query, keep_blank_values=True)
        if "append" in names:
            raise Refusal(400, "InvalidArgument", "AppendObject is not part of the S3 interface.", "0017-00000901")
        if "delete" in names and "content-md5" not in headers:
            raise Refusal(400, "MissingArgument", "Missing Some Required Arguments.", "0016-00000502")
        return bucket

    async def _forward(self, request: Request, bucket: str, body: bytes) -> Response:
        upload = parse_qs(request.url.query).get("uploadId", [""])[0]
        if upload in self.completed:
            raise Refusal(404, "NoSuchUpload", "The specified upload does not exist.", "0042-00000002")
        target = f"{self.moto}/{bucket}{request.scope['raw_path'].decode()}"
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        headers |= {name: headers[name].lower() for name in ("if-match", "if-none-match") if name in headers}
        headers["authorization"] = _FOR_MOTO
        async with httpx.AsyncClient(timeout=60) as moto:
            url = httpx.URL(target).copy_with(query=request.scope["query_string"] or None)
            answer = await moto.request(request.method, url, headers=headers, content=with_etags(body, bytes.lower))
        if answer.status_code >= 400:
            code = re.search("<Code>(.*?)</Code>", answer.text)
            raise Refusal(answer.status_code, code[1] if code else "", "As moto says.")
        if upload and request.method == "POST":
            self.completed.add(upload)
        returned = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
        if "etag" in returned:
            returned["etag"] = returned["etag"].upper()
        content = with_etags(answer.content, bytes.upper)
        return Response(content, answer.status_code, {**returned, "x-oss-request-id": "6A0000000000000000000000"})


#: What a plan answers.
_REFUSALS = {
    "unavailable": Refusal(503, "ServiceUnavailable", "The service is unavailable.", "0018-00000002"),
    "denied": Refusal(403, "AccessDenied", "You have no right to access this object.", "0003-00000001"),
}


def _error(request: Request, refusal: Refusal, status: int | None = None) -> Response:
    """Return the body of an error as OSS writes it, with elements that S3 does not have."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message>"
        f"<RequestId>6A0000000000000000000000</RequestId><HostId>{request.headers['host']}</HostId>"
        f"<EC>{refusal.ec}</EC><RecommendDoc>https://api.aliyun.com/troubleshoot?q={refusal.ec}</RecommendDoc></Error>"
    )
    return Response(
        b"" if request.method == "HEAD" else body, status or refusal.status, {"content-type": "application/xml"}
    )


async def _half(request: Request, response: Response) -> AsyncIterator[bytes]:
    content = bytes(response.body)
    yield content[: len(content) // 2]
    _reset(request)


def _reset(request: Request) -> None:
    request.scope["oss.transport"].abort()


class _Protocol(HttpToolsProtocol):
    def on_headers_complete(self) -> None:
        cast("MutableMapping[str, Any]", self.scope)["oss.transport"] = self.transport
        super().on_headers_complete()


@contextlib.contextmanager
def serving_oss(folder: Path) -> Iterator[OSSServer]:
    """Serve until the context ends.

    :param folder: for the certificates; ``ca.pem`` in it is what a client trusts
    """
    server = OSSServer(folder)
    _write_certificates(folder)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    server.moto = f"http://{host}:{port}"
    server.client = boto3.client(
        "s3", endpoint_url=server.moto, aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"
    )
    server.client.create_bucket(Bucket=BUCKET)
    try:
        with _uvicorn(server), _proxy_to(server):
            yield server
    finally:
        server.client.close()
        moto.stop()


def _write_certificates(folder: Path) -> None:
    ca = make_certificate("CA of the OSS on this machine", None)
    names: list[x509.GeneralName] = [x509.DNSName(name) for host in HOSTS for name in (host, f"*.{host}")]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    (folder / "ca.pem").write_bytes(pem(ca[0]))
    (folder / "oss.pem").write_bytes(pem(*make_certificate("OSS", ca, names=names)))


@contextlib.contextmanager
def _uvicorn(server: OSSServer) -> Iterator[None]:
    app = Starlette(routes=[Route("/{path:path}", server.answer, methods=_METHODS)])
    listening = socket.create_server(("127.0.0.1", 0))
    server.port = listening.getsockname()[1]
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ssl_certfile=server.folder / "oss.pem",
        lifespan="off",
        log_level="critical",
        access_log=False,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield
    finally:
        running.should_exit = True
        thread.join()
        listening.close()


@contextlib.contextmanager
def _proxy_to(server: OSSServer) -> Iterator[None]:
    """Serve a proxy whose tunnels all lead to the server, whatever host they are for."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        served.seen.append(head)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await join(reader, writer, ("127.0.0.1", server.port))

    with serving(handle) as served:
        server.proxy = served
        yield
