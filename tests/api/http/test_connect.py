"""Hosts with several addresses that do not all respond: over both engines, on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from support.network.wire import OK, carrying, certificate, engine, ready, saying, serving, tls_of

from airflow_provider_dysms.api.http.connect import open_socket
from airflow_provider_dysms.api.http.endpoints import Endpoint
from airflow_provider_dysms.api.http.transport import Response
from airflow_provider_dysms.model.errors import DysmsTransportError

__all__ = ["certificate", "engine"]

#: Nobody listens on the first; a listener with a full backlog drops what knocks on the second.
CLOSED, DEAD, LIVE = "127.0.0.3", "127.0.0.2", "127.0.0.1"
LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]


@contextlib.contextmanager
def dropping(port: int) -> Iterator[None]:
    """Have the kernel drop every further connection to the dead address: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((DEAD, port), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def loop_factory(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    factory: Callable[[], asyncio.AbstractEventLoop] = request.param
    return factory


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a name have several addresses, for both loops."""

    def have(*addresses: str) -> None:
        async def getaddrinfo(self: Any, host: Any, port: int, **kind: Any) -> list[Any]:
            found = addresses if host in ("dysms.test", b"dysms.test") else [host]
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port)) for each in found]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
        monkeypatch.setattr(uvloop.Loop, "getaddrinfo", getaddrinfo, raising=False)

    return have


def run(factory: Callable[[], asyncio.AbstractEventLoop], session: Any) -> Any:
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(session)


@pytest.mark.parametrize("first", [DEAD, CLOSED])
@pytest.mark.parametrize("way", ["plain", "TLS", "proxy"])
def test_an_address_that_does_not_answer_does_not_keep_us_from_one_that_does(
    engine: str,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    resolve: Callable[..., None],
    certificate: Path,
    first: str,
    way: str,
) -> None:
    resolve(first, LIVE)
    tls = tls_of(certificate) if way == "TLS" else None

    async def session() -> Response:
        async with serving(saying(OK), tls) as port:
            with dropping(port):
                proxied = way == "proxy"
                async with carrying(
                    engine,
                    # The proxy has the two addresses, and answers itself.
                    Endpoint("https" if tls else "http", "service.example.com" if proxied else "dysms.test", port),
                    ca_bundle=str(certificate / "cert.pem") if tls else None,
                    proxy=f"http://dysms.test:{port}" if proxied else None,
                    timeout=3,
                ) as transport:
                    return await transport.send(ready)

    assert run(loop_factory, session()).body == b"hi"


def test_a_host_of_which_no_address_answers_could_not_be_connected_to(
    engine: str, loop_factory: Callable[[], asyncio.AbstractEventLoop], resolve: Callable[..., None]
) -> None:
    resolve(DEAD, CLOSED, DEAD)

    async def session() -> None:
        with socket.create_server((LIVE, 0)) as held, dropping(port := held.getsockname()[1]):
            async with carrying(engine, Endpoint("http", "dysms.test", port), timeout=0.8) as transport:
                await transport.send(ready)

    with pytest.raises(DysmsTransportError, match=r"could not connect within 0\.8 s") as caught:
        run(loop_factory, session())
    assert not caught.value.request_sent


def test_the_address_that_answered_is_the_first_one_the_next_time(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], resolve: Callable[..., None]
) -> None:
    resolve(DEAD, CLOSED, LIVE)

    async def session() -> None:
        async with serving(saying()) as port:
            with dropping(port):
                found, address = await open_socket("dysms.test", port, within=3)
                assert address.sockaddr == (LIVE, port)
                found.close()
                resolve(LIVE, DEAD)
                found, again = await open_socket("dysms.test", port, within=3, first=address)
                assert again == address
                found.close()

    run(loop_factory, session())


def test_a_name_that_nobody_knows_and_a_port_where_nobody_listens_are_errors_of_the_system() -> None:
    for host in ("name.invalid", CLOSED):
        with pytest.raises(OSError, match=r".+"):
            asyncio.run(open_socket(host, 9, within=3))
