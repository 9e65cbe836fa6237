"""Resets, stalls, drips, lengths, floods, and compression that nobody asked for."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from support.conformance.book import Book
from support.conformance.hostile import Act, Ask, Step, Steps
from support.conformance.striking import EXACT, Strike, body, fault, http, raw, with_bytes

# The wire: resets, stalls, drips, lengths, floods.

HALT = raw(Act.RESET)
fault("wire", "a reset before the answer", HALT, "DysmsTransportError")
fault("wire", "hung up before the answer", raw(Act.CLOSE), "DysmsTransportError")
fault("wire", "stalled before the answer", raw(Act.STALL), "DysmsTransportError")
for name, act in (("a reset", Act.RESET), ("hung up", Act.CLOSE), ("stalled", Act.STALL)):
    fault("wire", f"{name} within the head", raw(b"HTTP/1.1 200 OK\r\ncontent-le", act), "DysmsTransportError")
    half = with_bytes(lambda honest, act=act: [http(200, honest)[: -len(honest) // 2], act])  # type: ignore[misc]
    fault("wire", f"{name} within the body", half, "DysmsTransportError")
    but_one = with_bytes(lambda honest, act=act: [http(200, honest)[:-1], act])  # type: ignore[misc]
    fault("wire", f"{name} before the last byte", but_one, "DysmsTransportError")


def dripped(wire: bytes, pause: float, pieces: int) -> Iterator[Step]:
    size = -(-len(wire) // pieces)
    for start in range(0, len(wire), size):
        yield wire[start : start + size]
        yield pause


def forever(*steps: Step) -> Iterator[Step]:
    while True:
        yield from steps


def begun(first: bytes, *then: Step) -> Strike:
    """Begin with some bytes and go on for ever."""

    def strike(ask: Ask, book: Book) -> Iterator[Step]:
        yield first
        yield from forever(*then, 0.001)  # everybody else is served by the same loop

    return strike


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\n"
SPACES = b" " * 65_536
fault("wire", "an answer that drips in time", with_bytes(lambda honest: dripped(http(200, honest), 0.01, 10)), EXACT)
fault(
    "drip",
    "an answer that drips for too long",
    with_bytes(lambda honest: dripped(http(200, honest), 0.2, 100)),
    "DysmsTransportError",
)
fault("drip", "a head that drips for ever", begun(OPEN, 0.1, b"x-a: b\r\n"), "DysmsTransportError")
fault("drip", "a body that drips for ever", begun(CHUNKED, 0.1, b"1\r\n \r\n"), "DysmsTransportError")
fault(
    "drip", "interim answers that drip for ever", begun(b"", 0.1, b"HTTP/1.1 100 Wait\r\n\r\n"), "DysmsTransportError"
)
fault("flood", "a body of 3 MB", body(b" " * 3_000_000), "DysmsUnreadable")
fault(
    "flood",
    "an honest answer after 2 MB of blanks",
    with_bytes(lambda honest: [http(200, b" " * 2_000_000 + honest)]),
    "DysmsUnreadable",
)
fault("flood", "a body without end", begun(CHUNKED, b"10000\r\n" + SPACES + b"\r\n"), "DysmsUnreadable")
fault("flood", "a body without length or end", begun(OPEN + b"\r\n", SPACES), "DysmsUnreadable")
fault(
    "flood",
    "one header of 200 kB",
    raw(OPEN + b"x-a: " + b"a" * 200_000 + b"\r\ncontent-length: 0\r\n\r\n"),
    "DysmsUnreadable",
)
fault("flood", "headers without end", begun(OPEN, b"x-a: b\r\n" * 1000), "DysmsUnreadable")
fault("flood", "interim answers without end", begun(b"", b"HTTP/1.1 100 Wait\r\n\r\n" * 1000), "DysmsUnreadable")
fault("flood", "trailers without end", begun(CHUNKED + b"0\r\n", b"x-a: b\r\n" * 1000), "DysmsUnreadable")
fault(
    "flood",
    "one chunk that says it has 4 GB",
    raw(CHUNKED + b"ffffffff\r\n" + b" " * 1000, Act.CLOSE),
    "DysmsTransportError",
)


def framed(head: str, change: Callable[[bytes], bytes] = bytes, *then: Step) -> Strike:
    return with_bytes(lambda honest: [f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + change(honest), *then])


def lengthened(by: float | str, *then: Step) -> Strike:
    def change(honest: bytes) -> Steps:
        return [http(200, honest, length=int(len(honest) * by) if isinstance(by, float) else by), *then]

    return with_bytes(change)


def chunks(honest: bytes, size: int = 1000) -> bytes:
    parts = [honest[start : start + size] for start in range(0, len(honest), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


fault("length", "a length beyond the body, and hung up", lengthened(2.0, Act.CLOSE), "DysmsTransportError")
fault("length", "a length beyond the body, and stalled", lengthened(2.0, Act.STALL), "DysmsTransportError")
fault("length", "a length of half the body", lengthened(0.5), "DysmsUnreadable")
fault("length", "a length of 0 over a body", lengthened("0"), "DysmsUnreadable")
for wrong in ("-1", "many", "1e3", "0x10", "99999999999999999999999", "12 13"):
    fault("length", f"the length {wrong}", lengthened(wrong), "DysmsUnreadable")
fault("length", "two lengths", framed("content-length: 3\r\ncontent-length: 4"), "DysmsUnreadable")
fault(
    "length",
    "a length and chunks",
    framed("content-length: 3\r\ntransfer-encoding: chunked", chunks),
    "DysmsUnreadable",
)
fault("length", "chunks", framed("transfer-encoding: chunked", chunks), EXACT)
fault("length", "chunks of a byte", framed("transfer-encoding: chunked", partial(chunks, size=1)), EXACT)
fault(
    "length",
    "chunks with extensions and trailers",
    framed(
        "transfer-encoding: chunked",
        lambda honest: chunks(honest).replace(b"\r\n", b";a=b\r\n", 1)[:-2] + b"x-a: b\r\n\r\n",
    ),
    EXACT,
)
fault(
    "length",
    "chunks that end early",
    framed("transfer-encoding: chunked", lambda honest: chunks(honest)[:-5], Act.CLOSE),
    "DysmsTransportError",
)
fault(
    "length",
    "a chunk with a length in words",
    framed("transfer-encoding: chunked", lambda honest: b"many\r\n" + honest),
    "DysmsUnreadable",
)
fault(
    "length",
    "a chunk longer than it says",
    framed("transfer-encoding: chunked", lambda honest: b"5\r\n" + honest),
    "DysmsUnreadable",
)
fault(
    "length",
    "chunks of gzip",
    framed("transfer-encoding: gzip, chunked", lambda honest: chunks(gzip.compress(honest))),
    "DysmsUnreadable",
)
fault("length", "no length, to the end of the connection", framed("connection: close", bytes, Act.CLOSE), EXACT)
fault(
    "length",
    "no length, and cut off",
    framed("connection: close", lambda honest: honest[: len(honest) // 2], Act.CLOSE),
    "DysmsUnreadable",
)
fault("length", "HTTP/1.0", with_bytes(lambda honest: [b"HTTP/1.0 200 OK\r\n\r\n" + honest, Act.CLOSE]), EXACT)
fault("wire", "HTTP/0.9", with_bytes(lambda honest: [honest, Act.CLOSE]), "DysmsUnreadable")
fault("wire", "a TLS alert", raw(b"\x15\x03\x01\x00\x02\x02\x28", Act.CLOSE), "DysmsUnreadable")
fault("wire", "an SSH banner", raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "DysmsUnreadable")
fault("wire", "HTTP/2", raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", Act.CLOSE), "DysmsUnreadable")
fault("wire", "zeros", raw(bytes(1000), Act.CLOSE), "DysmsUnreadable")
fault("wire", "a header without a colon", raw(OPEN + b"nonsense\r\n\r\n"), "DysmsUnreadable")
fault("wire", "an answer, and then hung up", with_bytes(lambda honest: [http(200, honest), Act.CLOSE]), EXACT)
fault("wire", "an answer, and then a reset", with_bytes(lambda honest: [http(200, honest), 0.05, Act.RESET]), EXACT)
fault(
    "wire",
    "an answer that says it is the last",
    with_bytes(lambda honest: [http(200, honest, "connection: close"), Act.CLOSE]),
    EXACT,
)

# Compression that nobody asked for.

BOMB = gzip.compress(bytes(200_000_000), 1)[:900_000]
fault(
    "gzip",
    "an honest answer in gzip",
    with_bytes(lambda honest: [http(200, gzip.compress(honest), "content-encoding: gzip")]),
    "DysmsUnreadable",
)
fault(
    "gzip",
    "gzip that does not say so",
    with_bytes(lambda honest: [http(200, gzip.compress(honest))]),
    "DysmsUnreadable",
)
fault(
    "gzip",
    "an honest answer deflated",
    with_bytes(lambda honest: [http(200, zlib.compress(honest), "content-encoding: deflate")]),
    "DysmsUnreadable",
)
fault("gzip", "a gzip bomb", body(BOMB, "content-encoding: gzip"), "DysmsUnreadable")
fault("gzip", "a bomb in a bomb", body(gzip.compress(BOMB), "content-encoding: gzip, gzip"), "DysmsUnreadable")
fault(
    "gzip",
    "gzip that is none",
    with_bytes(lambda honest: [http(200, honest, "content-encoding: gzip")]),
    "DysmsUnreadable",
)
fault(
    "gzip",
    "an encoding that nobody knows",
    with_bytes(lambda honest: [http(200, honest, "content-encoding: rot13")]),
    "DysmsUnreadable",
)
fault("gzip", "an identity", with_bytes(lambda honest: [http(200, honest, "content-encoding: identity")]), EXACT)
