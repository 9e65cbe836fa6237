"""Sends requests to one endpoint over any ``httpx.AsyncBaseTransport``: for tests, and for other kinds of proxies.

The limits of our own engine apply here too: a deadline, a bound on the bytes that are read, no redirects, no URL in a
log (only the clients of httpx log, and none is used). The order differs: a request is signed and counted before its
connection is open, because httpx opens connections itself.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_dysms.api.http.connection import MAX_BODY_BYTES
from airflow_provider_dysms.api.http.correlation import Silence
from airflow_provider_dysms.api.http.headers import header_fields
from airflow_provider_dysms.api.http.proxy_environment import unused_proxy
from airflow_provider_dysms.api.http.transport import Response, accept_all
from airflow_provider_dysms.model.errors import DysmsError, DysmsMismatched, DysmsTransportError, DysmsUnreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Accept, Request

#: Errors that httpx raises before the first byte of a request has left.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

#: httpx has one error for truncated responses and for responses that are not HTTP; these words occur in the former.
_CUT_OFF = ("closed", "disconnected")

_STATUS = re.compile(r"[1-5][0-9]{2}\b")


class HttpxTransport:
    """Sends requests to one endpoint over a transport of httpx, which its owner closes.

    :param endpoint: scheme, host and port
    :param transport: opens, keeps and closes connections, with its own certificates and proxies
    :param timeout: seconds for connecting, and the same again for one request with its response; for both together if
        the transport does not report when a connection is open
    :param connections: maximum number of requests at a time
    """

    def __init__(
        self, endpoint: Endpoint, transport: httpx.AsyncBaseTransport, *, timeout: float = 10.0, connections: int = 64
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._timeout = timeout
        self._slots = asyncio.Semaphore(connections)
        self._silence = Silence()

    async def send(
        self, sign: Callable[[], Awaitable[Request]], accept: Accept = accept_all, *, fresh: bool = False
    ) -> Response:
        async with self._slots:
            response = await self._exchange(await sign(), accept)
        if isinstance(response, DysmsError):
            raise response  # outside of any except block: an error of httpx, its context, would have the URL
        return response

    async def aclose(self) -> None:
        """Close nothing: other endpoints may use the same transport."""

    async def _exchange(self, request: Request, accept: Accept) -> Response | DysmsError:
        progress = _Progress()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._timeout) as deadline:

                async def trace(event: str, info: dict[str, Any]) -> None:
                    if progress.has_just_left(event, info):
                        deadline.reschedule(loop.time() + self._timeout)

                httpx_response = await self._transport.handle_async_request(self._request(request, trace))
                body = await _read(httpx_response)
            self._silence.add(loop.time() - started)
            return await self._accept(httpx_response, body, accept, is_first=progress.is_first)
        except (httpx.TransportError, OSError) as error:  # the deadline's TimeoutError is an OSError
            return self._error_of(error, progress)
        except DysmsError as error:
            return error

    async def _accept(
        self, httpx_response: httpx.Response, body: bytes, accept: Accept, *, is_first: bool | None
    ) -> Response:
        """Return the response if it belongs to the request; close the connection if it does not, or if more arrived."""
        headers = {name.lower(): value for name, value in httpx_response.headers.raw}
        response = Response(httpx_response.status_code, headers, body, is_first)
        wire = _Wire(httpx_response)
        belongs = False
        try:
            belongs = accept(response) or await self._silence.wait(wire.stays_silent)
        finally:
            if not belongs or wire.is_used_up or wire.has_more:
                await wire.close()
            await httpx_response.aclose()
        if not belongs:
            raise DysmsMismatched(f"{self._endpoint.netloc}: more than one response arrived for the request")
        return response

    def _request(self, request: Request, trace: Callable[[str, dict[str, Any]], Awaitable[None]]) -> httpx.Request:
        endpoint = self._endpoint
        each = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)
        return httpx.Request(
            request.method,
            # The target exactly as it was signed, without another encoding.
            httpx.URL(scheme=endpoint.scheme, host=endpoint.host, port=endpoint.port, raw_path=request.target.encode()),
            headers={
                **header_fields(request.headers),
                "accept": "application/json",
                "content-length": str(len(request.body)),
            },
            content=request.body,
            extensions={"timeout": each, "trace": trace},
        )

    def _error_of(self, error: Exception, progress: _Progress) -> DysmsError:
        sent = progress.was_sent(unknown=not isinstance(error, _NOT_SENT))
        is_cut_off = any(word in str(error) for word in _CUT_OFF)
        if sent and isinstance(error, httpx.ProtocolError) and not is_cut_off:
            return DysmsUnreadable(f"the response is not HTTP: {type(error).__name__}")
        problem = "no response" if sent else "could not connect"
        if isinstance(error, _EarlyBytesError):
            problem = str(error)
        elif isinstance(error, (TimeoutError, httpx.TimeoutException)):
            problem += f" within {self._timeout:g} s"
        elif isinstance(error, httpx.ProxyError) and (status := _STATUS.match(str(error))):
            problem = f"the proxy refused with HTTP {status[0]}"  # the text after the status is chosen by the proxy
        elif (verdict := _certificate_problem(error)) is not None:
            problem += f": the certificate was not accepted: {verdict}"
        else:
            problem += f": {type(error).__name__}"
        if not sent:
            problem += unused_proxy(self._endpoint.host, "give the transport that was passed a proxy")
        transport_error = DysmsTransportError(f"{self._endpoint.netloc}: {problem}")
        transport_error.request_sent = sent
        return transport_error


class _EarlyBytesError(httpx.TransportError):
    """The server sent bytes before there was a request."""


class _Progress:
    """The progress of a request, as far as the transport reports it: httpcore does, others need not."""

    def __init__(self) -> None:
        self._is_reported = False
        self._has_left = False
        self._connected: Any = None

    @property
    def is_first(self) -> bool | None:
        """Whether the connection was opened for this request; ``None`` if the transport does not report it."""
        return self._connected is not None if self._is_reported else None

    def has_just_left(self, event: str, info: dict[str, Any]) -> bool:
        self._is_reported = True
        if event.endswith(".connect_tcp.complete"):
            self._connected = info.get("return_value")
        elif event.endswith(".start_tls.complete"):
            self._connected = True  # TLS tickets after the handshake look like unexpected bytes
        if self._has_left or not event.endswith(".send_request_headers.started"):
            return False
        if getattr(info.get("request"), "method", b"") == b"CONNECT":  # that request is for the proxy
            return False
        if _is_readable(self._connected):
            raise _EarlyBytesError("the server sent bytes before there was a request")
        self._has_left = True
        return True

    def was_sent(self, *, unknown: bool) -> bool:
        return self._has_left if self._is_reported else unknown


class _Wire:
    """The connection of a response, as far as the transport exposes it."""

    def __init__(self, httpx_response: httpx.Response) -> None:
        is_alone = httpx_response.extensions.get("http_version") != b"HTTP/2"  # HTTP/2 numbers its requests
        self._stream = httpx_response.extensions.get("network_stream") if is_alone else None
        # The parser of httpcore, which holds bytes read beyond the response; it has a private name only.
        parser: Any = httpx_response.stream
        for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):
            parser = getattr(parser, name, None)
        self._parser = parser
        self.is_used_up = False

    @property
    def has_more(self) -> bool:
        """Whether more bytes arrived than the response."""
        return self._parser is not None and bool(self._parser.trailing_data[0])

    async def stays_silent(self, seconds: float) -> bool:
        """Wait, and return whether no bytes arrived after the response. The connection must not be used afterwards."""
        if self._stream is None:
            return True
        if self.has_more:
            return False
        self.is_used_up = True
        return not await self._more(seconds) and not (_is_readable(self._stream) and await self._more(seconds))

    async def _more(self, seconds: float) -> bytes:
        """Return the bytes that arrive within some seconds; none if the server closes the connection."""
        assert self._stream is not None
        try:
            more: bytes = await self._stream.read(1, timeout=seconds)
        except Exception:  # of httpcore, after the timeout; not imported, because a transport need not use httpcore
            return b""
        return more

    async def close(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            await self._stream.aclose()


def _is_readable(stream: Any) -> bool:
    return hasattr(stream, "get_extra_info") and bool(stream.get_extra_info("is_readable"))


async def _read(httpx_response: httpx.Response) -> bytes:
    """Read the body; unlike ``aiter_raw``, keep the connection until the response is closed."""
    try:
        encoding = httpx_response.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            raise DysmsUnreadable("the response is compressed, which the request did not allow")
        body = bytearray()
        assert isinstance(httpx_response.stream, httpx.AsyncByteStream)
        async for chunk in httpx_response.stream:
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise DysmsUnreadable(f"the response is larger than {MAX_BODY_BYTES} bytes")
        return bytes(body)
    except BaseException:
        await httpx_response.aclose()
        raise


def _certificate_problem(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None
