"""One connection on a real socket: a response, its deadline, and bytes that belong to no request."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from support.network.wire import OK

from airflow_provider_dysms.api.http.connection import MAX_BODY_BYTES, MAX_HEADER_BYTES, Connection
from airflow_provider_dysms.api.http.transport import Response
from airflow_provider_dysms.model.errors import DysmsUnreadable

REQUEST = b"POST / HTTP/1.1\r\n\r\n"


def between(scenario: Callable[[Connection, socket.socket], Awaitable[None]]) -> None:
    """Run a scenario with a connection and the server's end of it."""

    async def session() -> None:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        connection = Connection(loop, memoryview(bytearray(65536)))
        await loop.create_connection(lambda: connection, sock=ours)
        theirs.setblocking(False)
        try:
            await scenario(connection, theirs)
        finally:
            connection.close()
            await asyncio.sleep(0)
            theirs.close()

    asyncio.run(session())


async def exchanged(connection: Connection, theirs: socket.socket, wire: bytes, within: float = 5.0) -> Response:
    response = connection.exchange(REQUEST, within)
    await asyncio.get_running_loop().sock_sendall(theirs, wire)
    return await response


def test_a_connection_carries_one_request_after_the_other() -> None:
    async def scenario(connection: Connection, theirs: socket.socket) -> None:
        assert connection.is_silent()
        first = await exchanged(connection, theirs, OK)
        assert (first.status, first.body, first.is_first) == (200, b"hi", True)
        assert connection.is_reusable
        assert connection.response_time >= 0
        assert not (await exchanged(connection, theirs, OK)).is_first
        assert theirs.recv(1000) == 2 * REQUEST

    between(scenario)


def test_a_response_has_a_deadline() -> None:
    async def scenario(connection: Connection, theirs: socket.socket) -> None:
        with pytest.raises(TimeoutError):
            await exchanged(connection, theirs, b"HTTP/1.1 200", within=0.05)
        assert connection.is_closed

    between(scenario)


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"x" * 100, "the response is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * (MAX_HEADER_BYTES // 5), "headers of the response are longer than"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1), "the response is larger than"),
        (OK.replace(b"\r\n\r\n", b"\r\ncontent-encoding: br\r\n\r\n"), "the response is compressed"),
    ],
    ids=["not HTTP", "headers", "body", "compressed"],
)
def test_a_response_that_is_invalid_or_too_large_closes_the_connection(wire: bytes, text: str) -> None:
    async def scenario(connection: Connection, theirs: socket.socket) -> None:
        response = connection.exchange(REQUEST, 5.0)
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(theirs, wire))
        with pytest.raises(DysmsUnreadable, match=text):
            await response
        assert connection.is_closed
        await asyncio.gather(sending, return_exceptions=True)

    between(scenario)


def test_bytes_after_the_response_break_the_silence_and_close_the_connection() -> None:
    async def scenario(connection: Connection, theirs: socket.socket) -> None:
        await exchanged(connection, theirs, OK)
        assert await connection.stay_silent(0.02)
        await asyncio.get_running_loop().sock_sendall(theirs, OK)
        assert not await connection.stay_silent(5.0)
        assert connection.is_closed

    between(scenario)


def test_a_second_response_in_the_same_bytes_is_noticed() -> None:
    async def scenario(connection: Connection, theirs: socket.socket) -> None:
        await exchanged(connection, theirs, OK + OK)
        assert not await connection.stay_silent(0.02)
        assert not connection.is_reusable

    between(scenario)
