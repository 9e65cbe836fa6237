"""Collects the records of one phone number that may belong to its lines, each record once.

Queries overlap: a query for the number alone returns the records of every BizId, and two days may return the same
record. A record that was returned twice is one candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from airflow_provider_dysms.audit.matching.detail_queries import AuditScope, DetailQuery
from airflow_provider_dysms.model.errors import DysmsIncomplete
from airflow_provider_dysms.model.records import SendDetail

#: The records that each query returned.
Responses = Mapping[DetailQuery, Sequence[SendDetail]]

#: Stands for a missing time when records or lines are sorted.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

#: The number of leading fields in `Candidate.sort_key` that never change: SendDate, OutId, TemplateCode, text, number.
_CONSTANT_FIELDS = 5


class Candidate:
    """A record that may belong to a line.

    :param queried_day: the day whose query returned it
    """

    __slots__ = ("is_assigned", "out_id", "queried_day", "record", "sent_at")

    def __init__(self, record: SendDetail, queried_day: date) -> None:
        self.record = record
        self.queried_day = queried_day
        self.sent_at = record.sent_at
        self.out_id = stripped_out_id(record)
        self.is_assigned = False

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """All fields that tell records apart; the fields that never change come first."""
        record = self.record
        return (
            record.sent_at or NO_TIME,
            record.out_id or "",
            record.template_code or "",
            record.content or "",
            record.phone_number,
            record.send_status or 0,
            record.error_code or "",
            record.received_at or NO_TIME,
        )


def stripped_out_id(record: SendDetail) -> str | None:
    """Return the OutId of a record without spaces around it; ``None`` if it has none."""
    return (record.out_id or "").strip() or None


def candidates_by_biz_id(responses: Responses, scope: AuditScope) -> dict[str | None, list[Candidate]]:
    """Return the candidates of each BizId that was queried, sorted; ``None`` stands for queries without a BizId.

    :raises DysmsIncomplete: the service ignored the BizIds of the queries
    """
    pools: dict[str | None, list[Candidate]] = {}
    for query in sorted(responses, key=lambda query: (query.day != scope.send_date, query.day)):
        pool = pools.setdefault(query.biz_id, [])
        candidates = [Candidate(record, query.day) for record in responses[query]]
        _sort(candidates)
        pool += _subtract(candidates, pool)
    _check_biz_ids_differ(pools)
    if None in pools:  # a query without a BizId returns the records of every BizId as well
        by_biz_id = [candidate for biz_id, pool in pools.items() if biz_id for candidate in pool]
        pools[None] = _subtract(pools[None], by_biz_id)
    for pool in pools.values():
        _sort(pool)
    return pools


def _sort(candidates: list[Candidate]) -> None:
    if len(candidates) > 1:  # usually there is one, and a sort key takes time to build
        candidates.sort(key=lambda candidate: candidate.sort_key)


def _check_biz_ids_differ(pools: Mapping[str | None, list[Candidate]]) -> None:
    """Refuse responses that ignored the BizId: each request then seems to have the messages of all requests.

    One message may equal a message of another request, sent in the same second. Two messages of one request do not both
    have such a twin.
    """
    named = [pool for biz_id, pool in pools.items() if biz_id is not None]
    if len(named) < 2:
        return
    messages_of_pools = [{candidate.sort_key[:_CONSTANT_FIELDS] for candidate in pool} for pool in named]
    pool_counts = Counter(message for messages in messages_of_pools for message in messages)
    if any(sum(pool_counts[message] > 1 for message in messages) > 1 for messages in messages_of_pools):
        raise DysmsIncomplete(
            "QuerySendDetails: the responses for different BizIds of one number have the same messages"
        )


def _subtract(candidates: list[Candidate], others: list[Candidate]) -> list[Candidate]:
    """Remove one candidate for each of the others: equal ones first, then those whose delivery state differs."""
    if not others:
        return candidates
    equal: Counter[tuple[object, ...]] = Counter(other.sort_key for other in others)
    candidates = [candidate for candidate in candidates if not _take_one(equal, candidate.sort_key)]
    same_message: Counter[tuple[object, ...]] = Counter()
    for sort_key, count in equal.items():
        same_message[sort_key[:_CONSTANT_FIELDS]] += count
    return [candidate for candidate in candidates if not _take_one(same_message, candidate.sort_key[:_CONSTANT_FIELDS])]


def _take_one(counts: Counter[tuple[object, ...]], key: tuple[object, ...]) -> bool:
    if counts[key] <= 0:
        return False
    counts[key] -= 1
    return True
