"""The bridge sends the package's requests over our transport, in its own context and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from support.network.wire import OK, read_request, serving
from Tea.core import TeaCore
from Tea.request import TeaRequest

from airflow_provider_dysms.api.auth.alibabacloud_transport import TransportBridge, install_bridge
from airflow_provider_dysms.api.auth.providers import CredentialsProvider
from airflow_provider_dysms.model.errors import DysmsCredentialsError, DysmsError, DysmsInputError, DysmsTransportError


def request_to(host: str, port: int, **query: str) -> TeaRequest:
    request = TeaRequest()
    request.protocol, request.method, request.port, request.pathname = "http", "GET", port, "/keys"
    request.headers, request.query = {"host": host}, query
    return request


def bridged(body: bytes, scenario: Callable[[TransportBridge, int], Awaitable[None]]) -> TransportBridge:
    """Run a scenario with a bridge and the port of a server that responds with a body."""
    provider = CredentialsProvider(auth_type="credentials_uri", credentials_uri="http://127.0.0.1/keys")
    bridge = TransportBridge(provider, lambda endpoint: None)  # type: ignore[arg-type, return-value]

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"GET /keys?a=1 HTTP/1.1" in await read_request(reader)
        writer.write(OK.replace(b"2\r\n\r\nhi", b"%d\r\n\r\n%b" % (len(body), body)))
        await writer.drain()

    async def session() -> None:
        async with serving(respond) as port:
            await scenario(bridge, port)

    asyncio.run(session())
    return bridge


def test_an_active_bridge_sends_the_request_and_mutes_the_packages_log(caplog: pytest.LogCaptureFixture) -> None:
    install_bridge()
    install_bridge()  # once is enough

    async def scenario(bridge: TransportBridge, port: int) -> None:
        with bridge.active():
            response = await TeaCore.async_do_action(request_to("127.0.0.1", port, a="1"))
            logging.getLogger("credentials").error("https://sts.example/?token")
        assert (response.status_code, response.body) == (200, b"[]")
        logging.getLogger("credentials").error("of others")

    bridge = bridged(b"[]", scenario)
    assert bridge.failure is None
    assert "token" not in caplog.text
    assert "of others" in caplog.text


@pytest.mark.parametrize("expiration", ['"tomorrow"', "1893456000", "null", '"2020-01-01T00:00:00Z"'])
def test_an_expiry_that_is_invalid_or_over_is_kept_as_an_error(expiration: str) -> None:
    async def scenario(bridge: TransportBridge, port: int) -> None:
        await bridge.send(request_to("127.0.0.1", port, a="1"))

    bridge = bridged(f'{{"AccessKeyId": "a", "Expiration": {expiration}}}'.encode(), scenario)
    assert isinstance(bridge.expiry_error, DysmsCredentialsError)


def test_a_host_that_is_not_allowed_gets_no_request() -> None:
    async def scenario(bridge: TransportBridge, port: int) -> None:
        with pytest.raises(DysmsInputError, match="auth_type credentials_uri leads to"):
            await bridge.send(request_to("keys.example", 80))
        assert isinstance(bridge.failure, DysmsInputError)

    bridged(b"", scenario)


def test_a_temporary_failure_is_kept_although_the_package_tries_another_way() -> None:
    async def scenario(bridge: TransportBridge, port: int) -> None:
        failures: list[DysmsError | None] = []
        for host, at in (("keys.example", 80), ("127.0.0.1", 9), ("keys.example", 80)):
            with pytest.raises(DysmsError):
                await bridge.send(request_to(host, at))
            failures.append(bridge.failure)
        assert [type(failure) for failure in failures] == [DysmsInputError, DysmsTransportError, DysmsTransportError]

    bridged(b"", scenario)
