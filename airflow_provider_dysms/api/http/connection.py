"""An HTTP/1.1 connection that carries one request at a time, with bounds on the size of a response."""

from __future__ import annotations

import asyncio
import select
from typing import cast

import httptools

from airflow_provider_dysms.api.http.transport import Response
from airflow_provider_dysms.model.errors import DysmsUnreadable

#: Maximum bytes of a response body. A full page with the longest texts has less than 200 kB.
MAX_BODY_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024


class Connection(asyncio.BufferedProtocol):
    """A connection, which implements the protocol of asyncio and the callbacks of httptools.

    :param loop: the event loop of the connection
    :param buffer: holds received bytes until they are parsed, which happens at once: all connections of an event loop
        may share one
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        self._loop = loop
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._response: asyncio.Future[Response] | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._deadline = 0.0
        self._sent_at = self._received_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._exchanges = 0
        self._is_tls = False
        self._silence: asyncio.Future[bool] | None = None
        self._has_surplus = False  # bytes arrived that belong to no request
        self.is_reusable = False
        self.fd = -1

    @property
    def is_closed(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    @property
    def response_time(self) -> float:
        """Seconds from the last request to its response."""
        return self._received_at - self._sent_at

    def is_silent(self) -> bool:
        """Whether it can carry a request: it is open, and has no bytes that would be taken for the response."""
        if self._transport is None or self._transport.is_closing():
            return False
        # The event loop reads bytes that arrive between two requests. On a new connection it may not have read them
        # yet; with TLS we cannot check that, because the tickets of the handshake look the same.
        return self._exchanges > 0 or self._is_tls or not self._has_unread()

    async def stay_silent(self, seconds: float) -> bool:
        """Wait some seconds; return whether no bytes arrived after the response."""
        if self._has_surplus or self._transport is None or self._transport.is_closing():
            return not self._has_surplus
        self._silence = silence = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._end_silence, True)
        try:
            # If the event loop was busy all the time, it has not yet read the bytes that arrived.
            return await silence and (self.is_closed or not self._has_unread())
        finally:
            timer.cancel()
            self._silence = None

    def exchange(self, wire: bytes, within: float) -> asyncio.Future[Response]:
        """Send a request; return a future of its response, which fails after ``within`` seconds."""
        assert self._transport is not None
        self.is_reusable = False
        self._exchanges += 1
        self._headers: dict[bytes, bytes] = {}
        self._received = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._headers_complete = False
        self._parser = httptools.HttpResponseParser(self)
        self._response = response = self._loop.create_future()
        self._sent_at = self._loop.time()
        self._deadline = self._sent_at + within
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        self._transport.write(wire)
        return response

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are not subclasses of asyncio's
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self.fd = transport.get_extra_info("socket").fileno()
        self.is_reusable = True

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._response is None or self._response.done() or self._parser is None:
            self._reject_surplus()
            return
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._response.done():
                self._reject_surplus()
            else:
                self._fail(DysmsUnreadable(f"the response is not HTTP: {type(error).__name__}"))
        self._received += nbytes
        # In addition to the body there are headers, chunk borders and trailers, which have no bound of their own.
        if not self._headers_complete and self._received > MAX_HEADER_BYTES:
            self._fail(DysmsUnreadable(f"the headers of the response are longer than {MAX_HEADER_BYTES} bytes"))
        elif self._received > 2 * MAX_BODY_BYTES:
            self._fail(DysmsUnreadable(f"the response is larger than {MAX_BODY_BYTES} bytes"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_reusable = False
        self._transport = None
        self._end_silence(not self._has_surplus)
        if self._timer is not None:
            self._timer.cancel()
        if self._response is None or self._response.done():
            return
        framed = self._headers.keys() & {b"content-length", b"transfer-encoding"}
        if exc is None and self._headers_complete and not framed:
            self._finish()  # without a length, the body ends with the connection
        else:
            incomplete = ConnectionResetError("the connection ended before the response was complete")
            self._fail(exc if isinstance(exc, OSError) else incomplete)
        self._response = self._parser = None  # they refer back to this object; the cycle would wait for the collector

    # httptools

    def on_message_begin(self) -> None:
        if self._response is not None and self._response.done():
            self._reject_surplus()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self._headers_complete = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._body_bytes += len(body)
        if self._body_bytes > MAX_BODY_BYTES:
            self._fail(DysmsUnreadable(f"the response is larger than {MAX_BODY_BYTES} bytes"))

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if 100 <= self._parser.get_status_code() < 200:  # an interim response; the final one follows
            self._headers, self._headers_complete = {}, False
        else:
            self._finish(reusable=self._parser.should_keep_alive())

    def _check_deadline(self) -> None:
        # One timer for many requests: thousands per second would fill the event loop with timers that never fire.
        self._timer = None
        if self._response is None or self._response.done():
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        else:
            self._fail(TimeoutError())

    def _finish(self, *, reusable: bool = False) -> None:
        if self._response is None or self._response.done() or self._parser is None:
            return  # bytes after the response
        encoding = self._headers.get(b"content-encoding", b"").strip().lower()
        if encoding not in (b"", b"identity"):
            self._fail(DysmsUnreadable("the response is compressed, which the request did not allow"))
            return
        self.is_reusable = reusable
        self._received_at = self._loop.time()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        status, is_first = self._parser.get_status_code(), self._exchanges == 1
        self._response.set_result(Response(status, self._headers, body, is_first))

    def _fail(self, error: Exception) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_exception(error)
        self.close()

    def _has_unread(self) -> bool:
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return any(poll.poll(0))

    def _reject_surplus(self) -> None:
        self._has_surplus = True
        self._end_silence(False)
        self.close()

    def _end_silence(self, was_kept: bool) -> None:
        if self._silence is not None and not self._silence.done():
            self._silence.set_result(was_kept)
