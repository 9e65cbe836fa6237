"""Which lines of a log tell of one message: a log is written at least once, so a line may stand there again.

Lines with the same message id are one message, and so are the lines of a number with the same BizId. Without either,
equal lines may be copies or real resends, and only the records can tell: there are as many messages as records, and at
least one. Carried columns do not make lines differ. Of the lines of one message the first in the log that has the
record keeps its values, and the others are *repeated*: they are counted, and have no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_dysms.audit.matching.queries import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from airflow_provider_dysms.audit.matching.queries import AuditScope
    from airflow_provider_dysms.audit.send_log.lines import Line


class _Records(Protocol):
    """Records that were dealt out, one or ``None`` for each line."""

    @property
    def records(self) -> Sequence[object | None]: ...


Dealt = TypeVar("Dealt", bound=_Records)


def message_of(line: Line, scope: AuditScope) -> Hashable:
    """Return what the lines of one case have in common if a record of one of them can be the record of the others."""
    if line.message_id is not None:
        return line.message_id
    biz_id, _ = key_of(line, scope)
    return biz_id or (line.biz_id, line.out_id, line.sent_at)


def without_copies(lines: Sequence[Line], scope: AuditScope) -> list[int]:
    """Return the places of the lines that may have a record each.

    A request sends a number one message, so lines of one BizId that differ in nothing have one record. Lines of one
    BizId that differ in their OutId or time keep the benefit of the doubt until the records are known.
    """
    seen: set[Hashable] = set()
    places = []
    for place, line in enumerate(lines):
        if line.message_id is not None or key_of(line, scope)[0]:
            kind = (line.message_id, line.biz_id, *(() if line.message_id else (line.out_id, line.sent_at)))
            if kind in seen:
                continue
            seen.add(kind)
        places.append(place)
    return places


def repeated(lines: Sequence[Line], records: Sequence[object | None], scope: AuditScope) -> tuple[int, ...]:
    """Return the places of the lines that tell of a message which another line tells of already.

    :param lines: of one case
    :param records: the record of each line, or ``None``
    """
    told = {message_of(line, scope) for line, record in zip(lines, records, strict=True) if record is not None}
    places = []
    for place, (line, record) in enumerate(zip(lines, records, strict=True)):
        if record is None:
            if (message := message_of(line, scope)) in told:
                places.append(place)
            told.add(message)  # without any record, the first line is the one that is missing
    return tuple(places)


def without_repeated(
    lines: Sequence[Line], scope: AuditScope, deal: Callable[[Sequence[Line]], Dealt]
) -> tuple[Dealt, list[int], tuple[int, ...]]:
    """Deal records out as if the log had no line of a message twice; which lines are that, a first round has to show.

    :param lines: of one case
    :param deal: deals the records out to some of them
    :returns: what was dealt, the places of the lines it was dealt to, and those of the others
    """
    places = without_copies(lines, scope)
    dealt = deal([lines[place] for place in places])
    records = dict(zip(places, dealt.records, strict=True))
    gone = repeated(lines, [records.get(place) for place in range(len(lines))], scope)
    kept = sorted({*range(len(lines))}.difference(gone))
    if kept != places:
        dealt = deal([lines[place] for place in kept])
    return dealt, kept, gone
