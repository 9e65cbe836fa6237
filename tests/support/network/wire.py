"""Misbehaving servers on this machine, and the two HTTP engines that send requests to them."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from airflow_provider_dysms.api.http.endpoints import Endpoint
from airflow_provider_dysms.api.http.httpx_adapter import HttpxTransport
from airflow_provider_dysms.api.http.pooled_transport import HttpTransport
from airflow_provider_dysms.api.http.transport import Request, Transport

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.02)  # time for its connections to end


def saying(*answers: bytes) -> Answer:
    """Answer each request of a connection with the next of the given bytes, then hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for said in answers:
            await read_request(reader)
            writer.write(said)
            await writer.drain()

    return answer


async def ready() -> Request:
    return Request("POST", "/?PhoneNumber=13900000000", "host: x\r\n")


@asynccontextmanager
async def carrying(
    engine: str,
    endpoint: Endpoint,
    *,
    timeout: float = 5.0,  # noqa: ASYNC109 - handed on
    ca_bundle: str | None = None,
    proxy: str | None = None,
    connections: int = 64,
) -> AsyncIterator[Transport]:
    if engine == "own":
        own = HttpTransport(endpoint, timeout=timeout, ca_bundle=ca_bundle, proxy=proxy, connections=connections)
        try:
            yield own
        finally:
            await own.aclose()
    else:
        tls = ssl.create_default_context(cafile=ca_bundle)
        async with httpx.AsyncHTTPTransport(verify=tls, proxy=httpx.Proxy(proxy) if proxy else None) as transport:
            yield HttpxTransport(endpoint, transport, timeout=timeout, connections=connections)


@pytest.fixture(params=["own", "httpx"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and dysms.test that signs itself, with its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "both.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=somebody",
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:dysms.test",
            "-keyout",
            str(folder / "key.pem"),
            "-out",
            str(folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    made.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return folder


def tls_of(certificate: Path) -> ssl.SSLContext:
    """Return what a server with the certificate listens with."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate / "both.pem")
    return tls
