"""Idle connections: the last one first, and none that is closed or has bytes that nobody requested."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from airflow_provider_dysms.api.http.connection import Connection
from airflow_provider_dysms.api.http.pool import IdleConnections

Open = Callable[[], Awaitable[tuple[Connection, socket.socket]]]


def in_a_loop(scenario: Callable[[IdleConnections, Open], Awaitable[None]]) -> None:
    """Run a scenario with a pool, and a function that adds a connection to it and returns both ends."""

    async def session() -> None:
        loop, pool = asyncio.get_running_loop(), IdleConnections()
        others: list[socket.socket] = []

        async def opened() -> tuple[Connection, socket.socket]:
            ours, theirs = socket.socketpair()
            connection = Connection(loop, memoryview(bytearray(1024)))
            await loop.create_connection(lambda: connection, sock=ours)
            pool.add(connection)
            others.append(theirs)
            return connection, theirs

        try:
            await scenario(pool, opened)
        finally:
            pool.close()
            await asyncio.sleep(0)
            for other in others:
                other.close()

    asyncio.run(session())


def test_the_connection_that_was_used_last_is_used_first() -> None:
    async def scenario(pool: IdleConnections, opened: Open) -> None:
        (first, _), (second, _) = await opened(), await opened()
        assert [pool.pop(), pool.pop(), pool.pop()] == [second, first, None]
        first.close()
        second.close()

    in_a_loop(scenario)


def test_a_connection_with_unread_bytes_is_closed_and_not_used() -> None:
    async def scenario(pool: IdleConnections, opened: Open) -> None:
        (good, _), (bad, theirs) = await opened(), await opened()
        theirs.send(b"HTTP/1.1 200 OK")
        assert pool.pop() is good
        assert bad.is_closed
        assert pool.pop() is None
        good.close()

    in_a_loop(scenario)


def test_the_bytes_are_noticed_in_every_turn_of_the_event_loop() -> None:
    async def scenario(pool: IdleConnections, opened: Open) -> None:
        (good, _), (used, _), (bad, theirs) = await opened(), await opened(), await opened()
        pool.pop()
        pool.add(bad)
        await asyncio.sleep(0)
        theirs.send(b"x")
        assert pool.pop() is used
        assert bad.is_closed
        used.close()
        good.close()

    in_a_loop(scenario)


def test_a_closed_connection_is_not_used() -> None:
    async def scenario(pool: IdleConnections, opened: Open) -> None:
        (good, _), (closed, _) = await opened(), await opened()
        closed.close()
        assert pool.pop() is good
        good.close()

    in_a_loop(scenario)


def test_close_closes_all() -> None:
    async def scenario(pool: IdleConnections, opened: Open) -> None:
        (first, _), (second, _) = await opened(), await opened()
        pool.close()
        assert first.is_closed
        assert second.is_closed
        assert pool.pop() is None

    in_a_loop(scenario)
