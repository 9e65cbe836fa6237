"""Responses of proxies to CONNECT, with a TLS server behind them: over both engines."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from support.network.wire import OK, carrying, certificate, engine, read_request, ready, saying, serving, tls_of

from airflow_provider_dysms.api.http.endpoints import Endpoint
from airflow_provider_dysms.api.http.transport import Response
from airflow_provider_dysms.model.errors import DysmsTransportError

__all__ = ["certificate", "engine"]


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
    sink.close()


def ask_through(engine: str, certificate: Path, *said: bytes, tunnel: bool = True) -> Response:
    """Ask through a proxy that says something to CONNECT, in pieces, and opens the tunnel all the same."""

    async def session() -> Response:
        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            for piece in said:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.02)
            if tunnel:
                up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

        async with (
            serving(saying(OK), tls_of(certificate)) as port,
            serving(proxy) as proxy_port,
            carrying(
                engine,
                Endpoint("https", "127.0.0.1", port),
                ca_bundle=str(certificate / "cert.pem"),
                proxy=f"http://127.0.0.1:{proxy_port}",
                timeout=3,
            ) as transport,
        ):
            return await transport.send(ready)

    return asyncio.run(session())


@pytest.mark.parametrize(
    "said",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"],
        [b"HTTP/1.0 200 Connection established\r\n\r\n"],
        [b"HTTP/1.1 201 Made\r\n\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"],
        [b"HTTP/1.1 102 Wait\r\nx: y\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
        [b"HTTP/1.1 2", b"00 OK\r\nvia: so", b"meone\r\n\r", b"\n"],
    ],
    ids=lambda said: repr(b"".join(said)),
)
def test_a_2xx_opens_the_tunnel_whatever_lengths_its_header_claims(
    engine: str, certificate: Path, said: list[bytes]
) -> None:
    assert ask_through(engine, certificate, *said).body == b"hi"


@pytest.mark.parametrize(
    "said",
    [
        [b"HTTP/1.1 407 Who are you\r\ncontent-length: 5\r\n\r\nlogin"],
        [b"HTTP/1.1 407 Who are you\r\ntransfer-encoding: chunked\r\n\r\n5\r\nlogin\r\n0\r\n\r\n"],
        [b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"],
        [b"HTTP/1.1 302 There\r\nlocation: http://login.example.com/\r\ncontent-length: 0\r\n\r\n"],
        [b"SSH-2.0-OpenSSH_9.2\r\n"],
        [b"HTTP/1.1 okay\r\n\r\n"],
        [b"\x15\x03\x01\x00\x02\x02\x28"],
        [b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000],
        [b"HTTP/1.1 200"],
        [],
    ],
    ids=["407", "407 in chunks", "502", "302", "ssh", "no status", "tls alert", "endless", "cut off", "hung up"],
)
def test_a_tunnel_that_does_not_open_says_so_and_nothing_was_sent(
    engine: str, certificate: Path, said: list[bytes]
) -> None:
    with pytest.raises(DysmsTransportError) as caught:
        ask_through(engine, certificate, *said, tunnel=False)
    assert not caught.value.request_sent
    status = b"".join(said)[9:12]
    if status.isdigit() and status != b"200":
        assert f"the proxy refused with HTTP {status.decode()}" in str(caught.value)
    assert "login" not in str(caught.value)


def test_a_proxy_that_says_yes_and_hangs_up_opened_nothing(engine: str, certificate: Path) -> None:
    with pytest.raises(DysmsTransportError) as caught:
        ask_through(engine, certificate, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", tunnel=False)
    assert not caught.value.request_sent


@pytest.mark.parametrize("more", [b"hello", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", b"0\r\n\r\n"])
@pytest.mark.parametrize("is_together", [True, False])
def test_what_comes_out_of_the_tunnel_before_tls_begins_is_never_a_response(
    engine: str, certificate: Path, more: bytes, is_together: bool
) -> None:
    """Ours refuses the tunnel; httpx may drop what came together with the header."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(more)
    said = [head + more] if is_together else [head, more]
    if engine == "httpx" and is_together:
        assert ask_through(engine, certificate, *said).body == b"hi"
        return
    with pytest.raises(DysmsTransportError) as caught:
        ask_through(engine, certificate, *said)
    assert not caught.value.request_sent
