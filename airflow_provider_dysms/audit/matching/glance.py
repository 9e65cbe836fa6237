"""What most numbers have: as many records of the audited day as lines, each fitting one. It needs none of the rules.

It is there for speed alone: what is dealt here is what :mod:`.assign` would deal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.matching.align import TOLERANCE
from airflow_provider_dysms.audit.matching.queries import key_of
from airflow_provider_dysms.model.dates import beijing_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.audit.matching.queries import AuditScope, DetailQuery
    from airflow_provider_dysms.audit.send_log.lines import Line
    from airflow_provider_dysms.model.records import SendDetail


def dealt(
    lines: Sequence[Line], answers: Mapping[DetailQuery, Sequence[SendDetail]], scope: AuditScope
) -> list[SendDetail | None] | None:
    """Return the record of each line, or ``None`` where the rules have to say."""
    if len(answers) > 1 or not scope.keyed:
        return None
    ((question, records),) = answers.items()
    if len(records) != len(lines) or question.day != scope.send_date:
        return None
    for record in records:
        if record.sent_at is None or beijing_day(record.sent_at) != scope.send_date:
            return None
    if len(lines) == 1:
        return [records[0]] if _fits(lines[0], records[0], scope) else None
    if question.biz_id is not None:
        return None
    by_out_id = {out_id: record for record in records if (out_id := (record.out_id or "").strip())}
    found = [by_out_id.pop(key_of(line, scope)[1] or "", None) for line in lines]
    return None if None in found else found


def _fits(line: Line, record: SendDetail, scope: AuditScope) -> bool:
    biz_id, out_id = key_of(line, scope)
    if biz_id:
        return True
    if out_id:
        return out_id == (record.out_id or "").strip()
    return line.sent_at is None or record.sent_at is None or abs(record.sent_at - line.sent_at) <= TOLERANCE
