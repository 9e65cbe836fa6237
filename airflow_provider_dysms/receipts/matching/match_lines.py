"""Pairs the lines and the messages of one number and one OutId, which may be used more than once, by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.matching.align import align
from airflow_provider_dysms.model.dates import EPOCH
from airflow_provider_dysms.receipts.matching.merge import REPEATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.receipts.matching.merge import Message


def match_out_ids(lines: Sequence[Line], messages: Sequence[Message]) -> tuple[list[Message | None], int]:
    """Pair lines and messages of one OutId: as many as possible, in order of time.

    :param lines: at least one
    :param messages: the earliest first
    :returns: the message of each line: ``None`` if it has none, ``REPEATED`` if the line repeats another line; and the
        number of pairs that time could not tell apart
    :raises DysmsInputError: they are too many
    """
    if len(lines) == len(messages) == 1:
        return [messages[0]], 0
    ours = sorted(range(len(lines)), key=lambda position: _seconds(lines[position].sent_at))
    pairs = align(
        [_seconds(lines[position].sent_at) for position in ours],
        [_seconds(message.deciding.sent_at) for message in messages],
        where=lines[0].where,
    )
    matched: list[Message | None] = [None] * len(lines)
    for one, other in pairs:
        matched[ours[one]] = messages[other]
    has_all_times = all(line.sent_at for line in lines) and all(message.deciding.sent_at for message in messages)
    seen = {lines[position].sent_at for position, message in enumerate(matched) if message is not None}
    for position, line in enumerate(lines):
        if matched[position] is None:
            if line.sent_at in seen:
                matched[position] = REPEATED
            seen.add(line.sent_at)
    return matched, 0 if has_all_times else len(pairs)


def _seconds(instant: datetime | None) -> int:
    return int(((instant or EPOCH) - EPOCH).total_seconds())
