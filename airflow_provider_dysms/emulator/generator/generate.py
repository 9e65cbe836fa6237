"""Generates a day: the messages of the service, the send log of the sender, and the verdicts an audit must find.

The log and the service differ a little, as they do in practice: some lines have no record, and some messages have no
line. The file with the expected verdicts ("truth") covers both.

A million messages take about a gigabyte of memory. They are planned and written one by one to take no more than that.
"""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.generator.catalogue import text_pattern
from airflow_provider_dysms.emulator.generator.day import DayPlanner, PlannedMessage
from airflow_provider_dysms.emulator.generator.send_log import write_log, write_truth
from airflow_provider_dysms.emulator.listing import delivered_code
from airflow_provider_dysms.emulator.state import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from airflow_provider_dysms.emulator.service import Service

#: How a line of the log identifies its message: kind -> default share of the lines.
DEFAULT_KINDS = {"biz_id": 0.40, "out_id": 0.25, "sent_at": 0.20, "international": 0.15}
KINDS = (*DEFAULT_KINDS, "question")
#: The number of messages or lines per step; other requests are served between two steps.
STEP_SIZE = 5_000


def generate(service: Service, **options: Any) -> dict[str, object]:
    """Generate a day in one go; the arguments are those of :func:`generate_in_steps`.

    :returns: the last step: ``messages`` in the service, ``lines`` of the log, verdicts ``by_state``
    """
    *_, result = generate_in_steps(service, **options)
    return result


def generate_in_steps(
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
) -> Iterator[dict[str, object]]:
    """Add a day's messages to the service and write the log and the truth, some thousand messages per step.

    :param send_date: the Beijing day
    :param messages: number of messages that the log or the service has; each gives one line of the truth
    :param seed: equal arguments and seeds give equal days, byte for byte
    :param log: path of the send log to write, as CSV
    :param truth: path of the expected verdicts to write, as JSON Lines
    :param kinds: kind of line -> share; ``question`` cannot be combined with other kinds
    :param missing: share of lines that have no record in the service
    :param unlogged: share of messages without a line, among the messages that are queried by number
    :param failed: share of messages that failed
    :param waiting: share of messages without a receipt
    :param ambiguous: number of messages that are sent again within the same second, with the same outcome
    :param midnight: number of messages that are logged just before midnight and dated just after it
    :param account: the account that sends the messages
    :returns: for each step the number of messages ``generated`` or lines ``written``, and the total ``of``; the last
        step has ``messages`` in the service, ``lines`` of the log, and verdicts ``by_state``
    :raises InputError: the arguments contradict each other or are out of range
    """
    shares = dict(DEFAULT_KINDS if kinds is None else kinds)
    _check_arguments(shares, messages, missing, unlogged, failed, waiting, ambiguous, midnight)
    planner = DayPlanner(Random(f"{seed}/{send_date}"), send_date, missing, unlogged, failed, waiting)  # noqa: S311 - not a secret
    counts = _message_counts(shares, messages - 2 * ambiguous - midnight)
    bursts = itertools.chain(
        *(planner.plan(kind, count) for kind, count in counts.items()),
        planner.plan_ambiguous(ambiguous),
        planner.plan_midnight(midnight, "sent_at" if "sent_at" in shares else "biz_id"),
    )
    all_planned: list[PlannedMessage] = []
    for planned in itertools.chain.from_iterable(bursts):
        all_planned.append(planned)
        if planned.recorded:
            service.messages.add([_build_message(planned, account)])
        if len(all_planned) % STEP_SIZE == 0:
            yield {"generated": len(all_planned), "of": messages}
    recorded = sum(planned.recorded for planned in all_planned)
    lines = 0
    for lines in write_log(all_planned, log, Random(f"{seed}/{send_date}/log")):  # noqa: S311 - not a secret
        if lines % STEP_SIZE == 0:
            yield {"written": lines, "of": len(all_planned)}
    states: Counter[str] = Counter()
    codes = {globe: delivered_code(service.switches, international=globe) for globe in (False, True)}
    for state in write_truth(all_planned, truth, codes):
        states[state] += 1
        if truth is not None and states.total() % STEP_SIZE == 0:
            yield {"written": states.total(), "of": len(all_planned)}
    yield {"messages": recorded, "lines": lines, "by_state": dict(sorted(states.items()))}


def _check_arguments(
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
        raise InputError("kinds must not combine question with others: a log of that kind has only one column")
    if min(missing, unlogged, failed, waiting) < 0 or missing + unlogged > 0.5 or failed + waiting > 1:
        raise InputError("missing and unlogged must be shares of at most 0.5 in total, failed and waiting of at most 1")
    if ambiguous and "sent_at" not in shares:
        raise InputError("ambiguous requires lines of kind sent_at")
    if midnight and not {"sent_at", "biz_id"} & set(shares):
        raise InputError("midnight requires lines of kind sent_at or biz_id")
    if min(ambiguous, midnight) < 0 or messages < 2 * ambiguous + midnight:
        raise InputError("messages must be at least twice ambiguous, plus midnight")


def _message_counts(shares: Mapping[str, float], messages: int) -> dict[str, int]:
    """Return the number of messages of each kind; the remainder from rounding goes to the first kinds."""
    total = sum(shares.values())
    counts = {kind: int(messages * share / total) for kind, share in shares.items()}
    for kind in list(shares)[: messages - sum(counts.values())]:
        counts[kind] += 1
    return counts


def _build_message(planned: PlannedMessage, account: str) -> Message:
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
        content=text_pattern(planned.template),
        code=planned.code,
        segments=planned.segments,
        out_id=planned.out_id,
        biz_id=planned.biz_id,
        message_id=planned.message_id,
        site="international" if planned.kind == "international" else "mainland",
    )
