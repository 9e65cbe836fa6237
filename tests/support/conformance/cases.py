"""The table: which fault strikes where and when, and the runner that plays many of them side by side."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from support.conformance.book import Book, Row, dumped
from support.conformance.entries import ENTRIES
from support.conformance.entry import Entry, Place
from support.conformance.faults import FAULTS
from support.conformance.hostile import Ask, Hostile, Script, Steps
from support.conformance.outcomes import SENDS, WAITS, End, Right, judge, right
from support.conformance.striking import ANY, DETAILS, EXACT, LISTINGS, WIRE, Fault, http

#: When a fault strikes: how often at most, and on which page.
WHEN: dict[str, tuple[int | None, int | None]] = {
    "once": (1, None),
    "always": (None, None),
    "once on page 2": (1, 2),
    "always on page 2": (None, 2),
    "once on page 3": (1, 3),
    "always on page 3": (None, 3),
}

#: Groups whose faults are alike to everything above the client.
CODES = {"gateway", "china", "international"}
LOOKS = {"status", "status over", "row", "total", "twice", "json"}

#: Seconds until a case has hung.
LIMIT = 100.0

#: How many cases are played at a time; nearly all of them wait.
ABREAST = 96


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    fault: Fault
    when: str
    entry: Entry

    @property
    def name(self) -> str:
        return f"{self.entry.name}, {self.entry.action}: {self.fault.name}, {self.when}"

    @property
    def right(self) -> Right:
        expected = right(self.fault, self.entry, once=self.when.startswith("once"))
        return replace(expected, is_lie=self.fault.is_lie and WHEN[self.when][1] is None)

    @property
    def timeout(self) -> float:
        """The connection's, in seconds: small if it is to be waited for, else generous, for a machine under load."""
        waits = self.fault.group in ("drip", "flood", "interim") or "stalled" in self.fault.name
        return 1.0 if waits and self.fault.always != EXACT else 15.0

    @property
    def is_quick(self) -> bool:
        """Whether it is over in a second or two."""
        lasts = self.fault.always in ("DysmsThrottled", "DysmsBusinessLimit") or self.timeout == 1.0
        return not lasts and (self.when.startswith("once") or not self._passes)

    @property
    def _passes(self) -> bool:
        return self.right.error in ("timeout",) or self.fault.once != self.fault.always

    @property
    def makes_sense(self) -> bool:
        fault, entry, (times, page) = self.fault, self.entry, WHEN[self.when]
        if entry.action not in fault.on or (page and entry.action not in LISTINGS):
            return False
        if page == 2 and fault.name == "the second page for every page":
            return False
        # Elsewhere, the package bears to be throttled for minutes.
        patient = entry.kind not in ("client", *WAITS)
        return not (fault.always == "DysmsThrottled" and times is None and patient)


def table() -> Iterator[Case]:
    """Yield every case that is played.

    Each fault meets the client, once and always and on pages; what the entry points above it do with its errors and
    rows is tried on a share of them, which is larger the more there may be to see.
    """
    for fault in FAULTS.values():
        for entry in ENTRIES.values():
            for when in WHEN:
                case = Case(fault, when, entry)
                if case.makes_sense and zlib.crc32(case.name.encode()) % _one_of(case) == 0:
                    yield case


def _one_of(case: Case) -> int:
    """Return n where one of n such cases is played."""
    fault, entry, (_, page) = case.fault, case.entry, WHEN[case.when]
    is_own = fault.on != ANY  # about this action's own answers
    if entry.action in SENDS:
        return 8 if entry.kind == "operator" else 24
    if entry.name == "client (own)":
        if page is not None:
            is_coded = fault.group in CODES and entry.action == DETAILS and case.when == "always on page 2"
            return 1 if fault.is_paged or (is_coded and case.is_quick) else 12
        return 1 if entry.action == DETAILS else 2 if is_own else 16
    if entry.name == "client (httpx)":
        return 1 if fault.group in WIRE and entry.action == DETAILS and page is None else 48
    if page is not None:
        return 8 if fault.is_paged else 80
    if fault.group in CODES | LOOKS:
        return 20
    return 8 if entry.action == DETAILS or entry.kind in ("transfer", *WAITS) else 24


class Played:
    """A case, while and after it is played."""

    limit = LIMIT

    def __init__(self, case: Case) -> None:
        self.case = case
        self.book = Book()
        self.script = Script(self._answer)
        self.end, self.why, self.seconds = End.HUNG, f"not over after {self.limit:g} s", 0.0
        self._struck = 0
        self._started = threading.Event()
        self._over = threading.Event()
        self._started_at = 0.0

    def play(self, server: Hostile, login: str) -> None:
        """Ask at the entry point, and judge what comes of it."""
        server.scripts[login] = self.script
        self._started_at = time.monotonic()
        self._started.set()
        with tempfile.TemporaryDirectory(prefix="case-") as folder:
            place = Place(server.port, login, Path(folder), self.case.timeout)
            try:
                found = self.case.entry.ask(place)
            except BaseException as error:
                found = error  # type: ignore[assignment]
        self.seconds = time.monotonic() - self._started_at
        if self.seconds < self.limit:
            self.end, self.why = self.judged(found)
        self._over.set()

    def judged(self, found: list[Row] | BaseException) -> tuple[End, str]:
        """Say what came of it, and why if it is wrong."""
        return judge(found, self.case.right, self.case.entry, self.book, self.script)

    def wait(self) -> End:
        """Return what came of it, when it is over or has hung."""
        self._started.wait()
        self._over.wait(max(0.0, self._started_at + self.limit - time.monotonic()))
        return self.end

    def _answer(self, ask: Ask) -> Steps:
        times, page = WHEN[self.case.when]
        strikes = ask.action == self.case.entry.action and page in (None, ask.page)
        if strikes and (times is None or self._struck < times):
            self._struck += 1
            return self.case.fault.strike(ask, self.book)
        return [http(200, dumped(self.book.answer(ask)))]


@dataclass
class Play:
    """Cases that are played side by side from the moment that it is entered."""

    cases: Iterable[Case]
    abreast: int = ABREAST
    kind: type[Played] = Played
    _server: Hostile = field(default_factory=Hostile)

    @cached_property
    def played(self) -> dict[str, Played]:
        return {case.name: self.kind(case) for case in self.cases}

    def __enter__(self) -> Play:
        self._server.__enter__()
        waiting: queue.SimpleQueue[tuple[int, Played]] = queue.SimpleQueue()
        # Those that take long begin first, or everybody waits for the last of them.
        for place, each in enumerate(sorted(self.played.values(), key=lambda each: each.case.is_quick)):
            waiting.put((place, each))
        for _ in range(min(self.abreast, len(self.played))):
            # A case that hangs must not keep the process: no pool would let go of it.
            threading.Thread(target=self._work, args=(waiting,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def _work(self, waiting: queue.SimpleQueue[tuple[int, Played]]) -> None:
        while True:
            try:
                place, each = waiting.get_nowait()
            except queue.Empty:
                return
            each.play(self._server, f"CASE{place}")
