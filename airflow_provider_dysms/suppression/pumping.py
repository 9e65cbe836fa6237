"""Finds the two shapes of SMS pumping, in which somebody makes an account send one-time codes to earn from them.

One number gets many codes within an hour. Or the numbers of a prefix, which lie next to each other, get many codes, and
few arrive. Neither looks at notices and promotions, which are sent because the sender wants to. A prefix is judged by
outcomes that say something about its numbers: neither codes without a receipt yet, nor failures of the sender or of the
network. If hardly any code arrives anywhere, something else is wrong, and no prefix is named.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from airflow_provider_dysms.suppression.entries import Entry, expiry, instant
from airflow_provider_dysms.suppression.rules import MANY_IN_AN_HOUR, PREFIX_UNDELIVERED, SuppressionRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_dysms.suppression.events import Events, PrefixCounts

_HOUR = 3_600

#: A prefix must have less than this part of the delivery rate of all prefixes that are judged.
MAX_PART_OF_USUAL_RATE = 0.5


def find_pumping(events: Events, rules: SuppressionRules, *, is_applied: bool) -> Iterator[Entry]:
    """Yield the numbers, then the prefixes, that look like pumping.

    :param is_applied: whether sends respect them
    """
    for number, times in events.times_of_codes():
        if found := _busiest_hour(times, rules.max_codes_per_hour):
            yield _entry(number, "number", MANY_IN_AN_HOUR, *found, rules, is_applied)
    usual = _usual_rate(events.prefixes(1))
    for counts in events.prefixes(rules.prefix_min_messages):
        if _is_pumping(counts, rules, usual):
            yield _entry(
                counts.prefix,
                "prefix",
                PREFIX_UNDELIVERED,
                counts.messages,
                counts.first,
                counts.last,
                rules,
                is_applied,
            )


def _busiest_hour(times: Iterable[int], limit: int) -> tuple[int, int, int] | None:
    """Return the most messages within an hour, and when the first and the last hour above the limit began and ended.

    :param times: in order
    :returns: ``None`` if no hour has more than the limit
    """
    window: deque[int] = deque()
    most = first = last = 0
    for at in times:
        window.append(at)
        while at - window[0] >= _HOUR:
            window.popleft()
        if len(window) > limit:
            first, last = first or window[0], at
            most = max(most, len(window))
    return (most, first, last) if most else None


def _usual_rate(prefixes: Iterable[PrefixCounts]) -> float:
    delivered = judged = 0
    for counts in prefixes:
        delivered += counts.delivered
        judged += counts.judged
    return delivered / judged if judged else 0.0


def _is_pumping(counts: PrefixCounts, rules: SuppressionRules, usual: float) -> bool:
    if counts.numbers < rules.prefix_min_numbers or counts.judged < rules.prefix_min_messages:
        return False
    rate = counts.delivered / counts.judged
    return rate <= rules.prefix_max_delivery_rate and rate < usual * MAX_PART_OF_USUAL_RATE


def _entry(
    number: str, match: str, reason: str, count: int, first: int, last: int, rules: SuppressionRules, is_applied: bool
) -> Entry:
    return Entry(
        phone_number=number,
        match=match,
        template_type="code",
        reason=reason,
        count=count,
        first_seen=instant(first),
        last_seen=instant(last),
        expires_at=expiry(instant(last), reason, rules),
        is_applied=is_applied,
    )
