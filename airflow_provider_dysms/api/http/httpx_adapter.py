"""The bytes of one endpoint over any ``httpx.AsyncBaseTransport``: for tests, and for proxies of other kinds.

The limits of our own engine hold here too: a deadline, a bound on what is read, no redirects, no URL in a log (httpx
logs requests in its clients, and none is used). Only the order is another one: a request is signed and counted before
its connection stands, because httpx opens connections itself.
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
from airflow_provider_dysms.api.http.transport import Response, proven
from airflow_provider_dysms.model.errors import DysmsError, DysmsMismatched, DysmsTransportError, DysmsUnreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Accept, Request

#: Errors of httpx that come before the first byte of a request has left.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

#: httpx has one error for answers that are cut off and for those that are no HTTP; its words tell them apart.
_CUT_OFF = ("closed", "disconnected")

_STATUS = re.compile(r"[1-5][0-9]{2}\b")


class HttpxTransport:
    """Carries requests to one endpoint over a transport of httpx, which its owner closes.

    :param endpoint: scheme, host and port
    :param carrier: opens, keeps and closes connections; certificates and proxies are its own matter
    :param timeout: seconds for connecting, and again for one whole exchange; for both together where the carrier does
        not tell when a connection stands
    :param connections: the most requests at a time
    """

    def __init__(
        self, endpoint: Endpoint, carrier: httpx.AsyncBaseTransport, *, timeout: float = 10.0, connections: int = 64
    ) -> None:
        self._endpoint = endpoint
        self._carrier = carrier
        self._timeout = timeout
        self._places = asyncio.Semaphore(connections)
        self._silence = Silence()

    async def send(
        self, sign: Callable[[], Awaitable[Request]], accept: Accept = proven, *, fresh: bool = False
    ) -> Response:
        async with self._places:
            answer = await self._exchange(await sign(), accept)
        if isinstance(answer, DysmsError):
            raise answer  # here, where no error of httpx is its context: those know the URL
        return answer

    async def aclose(self) -> None:
        """Close nothing: other endpoints may use the carrier."""

    async def _exchange(self, request: Request, accept: Accept) -> Response | DysmsError:
        progress = _Progress()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._timeout) as deadline:

                async def trace(event: str, info: dict[str, Any]) -> None:
                    if progress.has_just_left(event, info):
                        deadline.reschedule(loop.time() + self._timeout)

                answered = await self._carrier.handle_async_request(self._request(request, trace))
                body = await _read(answered)
            self._silence.add(loop.time() - started)
            return await self._accept(answered, body, accept, is_first=progress.is_first)
        except (httpx.TransportError, OSError) as error:  # the deadline's TimeoutError is an OSError
            return self._failed(error, progress)
        except DysmsError as error:
            return error

    async def _accept(
        self, answered: httpx.Response, body: bytes, accept: Accept, *, is_first: bool | None
    ) -> Response:
        """Return the response if it belongs to the request; hang up if it does not, or if more came than it."""
        headers = {name.lower(): value for name, value in answered.headers.raw}
        response = Response(answered.status_code, headers, body, is_first)
        wire = _Wire(answered)
        belongs = False
        try:
            belongs = accept(response) or await self._silence.wait(wire.stays_silent)
        finally:
            if not belongs or wire.is_used_up or wire.has_more:
                await wire.hang_up()
            await answered.aclose()
        if not belongs:
            raise DysmsMismatched(f"{self._endpoint.netloc}: more came than one response to the request")
        return response

    def _request(self, request: Request, trace: Callable[[str, dict[str, Any]], Awaitable[None]]) -> httpx.Request:
        endpoint = self._endpoint
        each = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)
        return httpx.Request(
            request.method,
            # The target as it was signed, not encoded anew.
            httpx.URL(scheme=endpoint.scheme, host=endpoint.host, port=endpoint.port, raw_path=request.target.encode()),
            headers={
                **header_fields(request.headers),
                "accept": "application/json",
                "content-length": str(len(request.body)),
            },
            content=request.body,
            extensions={"timeout": each, "trace": trace},
        )

    def _failed(self, error: Exception, progress: _Progress) -> DysmsError:
        sent = progress.was_sent(unknown=not isinstance(error, _NOT_SENT))
        is_cut_off = any(word in str(error) for word in _CUT_OFF)
        if sent and isinstance(error, httpx.ProtocolError) and not is_cut_off:
            return DysmsUnreadable(f"the answer is no HTTP: {type(error).__name__}")
        what = "no answer" if sent else "could not connect"
        if isinstance(error, _SpokeFirstError):
            what = str(error)
        elif isinstance(error, (TimeoutError, httpx.TimeoutException)):
            what += f" within {self._timeout:g} s"
        elif isinstance(error, httpx.ProxyError) and (status := _STATUS.match(str(error))):
            what = f"the proxy refused with HTTP {status[0]}"  # the words behind it are the proxy's own
        elif (verdict := _certificate_verdict(error)) is not None:
            what += f": the certificate was not accepted: {verdict}"
        else:
            what += f": {type(error).__name__}"
        if not sent:
            what += unused_proxy(self._endpoint.host, "give the transport that was passed a proxy")
        failed = DysmsTransportError(f"{self._endpoint.netloc}: {what}")
        failed.request_sent = sent
        return failed


class _SpokeFirstError(httpx.TransportError):
    """The server sent something before it was asked."""


class _Progress:
    """How far a request has come, as far as the carrier tells: the transports of httpcore do, others need not."""

    def __init__(self) -> None:
        self._is_told = False
        self._has_left = False
        self._connected: Any = None

    @property
    def is_first(self) -> bool | None:
        """Whether the connection was opened for this request; ``None`` if the carrier does not tell."""
        return self._connected is not None if self._is_told else None

    def has_just_left(self, event: str, info: dict[str, Any]) -> bool:
        self._is_told = True
        if event.endswith(".connect_tcp.complete"):
            self._connected = info.get("return_value")
        elif event.endswith(".start_tls.complete"):
            self._connected = True  # the tickets that follow a handshake cannot be told from more
        if self._has_left or not event.endswith(".send_request_headers.started"):
            return False
        if getattr(info.get("request"), "method", b"") == b"CONNECT":  # that one is to the proxy
            return False
        if _is_readable(self._connected):
            raise _SpokeFirstError("the server speaks before it is asked")
        self._has_left = True
        return True

    def was_sent(self, *, unknown: bool) -> bool:
        return self._has_left if self._is_told else unknown


class _Wire:
    """The connection that a response came over, as far as the carrier shows it."""

    def __init__(self, answered: httpx.Response) -> None:
        is_alone = answered.extensions.get("http_version") != b"HTTP/2"  # which numbers its requests
        self._stream = answered.extensions.get("network_stream") if is_alone else None
        # What httpcore has read beyond the response, and would take for the next one. It has no public name.
        parser: Any = answered.stream
        for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):
            parser = getattr(parser, name, None)
        self._parser = parser
        self.is_used_up = False

    @property
    def has_more(self) -> bool:
        """Whether more came than the response."""
        return self._parser is not None and bool(self._parser.trailing_data[0])

    async def stays_silent(self, seconds: float) -> bool:
        """Wait for so long; say whether nothing came on top of the response. The connection is of no use afterwards."""
        if self._stream is None:
            return True
        if self.has_more:
            return False
        self.is_used_up = True
        return not await self._more(seconds) and not (_is_readable(self._stream) and await self._more(seconds))

    async def _more(self, seconds: float) -> bytes:
        """Return what comes within so many seconds; nothing also if the server hangs up."""
        assert self._stream is not None
        try:
            more: bytes = await self._stream.read(1, timeout=seconds)
        except Exception:  # httpcore's, when the time is over: not every carrier has httpcore
            return b""
        return more

    async def hang_up(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            await self._stream.aclose()


def _is_readable(stream: Any) -> bool:
    return hasattr(stream, "get_extra_info") and bool(stream.get_extra_info("is_readable"))


async def _read(answered: httpx.Response) -> bytes:
    """Read the body; unlike ``aiter_raw``, leave the connection with the response until that is closed."""
    try:
        encoding = answered.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            raise DysmsUnreadable("the answer is compressed, which was not asked for")
        body = bytearray()
        assert isinstance(answered.stream, httpx.AsyncByteStream)
        async for chunk in answered.stream:
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise DysmsUnreadable(f"the answer is larger than {MAX_BODY_BYTES} bytes")
        return bytes(body)
    except BaseException:
        await answered.aclose()
        raise


def _certificate_verdict(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None
