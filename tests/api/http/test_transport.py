"""Requests to misbehaving servers, plain, over TLS and through proxies: both engines behave alike."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest
from support.network.wire import OK, Answer, carrying, certificate, engine, read_request, ready, saying, serving, tls_of

from airflow_provider_dysms.api.http.connection import MAX_BODY_BYTES
from airflow_provider_dysms.api.http.endpoints import Endpoint
from airflow_provider_dysms.api.http.transport import Response
from airflow_provider_dysms.model.errors import DysmsError, DysmsTransportError, DysmsUnreadable

__all__ = ["certificate", "engine"]


def ask(engine: str, answer: Answer, *, times: int = 1, timeout: float = 5.0) -> list[Response]:
    async def session() -> list[Response]:
        answers = []
        async with (
            serving(answer) as port,
            carrying(engine, Endpoint("http", "127.0.0.1", port), timeout=timeout) as transport,
        ):
            for _ in range(times):
                answers.append(await transport.send(ready))
                await asyncio.sleep(0.05)  # time for the server to hang up
        return answers

    return asyncio.run(session())


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (OK, b"hi"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", b"hi"),
        (b"HTTP/1.0 200 OK\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
def test_every_framing_of_http_is_read(engine: str, wire: bytes, body: bytes) -> None:
    assert ask(engine, saying(wire))[0].body == body


def test_connections_are_kept_and_a_closed_one_is_replaced(engine: str) -> None:
    assert len(ask(engine, saying(OK, OK), times=4)) == 4


def test_a_response_that_ends_the_connection_is_its_last(engine: str) -> None:
    assert len(ask(engine, saying(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")), times=3)) == 3


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhi",
        b"HTTP/1.1 200",
    ],
)
def test_a_truncated_response_is_an_error_of_the_transport(engine: str, wire: bytes) -> None:
    with pytest.raises(DysmsTransportError) as caught:
        ask(engine, saying(wire))
    assert caught.value.request_sent


@pytest.mark.parametrize(
    "wire",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1),
    ],
    ids=["tls", "ssh", "negative length", "compressed", "endless headers", "oversized"],
)
def test_an_invalid_response_is_unreadable(engine: str, wire: bytes) -> None:
    with pytest.raises(DysmsUnreadable):
        ask(engine, saying(wire))


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await reader.read()


async def trail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n.\r\n0\r\n")
    while not writer.is_closing():
        writer.write(b"x: y\r\n" * 10_000)
        await writer.drain()


def test_trailers_are_bounded(engine: str) -> None:
    with pytest.raises(DysmsUnreadable):
        ask(engine, trail)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("answer", [stall, drip])
def test_the_deadline_covers_the_whole_exchange(engine: str, answer: Answer) -> None:
    with pytest.raises(DysmsTransportError, match=r"no response within 0\.3 s") as caught:
        ask(engine, answer, timeout=0.3)
    assert caught.value.request_sent


def test_a_refused_connection_says_that_nothing_was_sent(engine: str) -> None:
    async def session() -> None:
        async with serving(stall) as port:
            pass
        async with carrying(engine, Endpoint("http", "127.0.0.1", port), timeout=2) as transport:
            await transport.send(ready)

    with pytest.raises(DysmsTransportError, match="could not connect") as caught:
        asyncio.run(session())
    assert not caught.value.request_sent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(engine: str, status: int) -> None:
    followed = False

    async def session() -> Response:
        async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal followed
            followed = True

        async with serving(elsewhere) as other:
            there = f"http://127.0.0.1:{other}/"
            said = f"HTTP/1.1 {status} Gone\r\nlocation: {there}\r\ncontent-length: 0\r\n\r\n".encode()
            async with (
                serving(saying(said)) as port,
                carrying(engine, Endpoint("http", "127.0.0.1", port)) as transport,
            ):
                return await transport.send(ready)

    assert asyncio.run(session()).status == status
    assert not followed


def test_a_cancelled_request_frees_its_slot_and_its_connection(engine: str) -> None:
    async def session() -> Response:
        first = True

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal first
            await read_request(reader)
            if first:
                first = False
                await reader.read()
            writer.write(OK)
            await writer.drain()

        async with (
            serving(answer) as port,
            carrying(engine, Endpoint("http", "127.0.0.1", port), connections=1) as transport,
        ):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await transport.send(ready)
            return await transport.send(ready)

    assert asyncio.run(session()).body == b"hi"


@pytest.mark.parametrize("wire", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_no_error_and_no_repr_shows_the_number(engine: str, wire: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(DysmsError) as caught:
        ask(engine, saying(wire))
    shown = f"{caught.value!r} {caught.value} {asyncio.run(ready())!r} {caplog.text}"
    assert "13900000000" not in shown
    error: BaseException | None = caught.value
    while error is not None:
        assert not isinstance(error, httpx.HTTPError)  # they carry the request
        error = error.__cause__ or error.__context__


def over_tls(
    engine: str,
    certificate: Path,
    answer: Answer,
    *,
    host: str = "127.0.0.1",
    trusted: bool = True,
    proxied: bool = False,
) -> tuple[Response, list[bytes]]:
    async def session() -> tuple[Response, list[bytes]]:
        seen: list[bytes] = []

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await read_request(reader))
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

            async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                try:
                    while data := await source.read(65536):
                        sink.write(data)
                finally:
                    sink.close()

            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer), return_exceptions=True)

        async with (
            serving(answer, tls_of(certificate)) as port,
            serving(proxy) as proxy_port,
            carrying(
                engine,
                Endpoint("https", host, port),
                ca_bundle=str(certificate / "cert.pem") if trusted else None,
                proxy=f"http://user:p%40ss@127.0.0.1:{proxy_port}" if proxied else None,
            ) as transport,
        ):
            return await transport.send(ready), seen

    return asyncio.run(session())


def test_a_private_ca_is_trusted_when_it_is_named(engine: str, certificate: Path) -> None:
    assert over_tls(engine, certificate, saying(OK))[0].body == b"hi"


def test_a_certificate_that_is_not_trusted_ends_it_before_anything_is_sent(engine: str, certificate: Path) -> None:
    with pytest.raises(DysmsTransportError, match="certificate") as caught:
        over_tls(engine, certificate, saying(OK), trusted=False)
    assert not caught.value.request_sent


def test_a_certificate_for_another_host_ends_it(engine: str, certificate: Path) -> None:
    with pytest.raises(DysmsTransportError, match="certificate"):
        over_tls(engine, certificate, saying(OK), host="localhost")


def test_https_goes_through_a_proxy_as_a_tunnel(engine: str, certificate: Path) -> None:
    response, seen = over_tls(engine, certificate, saying(OK), proxied=True)
    assert response.body == b"hi"
    assert seen[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"proxy-authorization: basic dxnlcjpwqhnz" in seen[0].lower()
    assert b"13900000000" not in seen[0]


def test_http_goes_through_a_proxy_with_the_whole_url(engine: str) -> None:
    async def session() -> bytes:
        seen = b""

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal seen
            seen = await read_request(reader)
            writer.write(OK)
            await writer.drain()

        async with (
            serving(proxy) as port,
            carrying(engine, Endpoint("http", "127.0.0.1", 9), proxy=f"http://127.0.0.1:{port}") as transport,
        ):
            await transport.send(ready)
        return seen

    assert asyncio.run(session()).startswith(b"POST http://127.0.0.1:9/?PhoneNumber=13900000000 HTTP/1.1\r\n")
