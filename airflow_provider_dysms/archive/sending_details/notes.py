"""The sentences that a reader of a page needs: what is not in the archive, and what a result means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.archive.sending_details.filters.sending_results import ADVICE, MISSING
from airflow_provider_dysms.model.dates import BEIJING, DAY, day_spans, day_start, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan
    from airflow_provider_dysms.archive.sending_details.page import SearchedDay
    from airflow_provider_dysms.archive.sending_details.record import SendingDetail


def audited_until(days: Sequence[SearchedDay]) -> datetime | None:
    """Return the instant up to which the newest audited day was asked about, at most its end.

    :param days: the newest first
    """
    for each in days:
        if each.is_audited:
            as_of = parse_instant(each.as_of)
            end = day_start(each.day) + DAY
            return end if as_of is None else min(as_of, end)
    return None


def notes_of(
    days: Sequence[SearchedDay], span: TimeSpan, records: Sequence[SendingDetail], now: datetime
) -> Iterator[str]:
    """Yield the sentences about the days and the records of a page.

    :param days: of the span, the newest first
    :param now: the current instant
    """
    if unknown := [each.day for each in days if not each.is_audited]:
        yield f"Not audited, so that their messages are not known: {listed(unknown)}."
    until = audited_until(days)
    if until is not None and until < min(span.end, now):
        yield (
            f"The audits reach to {until.astimezone(BEIJING):%Y-%m-%d %H:%M} in Beijing; later messages are not in the "
            "archive."
        )
    newest = next((each for each in days if each.is_audited), None)
    if early := [each.day for each in days if each.is_provisional and each is not newest]:
        yield f"Audited before the day was over, so that later messages are not in the archive: {listed(early)}."
    if received := [each.day for each in days if each.is_of_receipts_alone]:
        yield f"From receipts alone, so that their states are not cross-checked: {listed(received)}."
    if any(record.result == MISSING for record in records):
        yield ADVICE[MISSING]


def listed(days: Sequence[date]) -> str:
    """Return days in words, the oldest first, with spans of days in place of their lists."""
    return ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in day_spans(days))
