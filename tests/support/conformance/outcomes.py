"""The right outcomes of a fault at an entry point, and the real one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from support.conformance.book import MESSAGE_IDS, MESSAGES, NUMBER, WATCHED, Book, Row
from support.conformance.entry import Entry, Refused
from support.conformance.faults_codes import ELSEWHERE
from support.conformance.hostile import Script
from support.conformance.striking import DETAILS, EXACT, GLOBE, MESSAGE, PASSING, SMS, WIRE, Fault

SENDS = (SMS, GLOBE)
WAITS = ("sensor", "trigger")
#: After these a message may have been sent all the same.
UNCERTAIN = {"DysmsServerError", "DysmsNonceUsed", "DysmsTransportError", "DysmsUnreadable", "DysmsMismatched"}

#: What is not said of a message that the service does not know.
UNKNOWN = ("error_code", "sent_at", "received_at")

#: More requests, and more in any one second, are a spin.
MAX_REQUESTS, MAX_PER_SECOND = 120, 60


class End(StrEnum):
    """The end of a case."""

    EXACT = "exact"
    REFUSED = "refused"
    SILENT = "silently wrong"
    HUNG = "hung"
    SPUN = "spun"
    TWICE = "sent twice"
    BELIEVED = "believed (a full page that its total calls all there is)"
    ELSE = "otherwise wrong"


@dataclass(frozen=True)
class Right:
    """A right outcome: rows, or an error.

    :param error: its class by name, ``timeout`` or ``refused`` of a wait; ``EXACT`` for rows
    :param again: whether Airflow tries the task again; ``None`` if that is not said
    :param uncertain: whether a message may have been sent
    :param missing: how many of the messages the service itself called missing
    """

    error: str = EXACT
    again: bool | None = None
    uncertain: bool = False
    missing: int = 0

    #: One engine may read bytes that another does not take for HTTP: the result must then be right, or pass.
    is_loose: bool = False
    #: One page is one read: a full one whose total says that it is all is believed, unless something else tells.
    is_lie: bool = False

    def allows(self, refused: Refused) -> bool:
        if self.is_lie and refused.error in PASSING | {"timeout"}:
            return True
        if self.is_loose and {self.error, refused.error} <= PASSING | {EXACT}:
            return True
        return (self.error, self.again, self.uncertain) == (refused.error, refused.again, refused.uncertain)


def right(fault: Fault, entry: Entry, *, once: bool) -> Right:
    """Return what is right where a fault strikes at an entry point."""
    error = fault.once if once else fault.always
    if entry.action in SENDS and not (once and fault.always == "DysmsThrottled"):
        error = fault.always
    if error == "DysmsNotFound" and entry.kind in ("operator", "transfer", *WAITS):
        return _right_if_unknown(entry, once=once)
    # Of what has no end, there is too much, or it takes too long: whichever comes first.
    # What comes late may come too late to be noticed, and then the answer was the right one.
    is_loose = fault.group in ("flood", "sequence") or ("httpx" in entry.name and fault.group in WIRE)
    if error == EXACT or entry.kind in ("client", "hook"):
        return Right(error, is_loose=is_loose)
    if entry.kind in WAITS:
        # What has no code of the vendor comes from something on the way: a wait outlives it.
        if error in PASSING or not fault.is_coded:
            return Right(EXACT if once else "timeout")
        return Right(error, again=False) if entry.kind == "sensor" else Right("refused", again=False)
    uncertain = entry.action in SENDS and error in UNCERTAIN
    return Right(error, again=error in PASSING and not uncertain, uncertain=uncertain, is_loose=is_loose)


def _right_if_unknown(entry: Entry, *, once: bool) -> Right:
    """The service says that it has no such message, or not yet."""
    if entry.kind == "operator":
        return Right(missing=1 if once else len(MESSAGE_IDS))
    if entry.kind == "transfer":
        return Right("DysmsIncomplete", again=True)
    return Right(EXACT if once else "timeout")


def judge(
    found: list[Row] | BaseException, expected: Right, entry: Entry, book: Book, script: Script
) -> tuple[End, str]:
    """Say what came of a case, and why if it is wrong."""
    if (count := len(script.asked)) > MAX_REQUESTS or script.most_in_a_second > MAX_PER_SECOND:
        return End.SPUN, f"{count} requests, {script.most_in_a_second} in one second"
    if strays := [ask.path for ask in script.asked if ask.path != "/"]:
        return End.ELSE, f"asked for {strays[:3]}, such as {ELSEWHERE}"
    if entry.action in SENDS and count > 1 and expected.error not in (EXACT, "DysmsThrottled"):
        return End.TWICE, f"{count} requests"
    if isinstance(found, BaseException):
        if isinstance(found, Refused) and expected.allows(found):
            return End.REFUSED, ""
        return End.ELSE, f"{type(found).__name__}: {found}; right is {expected}"
    if wrong := difference(found, truth(book, entry, expected)):
        return End.BELIEVED if expected.is_lie else End.SILENT, wrong
    if expected.error != EXACT and not expected.is_loose:
        return End.ELSE, f"gave the right rows; right is {expected}"
    return End.EXACT, ""


def truth(book: Book, entry: Entry, expected: Right) -> list[Row]:
    """Return the rows that are right."""
    rows = book.truth(entry.action)
    if entry.action in SENDS:
        return rows[:1]
    if entry.watches:
        return rows[:1] if entry.action == MESSAGE else [row for row in rows if row["out_id"] == f"out-{WATCHED}"]
    if entry.name.startswith("transfer (log)") and entry.action == DETAILS:
        return audited(rows)
    for row in rows[: expected.missing]:
        row |= dict.fromkeys(UNKNOWN) | {"state": "missing"}
    return rows


def audited(rows: list[Row]) -> list[Row]:
    """Return what a log says of messages: those that it lacks, and those that it has and the service does not."""
    logged = {f"out-{place}" for place in range(MESSAGES)}
    for row in rows:
        if row["out_id"] not in logged:
            row["state"] = "unlogged"
    gone = sorted(logged - {row["out_id"] for row in rows})
    blank = dict.fromkeys((*UNKNOWN, "template_code", "content"))
    return rows + [{**blank, "state": "missing", "out_id": out_id, "phone_number": NUMBER} for out_id in gone]


def difference(found: list[Row], right: list[Row]) -> str:
    """Say how rows differ from the right ones, by the names that both have; nothing if they are equal."""
    names = sorted({name for row in right for name in row} & {name for row in found for name in row})
    if right and found and not names:
        return "the rows have no name in common with the right ones"
    seen, true = (Counter(tuple(str(row.get(name)) for name in names) for row in rows) for rows in (found, right))
    too_many, too_few = seen - true, true - seen
    if not too_many and not too_few:
        return ""
    examples: Any = next(iter(too_many), None), next(iter(too_few), None)
    return f"{len(found)} rows for {len(right)}; {names}: {examples[0]} is wrong, {examples[1]} is lacking"
