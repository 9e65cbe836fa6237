"""The messages of a made-up day, planned number by number: who gets what when, what becomes of it, who knows of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.generator.catalogue import Catalogue, Template, segments_of
from airflow_provider_dysms.emulator.state import BEIJING_OFFSET, DAY, day_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from random import Random

#: No message is closer to midnight than this, but those that are asked for.
QUIET = 15 * 60
#: Resends of one number are at least so far apart, but those that are asked for.
MIN_GAP = 5
#: A line without a record, and a record without a line, keep this distance to the number's other messages.
CLEAR_GAP, FAR_GAP = 60, 3_600
#: Beyond this many messages of a kind there are numbers with more than one page.
HEAVY_FROM = 500


@dataclass(slots=True, kw_only=True)
class Planned:
    """One message, as both sides know it.

    :param code: the six digits in the template's text
    :param sent_at: the service's SendDate, seconds since 1970
    :param logged_at: the time in the log; ``None``: the log has no line for it
    :param recorded: whether the service knows it
    """

    kind: str
    phone_number: str
    international: bool
    sent_at: int
    logged_at: int | None
    template: Template
    code: str
    outcome: str
    error_code: str | None
    received_at: int | None
    recorded: bool = True
    time_in_log: bool = False
    biz_id: str | None = None
    out_id: str | None = None
    message_id: str | None = None

    @property
    def segments(self) -> int:
        """Billed segments."""
        return segments_of(self.template, international=self.international)


class Day:
    """The messages of a day, planned burst by burst: each burst is the messages to one number, oldest first."""

    def __init__(
        self, random: Random, send_date: date, missing: float, unlogged: float, failed: float, waiting: float
    ) -> None:
        self._random = random
        self._catalogue = Catalogue(random)
        self._day = day_number(send_date)
        self._start = self._day * DAY - BEIJING_OFFSET
        self._missing, self._unlogged, self._failed, self._waiting = missing, unlogged, failed, waiting
        self._serial = 0

    def plan(self, kind: str, count: int) -> Iterator[list[Planned]]:
        """Plan the messages of a kind, number by number."""
        by_number = {"biz_id": self._by_biz_id, "out_id": self._by_out_id, "international": self._by_message_id}
        plan: Callable[[list[Planned]], None] = by_number.get(kind, self._by_time)
        heavy = count // 2_000 + 1 if count >= HEAVY_FROM and kind in ("out_id", "sent_at", "question") else 0
        self._batch: tuple[str, Template, int] | None = None
        self._batch_left = 0
        left = count
        while left:
            size = self._random.choices((1, 2, 3, 5), (85, 10, 4, 1))[0]
            if heavy:
                size, heavy = self._random.randint(51, 137), heavy - 1
            elif kind in ("out_id", "sent_at") and left >= 2 and self._random.random() < self._unlogged * 1.2:
                size = 0
            burst = self._unlogged_pair(kind) if size == 0 else self._burst(kind, min(size, left))
            plan(burst)
            left -= len(burst)
            yield burst

    def plan_ambiguous(self, count: int) -> Iterator[list[Planned]]:
        """Plan resends within a second. Nothing tells the two apart, so they end alike."""
        for _ in range(count):
            first = self._burst("sent_at", 1)[0]
            first.time_in_log = True
            yield [first, replace(first)]

    def plan_midnight(self, count: int, kind: str) -> Iterator[list[Planned]]:
        """Plan messages that are logged at 23:59:5x and dated 00:00:0x of the next day."""
        for _ in range(count):
            planned = self._burst(kind, 1)[0]
            waited = None if planned.received_at is None else planned.received_at - planned.sent_at
            planned.sent_at = self._start + DAY + self._random.randint(0, 9)
            planned.logged_at = self._start + DAY - self._random.randint(1, 10)
            planned.received_at = None if waited is None else planned.sent_at + waited
            planned.time_in_log = True
            planned.biz_id = self._biz_id() if kind == "biz_id" else None
            yield [planned]

    def _by_biz_id(self, burst: list[Planned]) -> None:
        for planned in burst:
            planned.time_in_log = self._random.random() < 0.5
            if len(burst) == 1 and self._random.random() < 0.4:
                planned.biz_id = self._join(planned, self._biz_id)
            else:
                planned.biz_id = self._biz_id()
            planned.recorded = self._random.random() >= self._missing

    def _by_out_id(self, burst: list[Planned]) -> None:
        shared = len(burst) > 1 and self._random.random() < 0.3 and all(each.logged_at for each in burst)
        of_all = self._out_id("resend")
        for planned in burst:
            if planned.logged_at is None:
                planned.out_id = self._out_id("other") if self._random.random() < 0.5 else None
            elif shared:
                # Lines and records of one OutId are told apart by their order alone, so neither may lack one.
                planned.out_id = of_all
            else:
                joins = len(burst) == 1 and self._random.random() < 0.5
                planned.out_id = self._join(planned, lambda: self._out_id("batch")) if joins else self._out_id("order")
                planned.recorded = self._random.random() >= self._missing

    def _by_message_id(self, burst: list[Planned]) -> None:
        for planned in burst:
            planned.message_id = f"{self._day}{self._next():07d}{self._random.randrange(10**4):04d}"
            planned.recorded = self._random.random() >= self._missing

    def _by_time(self, burst: list[Planned]) -> None:
        logged = all(each.logged_at for each in burst)
        clear = all(late.sent_at - early.sent_at >= CLEAR_GAP for early, late in pairwise(burst))
        for planned in burst:
            planned.time_in_log = True
            if logged and (clear if planned.kind == "sent_at" else len(burst) == 1):
                planned.recorded = self._random.random() >= self._missing

    def _unlogged_pair(self, kind: str) -> list[Planned]:
        """Return two messages to a number, far apart, one of which no line tells of."""
        pair = self._burst(kind, 2, FAR_GAP)
        self._random.choice(pair).logged_at = None
        return pair

    def _burst(self, kind: str, size: int, min_gap: int = MIN_GAP) -> list[Planned]:
        """Return messages to one number, oldest first."""
        globe = kind == "international"
        international = globe or self._random.random() < 0.08
        number = self._catalogue.number(international=international)
        gaps = [self._gap(size, min_gap) for _ in range(size - 1)]
        latest = DAY - QUIET - sum(gaps)
        time = self._start + self._random.randint(QUIET, max(QUIET, latest))
        burst = []
        for gap in (0, *gaps):
            time += gap
            template = self._catalogue.template(international=international, globe=globe)
            burst.append(self._message(kind, number, international, time, template))
        return burst

    def _gap(self, size: int, min_gap: int) -> int:
        if size > 10:
            return self._random.randint(CLEAR_GAP, 5 * CLEAR_GAP)
        if min_gap == MIN_GAP and self._random.random() < 0.5:
            return self._random.randint(MIN_GAP, CLEAR_GAP - 1)
        return self._random.randint(max(min_gap, CLEAR_GAP), max(2 * min_gap, 20 * CLEAR_GAP))

    def _message(self, kind: str, number: str, international: bool, time: int, template: Template) -> Planned:
        chance = self._random.random()
        outcome = "failed" if chance < self._failed else "delivered"
        outcome = "waiting" if self._failed <= chance < self._failed + self._waiting else outcome
        return Planned(
            kind=kind,
            phone_number=number,
            international=international,
            sent_at=time,
            logged_at=time - self._random.randint(0, 2),
            template=template,
            code=self._catalogue.code(),
            outcome=outcome,
            error_code=self._catalogue.error_code(international=international) if outcome == "failed" else None,
            received_at=None if outcome == "waiting" else time + self._catalogue.receipt_delay(),
        )

    def _join(self, planned: Planned, new_id: Callable[[], str]) -> str:
        """Put a message into the batch that is open: one id, one text, one minute for many numbers."""
        if planned.international:
            return new_id()
        if self._batch is None or self._batch_left == 0:
            self._batch, self._batch_left = (new_id(), planned.template, planned.sent_at), self._random.randint(2, 100)
        batch_id, template, time = self._batch
        self._batch_left -= 1
        moved = time + self._random.randint(0, 3) - planned.sent_at
        planned.sent_at += moved
        planned.logged_at = None if planned.logged_at is None else planned.logged_at + moved
        planned.received_at = None if planned.received_at is None else planned.received_at + moved
        planned.template, planned.code = template, self._catalogue.code()
        return batch_id

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _biz_id(self) -> str:
        return f"{self._day}{self._next():08d}{self._random.randrange(10**5):05d}^0"

    def _out_id(self, name: str) -> str:
        return f"{name}-{self._day}-{self._next():07d}"
