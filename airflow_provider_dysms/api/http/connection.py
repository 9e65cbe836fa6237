"""One HTTP/1.1 connection that carries one exchange at a time, and cannot be made to hold more than a bound."""

from __future__ import annotations

import asyncio
import select
from typing import cast

import httptools

from airflow_provider_dysms.api.http.transport import Response
from airflow_provider_dysms.model.errors import DysmsUnreadable

#: A full page of the longest texts is below 200 kB.
MAX_BODY_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024


class Connection(asyncio.BufferedProtocol):
    """One connection: the protocol of asyncio and the callbacks of httptools at once.

    :param loop: the event loop in which it lives
    :param buffer: where what arrives is put until it is parsed, which is before anything else arrives: all connections
        of a loop may share one
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        self._loop = loop
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._deadline = 0.0
        self._asked_at = self._read_at = float("-inf")
        self._alarm: asyncio.TimerHandle | None = None
        self._exchanges = 0
        self._is_tls = False
        self._silence: asyncio.Future[bool] | None = None
        self._has_surplus = False  # something came that nobody had asked for
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
    def took(self) -> float:
        """Seconds from the last request to its response."""
        return self._read_at - self._asked_at

    def is_silent(self) -> bool:
        """Whether it can carry a request: it is open, and nothing came that would be taken for the response."""
        if self._transport is None or self._transport.is_closing():
            return False
        # What comes between two requests is read by the loop. On a new connection it may not have been yet; but a
        # handshake's tickets look the same from here.
        return self._exchanges > 0 or self._is_tls or not self._has_unread()

    async def stay_silent(self, seconds: float) -> bool:
        """Wait until so many seconds have passed; return whether nothing came on top of the response."""
        if self._has_surplus or self._transport is None or self._transport.is_closing():
            return not self._has_surplus
        self._silence = silence = self._loop.create_future()
        alarm = self._loop.call_later(seconds, self._end_silence, True)
        try:
            # A loop that was busy for as long has not read yet what came.
            return await silence and (self.is_closed or not self._has_unread())
        finally:
            alarm.cancel()
            self._silence = None

    def exchange(self, wire: bytes, within: float) -> asyncio.Future[Response]:
        """Send bytes; return the answer of the next so many seconds, to be awaited."""
        assert self._transport is not None
        self.is_reusable = False
        self._exchanges += 1
        self._headers: dict[bytes, bytes] = {}
        self._received = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._headers_complete = False
        self._parser = httptools.HttpResponseParser(self)
        self._answer = answer = self._loop.create_future()
        self._asked_at = self._loop.time()
        self._deadline = self._asked_at + within
        if self._alarm is None:
            self._alarm = self._loop.call_at(self._deadline, self._look_at_the_clock)
        self._transport.write(wire)
        return answer

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its classes
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self.fd = transport.get_extra_info("socket").fileno()
        self.is_reusable = True

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._answer is None or self._answer.done() or self._parser is None:
            self._refuse_surplus()
            return
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._answer.done():
                self._refuse_surplus()
            else:
                self._fail(DysmsUnreadable(f"the answer is no HTTP: {type(error).__name__}"))
        self._received += nbytes
        # Beside the body there are headers, the borders of its chunks, and trailers, which have no end of their own.
        if not self._headers_complete and self._received > MAX_HEADER_BYTES:
            self._fail(DysmsUnreadable(f"the answer's headers are longer than {MAX_HEADER_BYTES} bytes"))
        elif self._received > 2 * MAX_BODY_BYTES:
            self._fail(DysmsUnreadable(f"the answer is larger than {MAX_BODY_BYTES} bytes"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_reusable = False
        self._transport = None
        self._end_silence(not self._has_surplus)
        if self._alarm is not None:
            self._alarm.cancel()
        if self._answer is None or self._answer.done():
            return
        framed = self._headers.keys() & {b"content-length", b"transfer-encoding"}
        if exc is None and self._headers_complete and not framed:
            self._finish()  # without a length, the end of the connection is the end of the body
        else:
            self._fail(
                exc if isinstance(exc, OSError) else ConnectionResetError("the connection ended within the answer")
            )
        self._answer = self._parser = None  # they and their errors lead back here, and would wait for the collector

    # httptools

    def on_message_begin(self) -> None:
        if self._answer is not None and self._answer.done():
            self._refuse_surplus()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self._headers_complete = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._body_bytes += len(body)
        if self._body_bytes > MAX_BODY_BYTES:
            self._fail(DysmsUnreadable(f"the answer is larger than {MAX_BODY_BYTES} bytes"))

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if 100 <= self._parser.get_status_code() < 200:  # an interim answer; the real one follows
            self._headers, self._headers_complete = {}, False
        else:
            self._finish(reusable=self._parser.should_keep_alive())

    def _look_at_the_clock(self) -> None:
        # One timer for many exchanges: thousands a second would fill the event loop with timers that never ring.
        self._alarm = None
        if self._answer is None or self._answer.done():
            return
        if self._loop.time() < self._deadline:
            self._alarm = self._loop.call_at(self._deadline, self._look_at_the_clock)
        else:
            self._fail(TimeoutError())

    def _finish(self, *, reusable: bool = False) -> None:
        if self._answer is None or self._answer.done() or self._parser is None:
            return  # what came behind the response
        encoding = self._headers.get(b"content-encoding", b"").strip().lower()
        if encoding not in (b"", b"identity"):
            self._fail(DysmsUnreadable("the answer is compressed, which was not asked for"))
            return
        self.is_reusable = reusable
        self._read_at = self._loop.time()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        status, is_first = self._parser.get_status_code(), self._exchanges == 1
        self._answer.set_result(Response(status, self._headers, body, is_first))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.close()

    def _has_unread(self) -> bool:
        looking = select.poll()
        looking.register(self.fd, select.POLLIN)
        return any(looking.poll(0))

    def _refuse_surplus(self) -> None:
        self._has_surplus = True
        self._end_silence(False)
        self.close()

    def _end_silence(self, was_kept: bool) -> None:
        if self._silence is not None and not self._silence.done():
            self._silence.set_result(was_kept)
