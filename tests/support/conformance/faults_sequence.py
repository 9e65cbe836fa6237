"""Responses in the wrong place: repeated, one too many, one behind, another request's.

Each response alone is an honest one. Rows that name what was asked show that they belong to it; of the rest nobody can
tell, and it is refused when more came than the response.
"""

from __future__ import annotations

from support.conformance.book import MESSAGE_IDS, Answer, Ask, Book, dumped
from support.conformance.hostile import Step, Steps
from support.conformance.striking import ANY, DETAILS, EXACT, LISTINGS, MESSAGE, Strike, fault, http

#: Answers of these name what was asked.
NAMED = frozenset({DETAILS, MESSAGE})


def sequence(name: str, strike: Strike, named: str = EXACT) -> None:
    fault("sequence", name, strike, named, on=NAMED)
    fault("sequence", f"{name} (of what names nothing)", strike, "DysmsMismatched", on=ANY - NAMED)


def also(answer: Answer, ask: Ask, book: Book) -> Answer:
    """The same answer, given to another request."""
    return {**answer, "RequestId": book.request_id()}


def nothing(answer: Answer, ask: Ask, book: Book) -> Answer:
    """Return the response to a request about a number or message that nobody knows."""
    id_of_its_own = {"RequestId": book.request_id()}
    if ask.action == DETAILS:
        return {**answer, **id_of_its_own, "TotalCount": 0, "SmsSendDetailDTOs": {"SmsSendDetailDTO": []}}
    if ask.action in LISTINGS:
        return {**answer, **id_of_its_own, "Data": {"TotalSize": 0, "TargetList": []}}
    return {"Code": "isv.DATA_NOT_EXIST", "ResponseCode": "DATA_NOT_EXIST", **id_of_its_own}


def followed(more: bytes | None = None, *, late: float = 0.0, other: object = None) -> Strike:
    """Answer honestly and say something more: bytes, another answer, or the same once more."""

    def strike(ask: Ask, book: Book) -> Steps:
        answer = book.answer(ask)
        honest = http(200, dumped(answer))
        surplus = more or (http(200, dumped(other(answer, ask, book))) if callable(other) else honest)
        steps: list[Step] = [honest, late, surplus] if late else [honest + surplus]
        return steps

    return strike


def one_behind(ask: Ask, book: Book) -> Steps:
    """Say what the request before should have got, and only then the answer; the first of a connection gets its own."""
    owed = book.owed.get(ask.connection)
    answer = book.owed[ask.connection] = book.answer(ask)
    honest = http(200, dumped(answer))
    return [http(200, dumped(also(owed, ask, book))), 0.003, honest] if owed else [honest]


def one_behind_at_once(ask: Ask, book: Book) -> Steps:
    """The same, of a service that owed another client something: the first of a connection gets nothing."""
    book.owed.setdefault(ask.connection, nothing(book.answer(ask), ask, book))
    return one_behind(ask, book)


for ms in (0, 1, 2, 4):
    when = f"{ms} ms late" if ms else "at once"
    sequence(f"a response twice, {when}", followed(late=ms / 1000))
    sequence(f"a response twice under another id, {when}", followed(late=ms / 1000, other=also))
    sequence(f"a response too many that says nothing, {when}", followed(late=ms / 1000, other=nothing))
sequence("a response and a stray line", followed(b"\r\nstray\r\n"))
sequence("a response and half a status line", followed(b"HTTP/1.1 2"))
sequence("a response and a blank, later", followed(b" ", late=0.002))
fault("sequence", "one response behind", one_behind, EXACT)
fault("sequence", "one response behind from the first on", one_behind_at_once, "DysmsMismatched")
fault(
    "sequence",
    "the response of another message",
    lambda ask, book: [http(200, dumped(book.answer(_about_another(ask))))],
    "DysmsIncomplete",
    on=frozenset({MESSAGE}),
)


def _about_another(ask: Ask) -> Ask:
    other = next(each for each in MESSAGE_IDS if each != ask.parameters["MessageId"])
    return Ask(ask.action, {**ask.parameters, "MessageId": other}, ask.number, ask.path, ask.at)
