"""Finds the lines of a send log that repeat the message of another line, because a log may be written more than once.

Lines with the same message id are one message, and so are the lines of a number with the same BizId. Without either,
equal lines may be copies or real resends. Only the records can tell: there are as many messages as records, and at
least one. Carried columns do not make lines differ. Of the lines of one message, the first that has the record keeps
its values. The others are *repeated*: they are counted and get no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_dysms.audit.matching.detail_queries import match_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from airflow_provider_dysms.audit.matching.detail_queries import AuditScope
    from airflow_provider_dysms.audit.send_log.lines import Line


class _Records(Protocol):
    """The record of each line, or ``None``."""

    @property
    def records(self) -> Sequence[object | None]: ...


Assigned = TypeVar("Assigned", bound=_Records)


def message_key(line: Line, scope: AuditScope) -> Hashable:
    """Return a key that two lines of a group share if the record of one of them can be the record of the other."""
    if line.message_id is not None:
        return line.message_id
    biz_id, _ = match_keys(line, scope)
    return biz_id or (line.biz_id, line.out_id, line.sent_at)


def without_copies(lines: Sequence[Line], scope: AuditScope) -> list[int]:
    """Return the positions of the lines that may have a record each.

    A request sends a number one message, so lines of one BizId that are equal have one record. Lines of one BizId that
    differ in their OutId or time are kept until the records are known.
    """
    seen: set[Hashable] = set()
    positions = []
    for position, line in enumerate(lines):
        if line.message_id is not None or match_keys(line, scope)[0]:
            copy_key = (line.message_id, line.biz_id, *(() if line.message_id else (line.out_id, line.sent_at)))
            if copy_key in seen:
                continue
            seen.add(copy_key)
        positions.append(position)
    return positions


def repeated_lines(lines: Sequence[Line], records: Sequence[object | None], scope: AuditScope) -> tuple[int, ...]:
    """Return the positions of the lines that repeat the message of another line.

    :param lines: the lines of one group
    :param records: the record of each line, or ``None``
    """
    seen = {message_key(line, scope) for line, record in zip(lines, records, strict=True) if record is not None}
    positions = []
    for position, (line, record) in enumerate(zip(lines, records, strict=True)):
        if record is None:
            if (message := message_key(line, scope)) in seen:
                positions.append(position)
            seen.add(message)  # if no line has a record, the first line is the missing message
    return tuple(positions)


def assign_without_repeats(
    lines: Sequence[Line], scope: AuditScope, assign: Callable[[Sequence[Line]], Assigned]
) -> tuple[Assigned, list[int], tuple[int, ...]]:
    """Assign records as if no line repeated the message of another line; a first round shows which lines do.

    :param lines: the lines of one group
    :param assign: assigns the records to some of the lines
    :returns: the assignment, the positions of the lines that took part, and those of the repeated lines
    """
    positions = without_copies(lines, scope)
    assigned = assign([lines[position] for position in positions])
    records = dict(zip(positions, assigned.records, strict=True))
    repeated = repeated_lines(lines, [records.get(position) for position in range(len(lines))], scope)
    kept = sorted({*range(len(lines))}.difference(repeated))
    if kept != positions:
        assigned = assign([lines[position] for position in kept])
    return assigned, kept, repeated
