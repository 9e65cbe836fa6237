"""Pairs the lines and the messages of one number and one OutId, which may be used more than once, by time.

What was sent at nearly the same time belongs together. Only then the rest is paired, in order: clocks may differ, and
times may be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.matching.align import TOLERANCE, align
from airflow_provider_dysms.model.dates import EPOCH
from airflow_provider_dysms.receipts.matching.merge import REPEATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.receipts.matching.merge import Message

    Times = Sequence[datetime | None]


def match_out_ids(lines: Sequence[Line], messages: Sequence[Message]) -> tuple[list[Message | None], set[int]]:
    """Pair lines and messages of one OutId: as many as possible.

    :param lines: at least one
    :param messages: in any order; the earliest are paired first
    :returns: the message of each line: ``None`` if it has none, ``REPEATED`` if the line repeats another line; and the
        positions of the lines whose message may be that of another line, because time does not tell
    :raises DysmsInputError: they are too many
    """
    sent, dated = [line.sent_at for line in lines], [message.deciding.sent_at for message in messages]
    ours, theirs = _in_order(sent), _in_order(dated)
    with_time = [each for each in ours if sent[each]], [each for each in theirs if dated[each]]
    tolerance = int(TOLERANCE.total_seconds())
    near = _aligned(*with_time, sent, dated, tolerance, lines[0].where)
    times, found = {sent[line] for line, _ in near}, {message for _, message in near}
    ours = [each for each in ours if sent[each] not in times]  # not those that are paired, nor copies of these
    theirs = [each for each in theirs if each not in found]
    have_times = all(sent[each] for each in ours) and all(dated[each] for each in theirs)
    if have_times:
        further = _aligned(ours, theirs, sent, dated, None, lines[0].where)
    else:
        further = list(zip(ours, theirs, strict=False))
    matched: list[Message | None] = [None] * len(lines)
    for line, message in (*near, *further):
        matched[line] = messages[message]
    seen = {sent[line] for line, _ in (*near, *further)}
    for position, instant in enumerate(sent):
        if matched[position] is None:
            if instant in seen:
                matched[position] = REPEATED
            seen.add(instant)
    is_only = len(lines) == len(messages) == 1 and not have_times
    return matched, set() if is_only else {line for line, _ in further}


def _in_order(times: Times) -> list[int]:
    """Return positions, the earliest first; those without a time come last."""
    return sorted(range(len(times)), key=lambda each: (times[each] is None, times[each] or EPOCH))


def _aligned(
    ours: Sequence[int], theirs: Sequence[int], sent: Times, dated: Times, tolerance: int | None, where: str
) -> list[tuple[int, int]]:
    pairs = align(
        [_seconds(sent[each]) for each in ours], [_seconds(dated[each]) for each in theirs], tolerance, where=where
    )
    return [(ours[one], theirs[other]) for one, other in pairs]


def _seconds(instant: datetime | None) -> int:
    return int(((instant or EPOCH) - EPOCH).total_seconds())
