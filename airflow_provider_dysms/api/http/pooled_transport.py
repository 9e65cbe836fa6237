"""Our own HTTP/1.1 engine: sends requests to one endpoint over a pool of keep-alive connections.

It runs on asyncio and parses with httptools, which every Airflow installation has. An audit needs properties that
general HTTP clients lack: a deadline for the whole exchange, a bound on what a hostile server can make us hold in
memory, no redirects, no log line with a URL (which has the phone number), and a request that is signed and counted
against the rate limit only when a connection is ready to carry it.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from airflow_provider_dysms.api.http.connect import open_socket
from airflow_provider_dysms.api.http.connection import Connection
from airflow_provider_dysms.api.http.correlation import Silence
from airflow_provider_dysms.api.http.pool import IdleConnections
from airflow_provider_dysms.api.http.proxy_environment import unused_proxy
from airflow_provider_dysms.api.http.proxy_tunnel import ProxyError, open_tunnel
from airflow_provider_dysms.api.http.transport import Accept, Request, Response, accept_all
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsMismatched, DysmsTransportError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_dysms.api.http.connect import Address
    from airflow_provider_dysms.api.http.endpoints import Endpoint

#: Connections at a time: enough for the service's quota of 5,000 requests per second if a response takes 40 ms.
MAX_CONNECTIONS = 256

_READ_BYTES = 64 * 1024


class HttpTransport:
    """Keep-alive connections to one endpoint, each carrying one request at a time.

    :param endpoint: scheme, host and port
    :param timeout: seconds for connecting, and the same again for one request with its response
    :param ca_bundle: file of PEM certificates to trust instead of the system's
    :param proxy: ``http://[user:password@]host:port``
    :param connections: maximum number of connections
    :raises DysmsInputError: ``ca_bundle`` cannot be read, ``proxy`` is not an ``http://`` URL
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float = 10.0,
        ca_bundle: str | None = None,
        proxy: str | None = None,
        connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._tls = _tls_context(ca_bundle) if endpoint.scheme == "https" else None
        self._proxy = _Proxy.parse(proxy) if proxy else None
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._idle = IdleConnections()
        self._last_address: Address | None = None
        self._silence = Silence()
        self._slots = asyncio.Semaphore(connections)
        self.opened = 0

    async def send(
        self, sign: Callable[[], Awaitable[Request]], accept: Accept = accept_all, *, fresh: bool = False
    ) -> Response:
        await self._slots.acquire()
        try:
            connection = (None if fresh else self._idle.pop()) or await self._open()
            try:
                request = await sign()
                if not connection.is_silent():  # it was closed, or received bytes, during the wait
                    connection = await self._reopen(connection)
                    request = await sign()  # waits again: many connections that reopen at once would send a burst
                    if not connection.is_silent():  # the server closes it faster than the rate limiter grants requests
                        connection = await self._reopen(connection)
                        if not connection.is_silent():
                            problem = "the server sent bytes before there was a request"
                            raise self._transport_error(problem, None, request_sent=False)
                return await self._exchange(connection, request, accept)
            finally:
                if connection.is_reusable:
                    self._idle.add(connection)
                else:
                    connection.close()
        finally:
            self._slots.release()

    async def _exchange(self, connection: Connection, request: Request, accept: Accept) -> Response:
        try:
            response = await connection.exchange(self._wire(request), self._timeout)
        except (OSError, TimeoutError) as error:
            raise self._transport_error("no response", error, request_sent=True) from None
        self._silence.add(connection.response_time)
        try:
            if accept(response) or await self._silence.wait(connection.stay_silent):
                return response
        except BaseException:
            connection.close()
            raise
        raise DysmsMismatched(f"{self._endpoint.netloc}: more than one response arrived for the request")

    async def aclose(self) -> None:
        self._idle.close()
        await asyncio.sleep(0)  # lets the event loop close the transports

    async def _reopen(self, connection: Connection) -> Connection:
        connection.close()
        return await self._open()

    async def _open(self) -> Connection:
        connection = Connection(asyncio.get_running_loop(), self._buffer)
        try:
            async with asyncio.timeout(self._timeout):
                await self._connect(connection)
        except ProxyError as error:
            connection.close()
            raise self._transport_error(str(error), None, request_sent=False) from None
        except (OSError, TimeoutError) as error:
            connection.close()
            raise self._transport_error("could not connect", error, request_sent=False) from None
        except BaseException:
            connection.close()
            raise
        self.opened += 1
        return connection

    async def _connect(self, connection: Connection) -> None:
        target = self._proxy or self._endpoint
        connected, self._last_address = await open_socket(
            target.host, target.port, within=self._timeout, first=self._last_address
        )
        if self._proxy and self._tls:
            await open_tunnel(
                connected,
                target=f"{self._endpoint.host}:{self._endpoint.port}",
                authorization=self._proxy.authorization,
                protocol=connection,
                tls=self._tls,
                server_hostname=self._endpoint.host,
            )
        else:
            await asyncio.get_running_loop().create_connection(
                lambda: connection,
                sock=connected,
                ssl=self._tls,
                server_hostname=target.host if self._tls else None,
            )

    def _wire(self, request: Request) -> bytes:
        plain_proxy = self._proxy if self._proxy and not self._tls else None
        target = self._endpoint.url + request.target if plain_proxy else request.target
        head = (
            f"{request.method} {target} HTTP/1.1\r\n{request.headers}accept: application/json\r\n"
            f"content-length: {len(request.body)}\r\n{plain_proxy.authorization if plain_proxy else ''}\r\n"
        )
        return head.encode("utf-8") + request.body

    def _transport_error(self, problem: str, error: BaseException | None, *, request_sent: bool) -> DysmsTransportError:
        if isinstance(error, TimeoutError):
            problem += f" within {self._timeout:g} s"
        elif isinstance(error, ssl.SSLCertVerificationError):
            problem += f": the certificate was not accepted: {error.verify_message}"
        elif error is not None:
            words = getattr(error, "strerror", None)
            problem += f": {type(error).__name__} {words}" if words else f": {type(error).__name__}"
        if not request_sent and self._proxy is None:
            problem += unused_proxy(self._endpoint.host, "set the extra proxy of the connection")
        transport_error = DysmsTransportError(f"{self._endpoint.netloc}: {problem}")
        transport_error.request_sent = request_sent
        return transport_error


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    authorization: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> _Proxy:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
            parts = urlsplit("")
        if parts.scheme != "http" or not host or not host.isascii() or parts.path.strip("/"):
            raise DysmsInputError("proxy", "is not a proxy address; write it as http://[user:password@]host:port")
        authorization = ""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            authorization = f"proxy-authorization: Basic {base64.b64encode(pair).decode('ascii')}\r\n"
        return cls(host, port or 3128, authorization)


def _tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise DysmsInputError("ca_bundle", f"cannot be read as PEM certificates ({type(error).__name__})") from None
    # A certificate is valid for its subjectAltNames only; OpenSSL would accept the common name if there are none.
    context.hostname_checks_common_name = False
    return context
