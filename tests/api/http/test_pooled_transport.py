"""Our own engine: connections are pooled and bounded, and a request is signed only when a connection is ready."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.network.wire import OK, read_request, ready, saying, serving

from airflow_provider_dysms.api.http.endpoints import Endpoint
from airflow_provider_dysms.api.http.pooled_transport import HttpTransport
from airflow_provider_dysms.api.http.transport import Request, Response
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsTransportError


def test_an_idle_connection_is_used_again_and_a_fresh_one_on_demand() -> None:
    async def session() -> list[int]:
        opened = []
        async with serving(saying(OK, OK, OK)) as port:
            transport = HttpTransport(Endpoint("http", "127.0.0.1", port))
            for fresh in (False, False, True, False):
                await transport.send(ready, lambda response: True, fresh=fresh)
                opened.append(transport.opened)
            await transport.aclose()
        return opened

    assert asyncio.run(session()) == [1, 1, 2, 2]


def test_a_server_that_sends_bytes_before_the_request_gets_none() -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        await reader.read()

    async def later() -> Request:
        await asyncio.sleep(0.05)
        return await ready()

    async def session() -> None:
        async with serving(early) as port:
            transport = HttpTransport(Endpoint("http", "127.0.0.1", port))
            try:
                await transport.send(later)
            finally:
                await transport.aclose()

    with pytest.raises(DysmsTransportError, match="the server sent bytes before there was a request") as caught:
        asyncio.run(session())
    assert not caught.value.request_sent


def test_a_request_is_prepared_only_once_a_connection_is_ready_and_never_more_than_allowed() -> None:
    async def session() -> tuple[int, int]:
        opened = 0
        most = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal opened, most
            opened += 1
            most = max(most, opened)
            await read_request(reader)
            await asyncio.sleep(0.02)
            writer.write(OK)
            await reader.read()
            opened -= 1

        async with serving(slow) as port:
            transport = HttpTransport(Endpoint("http", "127.0.0.1", port), connections=3, timeout=1)
            await asyncio.gather(*(transport.send(ready) for _ in range(9)), return_exceptions=True)
            made = transport.opened
            await transport.aclose()
            return most, made

    most, made = asyncio.run(session())
    assert most <= 3
    assert made <= 9


def test_a_server_that_hangs_up_while_requests_wait_for_their_turn_gets_them_all_the_same() -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(0.02):
            await read_request(reader)
        writer.write(OK)
        await writer.drain()

    async def after_a_while() -> Request:
        await asyncio.sleep(0.1)
        return await ready()

    async def session() -> Response:
        async with serving(impatient) as port:
            transport = HttpTransport(Endpoint("http", "127.0.0.1", port))
            response = await transport.send(after_a_while)
            await transport.aclose()
            return response

    assert asyncio.run(session()).body == b"hi"


@pytest.mark.parametrize("proxy", ["https://proxy:1", "proxy:3128", "http://", "http://proxy:port", "socks5://p:1"])
def test_an_invalid_proxy_address_is_refused(proxy: str) -> None:
    with pytest.raises(DysmsInputError, match="proxy"):
        HttpTransport(Endpoint("https", "dysmsapi.aliyuncs.com", 443), proxy=proxy)


def test_a_ca_bundle_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DysmsInputError, match="ca_bundle"):
        HttpTransport(Endpoint("https", "dysmsapi.aliyuncs.com", 443), ca_bundle=str(tmp_path / "none.pem"))
