"""Opens a tunnel to a host through an HTTP proxy (CONNECT), and starts TLS in it.

Follows RFC 9110, 9.3.6: after a 2xx response, the bytes of the tunnel directly follow the header, whatever body length
the header claims.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, cast

from airflow_provider_dysms.api.http.connection import MAX_HEADER_BYTES

if TYPE_CHECKING:
    import socket
    import ssl

_VERSION = b"HTTP/1."
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")


class ProxyError(Exception):
    """The proxy did not open a tunnel. Nothing was sent to the service.

    :param problem: what the proxy did, without its address or password
    """


async def open_tunnel(
    connected: socket.socket,
    *,
    target: str,
    authorization: str,
    protocol: asyncio.BaseProtocol,
    tls: ssl.SSLContext,
    server_hostname: str,
) -> None:
    """Open a tunnel through a proxy, start TLS in it, and hand the connection to ``protocol``.

    :param connected: a socket connected to the proxy; this function owns it from now on
    :param target: host and port of the service
    :param authorization: header line with the proxy's user and password; empty if it needs none
    :param protocol: receives the connection
    :param tls: context for the connection to the service
    :param server_hostname: host name that the service's certificate must have
    :raises ProxyError: the proxy refused, or its response is not valid
    :raises OSError: the connection, or TLS, failed
    """
    loop = asyncio.get_running_loop()
    transport, response = await loop.create_connection(lambda: _ProxyResponse(loop), sock=connected)
    try:
        transport.write(f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{authorization}\r\n".encode("ascii"))
        await response.check()
        secure = await loop.start_tls(transport, protocol, tls, server_hostname=server_hostname)
    except BaseException:
        transport.abort()
        raise
    # uvloop's transports are not subclasses of asyncio's
    protocol.connection_made(cast("asyncio.Transport", secure))


class _ProxyResponse(asyncio.Protocol):
    """Reads the header of the proxy's response; no bytes may follow it before TLS starts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._status: asyncio.Future[int] = loop.create_future()
        self._received = bytearray()

    async def check(self) -> None:
        """Wait for the response.

        :raises ProxyError: the proxy did not open the tunnel
        """
        status = await self._status
        if status == 407:
            raise ProxyError("the proxy refused with HTTP 407: check the user and the password in the extra proxy")
        if not 200 <= status < 300:
            raise ProxyError(f"the proxy refused with HTTP {status}")
        if self._received:
            raise ProxyError("the proxy sent bytes through the tunnel before a request was sent to the service")

    def data_received(self, data: bytes) -> None:
        self._received += data
        while not self._status.done():
            if not self._received.startswith(_VERSION[: len(self._received)]):
                self._fail("the proxy's response is not HTTP/1.1")
            elif (end := _HEAD_END.search(self._received)) is not None:
                self._read_head(end.end())
            elif len(self._received) > MAX_HEADER_BYTES:
                self._fail(f"the header of the proxy's response is longer than {MAX_HEADER_BYTES} bytes")
            else:
                return

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the proxy closed the connection")

    def _read_head(self, end: int) -> None:
        line = _STATUS_LINE.match(self._received)
        if line is None:
            self._fail("the proxy's response is not HTTP/1.1")
            return
        status = int(line[1])
        del self._received[:end]
        if status >= 200:  # a lower status is an interim response, and the final one follows
            self._status.set_result(status)

    def _fail(self, problem: str) -> None:
        if not self._status.done():
            self._status.set_exception(ProxyError(problem))
