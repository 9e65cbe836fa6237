"""Servers between a task and the service: a TLS front with good and bad certificates, and a proxy with a password."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)
PROXY_USER, PROXY_PASSWORD = "somebody", "p@ss/word"


def make_certificate(
    subject: str,
    signer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    *,
    names: list[x509.GeneralName] | None = None,
    until: datetime = NOW + timedelta(days=1),
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    issuer, signing_key = (signer[0].subject, signer[1]) if signer else (name, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        # From Python 3.13 on, a certificate without these is refused.
        .add_extension(_usage(is_ca=names is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing_key, hashes.SHA256()), key


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    others = (
        *("content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(
        digital_signature=not is_ca, key_cert_sign=is_ca, crl_sign=is_ca, **dict.fromkeys(others, False)
    )


def pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    text = certificate.public_bytes(serialization.Encoding.PEM)
    if key is not None:
        text += key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    return text


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private CA, another one, and what servers show: good, of another host, expired, self-signed, a common name."""
    folder = tmp_path_factory.mktemp("certificates")
    here: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    there: list[x509.GeneralName] = [x509.DNSName("dysmsapi.example.com")]
    ca, other_ca = make_certificate("Our CA", None), make_certificate("Another CA", None)
    (folder / "ca.pem").write_bytes(pem(ca[0]))
    (folder / "other_ca.pem").write_bytes(pem(other_ca[0]))
    shown = {
        "good": make_certificate("good", ca, names=here),
        "another_host": make_certificate("another", ca, names=there),
        "expired": make_certificate("expired", ca, names=here, until=NOW - timedelta(days=1)),
        "self_signed": make_certificate("self-signed", None, names=here),
        "common_name": make_certificate("localhost", ca, names=[]),
    }
    for name, (certificate, key) in shown.items():
        (folder / f"{name}.pem").write_bytes(pem(certificate, key))
    return folder


class Served:
    """An asyncio server in a thread of its own; what came in first on each connection is kept."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[bytes] = []


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Served], Any]


@contextlib.contextmanager
def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    served, started, stop = Served(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    tasks: list[asyncio.Task[None]] = []  # the loop itself holds none

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(reader, writer, served)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if stop.is_set():  # a task that begins now is cancelled by nobody
            writer.transport.abort()
            return
        # A task that is cancelled before its first step closes nothing.
        tasks.append(loop.create_task(handle(reader, writer)))
        tasks[-1].add_done_callback(lambda _: writer.close())

    async def serve() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        served.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()
        await asyncio.sleep(0.1)  # connections that were accepted before are handed over, so that each is closed

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(20)
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)


async def join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: tuple[str, int], first: bytes = b""
) -> None:
    """Pass on what comes, both ways, until one side ends."""
    there_reader, there_writer = await asyncio.open_connection(*address)
    there_writer.write(first)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)

    ways = [asyncio.ensure_future(pump(reader, there_writer)), asyncio.ensure_future(pump(there_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        there_writer.transport.abort()


@pytest.fixture
def proxy() -> Iterator[Served]:
    """A proxy that wants a user and a password, for tunnels and for plain requests."""
    expected = base64.b64encode(f"{PROXY_USER}:{PROXY_PASSWORD}".encode())

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        served.seen.append(head)
        method, target = head.split(b" ")[:2]
        if b"proxy-authorization: Basic " + expected not in head:
            writer.write(b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
        elif method == b"CONNECT":
            host, _, port = target.decode().rpartition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join(reader, writer, (host, int(port)))
        else:
            host, _, port = target.decode().removeprefix("http://").partition("/")[0].partition(":")
            await join(reader, writer, (host, int(port)), head.replace(f"http://{host}:{port}".encode(), b"", 1))

    with serving(handle) as served:
        yield served
