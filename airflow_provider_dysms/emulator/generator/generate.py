"""Makes up a day: the messages that the service knows, the send log that the sender has, and the truth about both.

The log and the service differ a little, as they do: lines of which the service has no record, and messages that no line
tells of. What must come out of an audit of the log is written beside it, line by line.

A million messages take about a gigabyte: they are planned, and the log and the truth are written, one by one.
"""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.emulator.generator.catalogue import pattern_of
from airflow_provider_dysms.emulator.generator.day import Day, Planned
from airflow_provider_dysms.emulator.generator.send_log import write_log, write_truth
from airflow_provider_dysms.emulator.listing import delivered_code
from airflow_provider_dysms.emulator.state import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from airflow_provider_dysms.emulator.service import Service

#: How a line tells which message it means: the kinds, and their shares where nothing else is said.
DEFAULT_KINDS = {"biz_id": 0.40, "out_id": 0.25, "sent_at": 0.20, "international": 0.15}
KINDS = (*DEFAULT_KINDS, "question")
#: So many messages are generated, or lines written, before other requests are served.
STEP = 5_000


def generate(service: Service, **how: Any) -> dict[str, object]:
    """Put a day's messages into the service; write the log and the truth. See :func:`generation`.

    :returns: ``messages`` that the service has, ``lines`` of the log, verdicts ``by_state``
    """
    *_, told = generation(service, **how)
    return told


def generation(
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
    """Put a day's messages into the service and write the log and the truth, some messages at each step.

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
    :returns: at each step how many are ``generated``, or ``written``, ``of`` how many; at last ``messages`` that the
        service has, ``lines`` of the log, verdicts ``by_state``
    """
    shares = dict(DEFAULT_KINDS if kinds is None else kinds)
    _check(shares, messages, missing, unlogged, failed, waiting, ambiguous, midnight)
    day = Day(Random(f"{seed}/{send_date}"), send_date, missing, unlogged, failed, waiting)  # noqa: S311 - not a secret
    counts = _counts(shares, messages - 2 * ambiguous - midnight)
    bursts = itertools.chain(
        *(day.plan(kind, count) for kind, count in counts.items()),
        day.plan_ambiguous(ambiguous),
        day.plan_midnight(midnight, "sent_at" if "sent_at" in shares else "biz_id"),
    )
    everyone: list[Planned] = []
    for planned in itertools.chain.from_iterable(bursts):
        everyone.append(planned)
        if planned.recorded:
            service.messages.add([_message(planned, account)])
        if len(everyone) % STEP == 0:
            yield {"generated": len(everyone), "of": messages}
    recorded = sum(planned.recorded for planned in everyone)
    lines = 0
    for lines in write_log(everyone, log, Random(f"{seed}/{send_date}/log")):  # noqa: S311 - not a secret
        if lines % STEP == 0:
            yield {"written": lines, "of": len(everyone)}
    states: Counter[str] = Counter()
    codes = {abroad: delivered_code(service.switches, international=abroad) for abroad in (False, True)}
    for state in write_truth(everyone, truth, codes):
        states[state] += 1
        if truth is not None and states.total() % STEP == 0:
            yield {"written": states.total(), "of": len(everyone)}
    yield {"messages": recorded, "lines": lines, "by_state": dict(sorted(states.items()))}


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
        content=pattern_of(planned.template),
        code=planned.code,
        segments=planned.segments,
        out_id=planned.out_id,
        biz_id=planned.biz_id,
        message_id=planned.message_id,
        site="international" if planned.kind == "international" else "mainland",
    )
