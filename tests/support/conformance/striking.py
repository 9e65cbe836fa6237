"""A fault, and ways to make one: of bytes, of the honest answer, of what the service knows.

A fault is right to be survived (``EXACT``: the rows of an honest service) or refused with one class of error. Which one
follows from the vendor's lists of codes, from HTTP, and from one rule: a result is complete and right, or refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.conformance.book import Answer, Book, Row, dumped, rows_of
from support.conformance.hostile import Ask, Step, Steps

DETAILS, STATISTICS, MESSAGE = "QuerySendDetails", "QuerySendStatistics", "QueryMessage"
SMS, GLOBE = "SendSms", "SendMessageToGlobe"
LISTINGS = frozenset({DETAILS, STATISTICS})
QUERIES = LISTINGS | {MESSAGE}
ANY = QUERIES | {SMS, GLOBE}

EXACT = "exact"
#: These pass: what strikes once is survived.
PASSING = frozenset(
    {"DysmsThrottled", "DysmsServerError", "DysmsNonceUsed", "DysmsTransportError", "DysmsUnreadable"}
    | {"DysmsMismatched"}
    | {"DysmsBusinessLimit", "DysmsIncomplete"}
)

#: Groups of faults that an engine deals with.
WIRE = frozenset({"wire", "sequence", "length", "flood", "drip", "gzip", "interim", "redirect"})

Strike = Callable[[Ask, Book], Steps]


@dataclass(frozen=True)
class Fault:
    """One thing that may go wrong.

    :param strike: returns what goes over the wire instead of the honest answer
    :param always: what is right where it strikes every time: ``EXACT``, or a class of error
    :param once: the same where it strikes once
    :param on: the actions that it makes sense for
    :param is_coded: whether the answer carries a code of the vendor
    :param is_paged: whether it needs more than one page
    :param is_lie: whether the first page and its total agree in a lie, so that one page alone cannot show it
    """

    name: str
    group: str
    strike: Strike
    always: str
    once: str
    on: frozenset[str] = ANY
    is_coded: bool = False
    is_paged: bool = False
    is_lie: bool = False


FAULTS: dict[str, Fault] = {}


def fault(
    group: str,
    name: str,
    strike: Strike,
    always: str,
    *,
    once: str | None = None,
    on: frozenset[str] = ANY,
    **kind: bool,
) -> None:
    """Put a fault on the list; what passes is survived when it strikes once."""
    once = once or (EXACT if always in PASSING else always)
    assert name not in FAULTS, name
    FAULTS[name] = Fault(name, group, strike, always, once, on, **kind)


# What goes over the wire.


def http(status: int, body: bytes, *headers: str, length: object = None, reason: str = "Said") -> bytes:
    """Return an answer's bytes, with the length that it has, or another."""
    lines = [f"HTTP/1.1 {status:03d} {reason}", f"content-length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def raw(*steps: Step) -> Strike:
    return lambda ask, book: steps


def body(text: bytes | str, *headers: str, status: int = 200) -> Strike:
    return raw(http(status, text.encode() if isinstance(text, str) else text, *headers))


def with_bytes(change: Callable[[bytes], Steps]) -> Strike:
    """Do something to the bytes of the honest answer's body."""
    return lambda ask, book: change(dumped(book.answer(ask)))


def changed(change: Callable[[Answer, Ask], Any]) -> Strike:
    """Change the honest answer before it is written."""

    def strike(ask: Ask, book: Book) -> Steps:
        answer = book.answer(ask)
        other = change(answer, ask)
        return [http(200, dumped(other if isinstance(other, dict) else answer))]

    return strike


def moved(change: Callable[[list[Row], Book], None]) -> Strike:
    """Change what the service knows, for good, and then answer honestly."""

    def strike(ask: Ask, book: Book) -> Steps:
        change(book.days if ask.action == STATISTICS else book.rows, book)
        return [http(200, dumped(book.answer(ask)))]

    return strike


def rows(change: Callable[[list[Row], Ask], object]) -> Strike:
    """Change the rows of the honest answer."""
    return changed(lambda answer, ask: change(rows_of(answer), ask) and None)
