"""Makes up a day: the messages that the service knows, the send log that the sender has, and the truth about both.

The log and the service differ a little, as they do: lines of which the service has no record, and messages that no line
tells of. What must come out of an audit of the log is written beside it, line by line.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from airflow_provider_dysms.emulator.catalogue import Catalogue, Template
from airflow_provider_dysms.emulator.daylog import write_log, write_truth
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.state import BEIJING_OFFSET, DAY, Message, day_number
from airflow_provider_dysms.emulator.texts import segments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from airflow_provider_dysms.emulator.service import Service

#: How a line tells which message it means: the kinds, and their shares where nothing else is said.
DEFAULT_KINDS = {"biz_id": 0.40, "out_id": 0.25, "sent_at": 0.20, "international": 0.15}
KINDS = (*DEFAULT_KINDS, "question")
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
    content: str
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
        return segments(self.content, international=self.international)


def generate(
    service: Service,
    *,
    send_date: date,
    messages: int = 1_000,
    seed: int = 1,
    log: Path | str | None = None,
    truth: Path | str | None = None,
    kinds: Mapping[str, float] | None = None,
    missing: float = 0.01,
    unlogged: float = 0.005,
    failed: float = 0.07,
    waiting: float = 0.03,
    ambiguous: int = 0,
    midnight: int = 0,
    account: str = "main",
) -> dict[str, object]:
    """Put a day's messages into the service; write the log and the truth.

    :param send_date: the Beijing day
    :param messages: how many there are on both sides together; each gives rise to one line of the truth
    :param seed: equal arguments and seeds make equal days, byte for byte
    :param log: where the send log goes, as CSV
    :param truth: where the expected verdicts go, as JSON Lines
    :param kinds: kind of line -> share; ``question`` only alone
    :param missing: share of lines of which the service has no record
    :param unlogged: share of messages without a line, among those that are asked by number
    :param failed: share of messages that failed
    :param waiting: share of messages without a receipt
    :param ambiguous: how many are resent within the same second; they end alike
    :param midnight: how many are logged just before midnight and dated just after it
    :returns: ``messages`` that the service has, ``lines`` of the log, verdicts ``by_state``
    """
    shares = dict(DEFAULT_KINDS if kinds is None else kinds)
    _check(shares, messages, missing, unlogged, failed, waiting, ambiguous, midnight)
    day = _Day(Random(f"{seed}/{send_date}"), send_date, missing, unlogged, failed, waiting)  # noqa: S311 - not a secret
    counts = _counts(shares, messages - 2 * ambiguous - midnight)
    for kind, count in counts.items():
        day.plan(kind, count)
    day.plan_ambiguous(ambiguous)
    day.plan_midnight(midnight, "sent_at" if "sent_at" in shares else "biz_id")
    recorded = [planned for planned in day.planned if planned.recorded]
    service.messages.add(_message(planned, account) for planned in recorded)
    lines = write_log(day.planned, log, Random(f"{seed}/{send_date}/log"))  # noqa: S311 - not a secret
    states = write_truth(day.planned, truth, service.switches.delivered_code)
    return {"messages": len(recorded), "lines": lines, "by_state": dict(sorted(Counter(states).items()))}


def _check(
    shares: Mapping[str, float],
    messages: int,
    missing: float,
    unlogged: float,
    failed: float,
    waiting: float,
    ambiguous: int,
    midnight: int,
) -> None:
    if not shares or any(kind not in KINDS for kind in shares) or min(shares.values()) <= 0:
        raise InputError(f"kinds must be shares above 0 of some of {', '.join(KINDS)}")
    if "question" in shares and len(shares) > 1:
        raise InputError("kinds must not mix question with others: such a log has one column")
    if min(missing, unlogged, failed, waiting) < 0 or missing + unlogged > 0.5 or failed + waiting > 1:
        raise InputError("missing and unlogged are shares up to 0.5 in all, failed and waiting up to 1")
    if ambiguous and "sent_at" not in shares:
        raise InputError("ambiguous needs lines of kind sent_at")
    if midnight and not {"sent_at", "biz_id"} & set(shares):
        raise InputError("midnight needs lines of kind sent_at or biz_id")
    if min(ambiguous, midnight) < 0 or messages < 2 * ambiguous + midnight:
        raise InputError("messages must be at least twice ambiguous, plus midnight")


def _counts(shares: Mapping[str, float], messages: int) -> dict[str, int]:
    """Share the messages out; what rounding leaves goes to the first kinds."""
    whole = sum(shares.values())
    counts = {kind: int(messages * share / whole) for kind, share in shares.items()}
    for kind in list(shares)[: messages - sum(counts.values())]:
        counts[kind] += 1
    return counts


class _Day:
    """The messages of a day, being planned."""

    def __init__(
        self, random: Random, send_date: date, missing: float, unlogged: float, failed: float, waiting: float
    ) -> None:
        self.planned: list[Planned] = []
        self._random = random
        self._catalogue = Catalogue(random)
        self._day = day_number(send_date)
        self._start = self._day * DAY - BEIJING_OFFSET
        self._missing, self._unlogged, self._failed, self._waiting = missing, unlogged, failed, waiting
        self._serial = 0

    def plan(self, kind: str, count: int) -> None:
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
            self.planned += burst
            left -= len(burst)

    def plan_ambiguous(self, count: int) -> None:
        """Plan resends within a second. Nothing tells the two apart, so they end alike."""
        for _ in range(count):
            first = self._burst("sent_at", 1)[0]
            first.time_in_log = True
            again = Planned(**{name: getattr(first, name) for name in Planned.__slots__})
            self.planned += [first, again]

    def plan_midnight(self, count: int, kind: str) -> None:
        """Plan messages that are logged at 23:59:5x and dated 00:00:0x of the next day."""
        for _ in range(count):
            planned = self._burst(kind, 1)[0]
            waited = None if planned.received_at is None else planned.received_at - planned.sent_at
            planned.sent_at = self._start + DAY + self._random.randint(0, 9)
            planned.logged_at = self._start + DAY - self._random.randint(1, 10)
            planned.received_at = None if waited is None else planned.sent_at + waited
            planned.time_in_log = True
            planned.biz_id = self._biz_id() if kind == "biz_id" else None
            self.planned.append(planned)

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
            content=self._catalogue.content(template),
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
        planned.template, planned.content = template, self._catalogue.content(template)
        return batch_id

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _biz_id(self) -> str:
        return f"{self._day}{self._next():08d}{self._random.randrange(10**5):05d}^0"

    def _out_id(self, name: str) -> str:
        return f"{name}-{self._day}-{self._next():07d}"


def _message(planned: Planned, account: str) -> Message:
    return Message(
        account=account,
        phone_number=planned.phone_number,
        international=planned.international,
        sent_at=planned.sent_at,
        outcome=planned.outcome,
        error_code=planned.error_code,
        received_at=planned.received_at,
        template_code=planned.template.code,
        template_type=planned.template.kind,
        sign_name=planned.template.sign_name,
        content=planned.content,
        segments=planned.segments,
        out_id=planned.out_id,
        biz_id=planned.biz_id,
        message_id=planned.message_id,
    )
