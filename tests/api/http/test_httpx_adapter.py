"""A transport of httpx that reports no progress, as users may pass one: every error says whether a request has left."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
from support.network.wire import ready

from airflow_provider_dysms.api.http.connection import MAX_BODY_BYTES
from airflow_provider_dysms.api.http.endpoints import Endpoint
from airflow_provider_dysms.api.http.httpx_adapter import HttpxTransport
from airflow_provider_dysms.api.http.transport import Response
from airflow_provider_dysms.model.errors import DysmsError, DysmsTransportError, DysmsUnreadable

ENDPOINT = Endpoint("https", "dysmsapi.aliyuncs.com", 443)


class Body(httpx.AsyncByteStream):
    """A body in chunks, which knows whether it was closed."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk

    async def aclose(self) -> None:
        self.is_closed = True


class Quiet(httpx.AsyncBaseTransport):
    """Returns a response or raises an error, and reports nothing of its connections."""

    def __init__(self, outcome: httpx.Response | Exception) -> None:
        self._outcome = outcome
        self.requests: list[httpx.Request] = []
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    async def aclose(self) -> None:
        self.is_closed = True


def sent(transport: Quiet) -> Response:
    async def session() -> Response:
        adapter = HttpxTransport(ENDPOINT, transport)
        try:
            return await adapter.send(ready, lambda response: True)
        finally:
            await adapter.aclose()

    return asyncio.run(session())


def test_the_request_leaves_as_it_was_signed_and_the_response_comes_back_whole() -> None:
    body = Body(b"h", b"i")
    transport = Quiet(httpx.Response(200, headers={"X-Name": "value"}, stream=body))
    response = sent(transport)
    assert (response.status, response.headers, response.body) == (200, {"x-name": "value"}, b"hi")
    assert response.is_first is None
    (request,) = transport.requests
    assert request.url.raw_path == b"/?PhoneNumber=13900000000"
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-length"] == "0"
    assert body.is_closed
    assert not transport.is_closed  # its owner closes it


def test_a_body_beyond_the_bound_is_refused_and_its_connection_closed() -> None:
    body = Body(*[b"x" * MAX_BODY_BYTES] * 2)
    with pytest.raises(DysmsUnreadable, match="larger than"):
        sent(Quiet(httpx.Response(200, stream=body)))
    assert body.is_closed


def untrusted() -> httpx.ConnectError:
    error = httpx.ConnectError("failed")
    error.__cause__ = ssl.SSLCertVerificationError(1, "failed")
    error.__cause__.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "kind", "request_sent", "text"),
    [
        (httpx.ConnectError("refused"), DysmsTransportError, False, "could not connect: ConnectError"),
        (untrusted(), DysmsTransportError, False, "the certificate was not accepted: self-signed certificate"),
        (httpx.ProxyError("407 of its own words"), DysmsTransportError, False, "the proxy refused with HTTP 407"),
        (httpx.ConnectTimeout("slow"), DysmsTransportError, False, "could not connect within 10 s"),
        (httpx.ReadTimeout("slow"), DysmsTransportError, True, "no response within 10 s"),
        (httpx.ReadError("reset"), DysmsTransportError, True, "no response: ReadError"),
        (httpx.RemoteProtocolError("peer closed connection"), DysmsTransportError, True, "no response"),
        (httpx.RemoteProtocolError("illegal status line"), DysmsUnreadable, None, "the response is not HTTP"),
    ],
)
def test_an_error_says_what_happened_and_whether_the_request_has_left(
    error: httpx.TransportError, kind: type[DysmsError], request_sent: bool | None, text: str
) -> None:
    with pytest.raises(kind, match=text) as caught:
        sent(Quiet(error))
    assert getattr(caught.value, "request_sent", None) is request_sent
    assert "of its own words" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # it would have the URL
