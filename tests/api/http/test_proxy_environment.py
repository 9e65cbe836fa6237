"""A proxy named in the environment is not used, and the error of a failed connection says so: over both engines."""

from __future__ import annotations

import asyncio

import pytest
from support.network.wire import OK, carrying, engine, ready, saying, serving

from airflow_provider_dysms.api.http.endpoints import Endpoint
from airflow_provider_dysms.api.http.proxy_environment import unused_proxy
from airflow_provider_dysms.model.errors import DysmsTransportError

__all__ = ["engine"]

NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def ask_where_nobody_listens(engine: str, scheme: str) -> str:
    async def session() -> None:
        async with serving(saying()) as port:
            pass
        async with carrying(engine, Endpoint(scheme, "127.0.0.1", port), timeout=3) as transport:
            await transport.send(ready)

    with pytest.raises(DysmsTransportError, match="could not connect") as caught:
        asyncio.run(session())
    assert not caught.value.request_sent
    return str(caught.value)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_error_names_the_variable_and_the_extra_and_not_the_password(
    engine: str, scheme: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://somebody:s3cret@proxy.example.com:3128")
    said = ask_where_nobody_listens(engine, scheme)
    assert f"; {name} is set in the environment and is ignored here" in said
    assert ("the extra proxy of the connection" if engine == "own" else "the transport that was passed") in said
    assert "s3cret" not in said
    assert "example" not in said


def test_without_the_variable_or_for_a_host_that_needs_no_proxy_nothing_is_said(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "PROXY" not in ask_where_nobody_listens(engine, "https")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert "PROXY" not in ask_where_nobody_listens(engine, "https")
    assert not unused_proxy("100.100.100.200", "do something")


def test_the_variable_is_not_used_and_an_error_after_the_connection_does_not_name_it(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def session(*said: bytes) -> bytes:
        async with (
            serving(saying(*said)) as port,
            carrying(engine, Endpoint("http", "127.0.0.1", port), timeout=3) as transport,
        ):
            return (await transport.send(ready)).body

    assert asyncio.run(session(OK)) == b"hi"
    with pytest.raises(DysmsTransportError, match="no response") as caught:
        asyncio.run(session(b""))
    assert "PROXY" not in str(caught.value)
