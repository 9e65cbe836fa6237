"""Plans the messages of a generated day: recipient, time, text, outcome, and whether log and service have them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.generator.catalogue import Catalogue, Template, billed_segments
from airflow_provider_dysms.emulator.state import BEIJING_OFFSET, SECONDS_PER_DAY, day_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from random import Random

#: No message is closer to midnight than this (s), except those that are requested with ``midnight``.
MIDNIGHT_MARGIN = 15 * 60
#: The shortest time between two messages to one number (s), except those that are requested with ``ambiguous``.
MIN_GAP = 5
#: The shortest time (s) from a message that only the log or only the service knows to the number's other messages:
#: CLEAR_GAP if the service has no record, FAR_GAP if the log has no line. An audit can then match without doubt.
CLEAR_GAP, FAR_GAP = 60, 3_600
#: From this many messages of a kind, some numbers get more than one page of messages.
MIN_COUNT_FOR_HEAVY = 500


@dataclass(slots=True, kw_only=True)
class PlannedMessage:
    """One message, with the data of the log and of the service.

    :param kind: how its line identifies it, one of ``generate.KINDS``
    :param code: the six digits in the template's text
    :param sent_at: the service's SendDate, seconds since 1970
    :param logged_at: the time in the log, seconds since 1970; ``None``: the log has no line for the message
    :param recorded: whether the service has the message
    :param time_in_log: whether its line has a time
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
        """The number of billed segments."""
        return billed_segments(self.template, international=self.international)


class DayPlanner:
    """Plans the messages of a day in bursts. A burst is all messages to one number, oldest first.

    :param random: the source of randomness
    :param missing: share of lines without a record; the other shares are those of :func:`.generate.generate_in_steps`
    """

    def __init__(
        self, random: Random, send_date: date, missing: float, unlogged: float, failed: float, waiting: float
    ) -> None:
        self._random = random
        self._catalogue = Catalogue(random)
        self._day = day_number(send_date)
        self._start = self._day * SECONDS_PER_DAY - BEIJING_OFFSET
        self._missing, self._unlogged, self._failed, self._waiting = missing, unlogged, failed, waiting
        self._serial = 0

    def plan(self, kind: str, count: int) -> Iterator[list[PlannedMessage]]:
        """Yield the bursts of a kind.

        :param kind: one of ``generate.KINDS``
        :param count: number of messages in all
        """
        plan_by_kind = {
            "biz_id": self._identify_by_biz_id,
            "out_id": self._identify_by_out_id,
            "international": self._identify_by_message_id,
        }
        plan: Callable[[list[PlannedMessage]], None] = plan_by_kind.get(kind, self._identify_by_time)
        heavy = count // 2_000 + 1 if count >= MIN_COUNT_FOR_HEAVY and kind in ("out_id", "sent_at", "question") else 0
        self._batch: tuple[str, Template, int] | None = None
        self._batch_remaining = 0
        remaining = count
        while remaining:
            size = self._random.choices((1, 2, 3, 5), (85, 10, 4, 1))[0]
            if heavy:
                size, heavy = self._random.randint(51, 137), heavy - 1
            elif kind in ("out_id", "sent_at") and remaining >= 2 and self._random.random() < self._unlogged * 1.2:
                size = 0
            burst = self._unlogged_pair(kind) if size == 0 else self._burst(kind, min(size, remaining))
            plan(burst)
            remaining -= len(burst)
            yield burst

    def plan_ambiguous(self, count: int) -> Iterator[list[PlannedMessage]]:
        """Yield pairs of messages within one second. Nothing distinguishes the two, so they have the same outcome."""
        for _ in range(count):
            first = self._burst("sent_at", 1)[0]
            first.time_in_log = True
            yield [first, replace(first)]

    def plan_midnight(self, count: int, kind: str) -> Iterator[list[PlannedMessage]]:
        """Yield messages that are logged at 23:59:5x and dated 00:00:0x of the next day."""
        for _ in range(count):
            planned = self._burst(kind, 1)[0]
            delay = None if planned.received_at is None else planned.received_at - planned.sent_at
            planned.sent_at = self._start + SECONDS_PER_DAY + self._random.randint(0, 9)
            planned.logged_at = self._start + SECONDS_PER_DAY - self._random.randint(1, 10)
            planned.received_at = None if delay is None else planned.sent_at + delay
            planned.time_in_log = True
            planned.biz_id = self._new_biz_id() if kind == "biz_id" else None
            yield [planned]

    def _identify_by_biz_id(self, burst: list[PlannedMessage]) -> None:
        for planned in burst:
            planned.time_in_log = self._random.random() < 0.5
            if len(burst) == 1 and self._random.random() < 0.4:
                planned.biz_id = self._join_batch(planned, self._new_biz_id)
            else:
                planned.biz_id = self._new_biz_id()
            planned.recorded = self._random.random() >= self._missing

    def _identify_by_out_id(self, burst: list[PlannedMessage]) -> None:
        shared = len(burst) > 1 and self._random.random() < 0.3 and all(each.logged_at for each in burst)
        shared_id = self._new_out_id("resend")
        for planned in burst:
            if planned.logged_at is None:
                planned.out_id = self._new_out_id("other") if self._random.random() < 0.5 else None
            elif shared:
                # An audit matches lines and records with the same OutId by their order, so none of them can be missing.
                planned.out_id = shared_id
            else:
                in_batch = len(burst) == 1 and self._random.random() < 0.5
                planned.out_id = (
                    self._join_batch(planned, lambda: self._new_out_id("batch"))
                    if in_batch
                    else self._new_out_id("order")
                )
                planned.recorded = self._random.random() >= self._missing

    def _identify_by_message_id(self, burst: list[PlannedMessage]) -> None:
        for planned in burst:
            planned.message_id = f"{self._day}{self._next_serial():07d}{self._random.randrange(10**4):04d}"
            planned.recorded = self._random.random() >= self._missing

    def _identify_by_time(self, burst: list[PlannedMessage]) -> None:
        logged = all(each.logged_at for each in burst)
        clear = all(late.sent_at - early.sent_at >= CLEAR_GAP for early, late in pairwise(burst))
        for planned in burst:
            planned.time_in_log = True
            if logged and (clear if planned.kind == "sent_at" else len(burst) == 1):
                planned.recorded = self._random.random() >= self._missing

    def _unlogged_pair(self, kind: str) -> list[PlannedMessage]:
        """Return two messages to a number, far apart, one of which has no line in the log."""
        pair = self._burst(kind, 2, FAR_GAP)
        self._random.choice(pair).logged_at = None
        return pair

    def _burst(self, kind: str, size: int, min_gap: int = MIN_GAP) -> list[PlannedMessage]:
        """Return messages to one number, oldest first."""
        globe = kind == "international"
        international = globe or self._random.random() < 0.08
        number = self._catalogue.number(international=international)
        gaps = [self._gap(size, min_gap) for _ in range(size - 1)]
        latest = SECONDS_PER_DAY - MIDNIGHT_MARGIN - sum(gaps)
        time = self._start + self._random.randint(MIDNIGHT_MARGIN, max(MIDNIGHT_MARGIN, latest))
        burst = []
        for gap in (0, *gaps):
            time += gap
            template = self._catalogue.template(international=international, globe=globe)
            burst.append(self._plan_message(kind, number, international, time, template))
        return burst

    def _gap(self, size: int, min_gap: int) -> int:
        if size > 10:
            return self._random.randint(CLEAR_GAP, 5 * CLEAR_GAP)
        if min_gap == MIN_GAP and self._random.random() < 0.5:
            return self._random.randint(MIN_GAP, CLEAR_GAP - 1)
        return self._random.randint(max(min_gap, CLEAR_GAP), max(2 * min_gap, 20 * CLEAR_GAP))

    def _plan_message(
        self, kind: str, number: str, international: bool, time: int, template: Template
    ) -> PlannedMessage:
        draw = self._random.random()
        outcome = "failed" if draw < self._failed else "delivered"
        outcome = "waiting" if self._failed <= draw < self._failed + self._waiting else outcome
        return PlannedMessage(
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

    def _join_batch(self, planned: PlannedMessage, new_id: Callable[[], str]) -> str:
        """Move a message into the open batch, in which many numbers get one text under one id within seconds.

        :param new_id: returns the id of a new batch
        :returns: the id of the batch, or a new id if the message is international
        """
        if planned.international:
            return new_id()
        if self._batch is None or self._batch_remaining == 0:
            self._batch, self._batch_remaining = (
                (new_id(), planned.template, planned.sent_at),
                self._random.randint(2, 100),
            )
        batch_id, template, time = self._batch
        self._batch_remaining -= 1
        shift = time + self._random.randint(0, 3) - planned.sent_at
        planned.sent_at += shift
        planned.logged_at = None if planned.logged_at is None else planned.logged_at + shift
        planned.received_at = None if planned.received_at is None else planned.received_at + shift
        planned.template, planned.code = template, self._catalogue.code()
        return batch_id

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _new_biz_id(self) -> str:
        return f"{self._day}{self._next_serial():08d}{self._random.randrange(10**5):05d}^0"

    def _new_out_id(self, name: str) -> str:
        return f"{name}-{self._day}-{self._next_serial():07d}"
